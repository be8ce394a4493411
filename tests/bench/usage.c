#include "usage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static FILE *open_proc(pid_t pid, const char *name)
{
    char path[96];

    snprintf(path, sizeof path, "/proc/%" PRIdMAX "/%s", (intmax_t)pid, name);
    return fopen(path, "r");
}

static int64_t sum_over_children(pid_t pid, int64_t (*figure)(pid_t pid))
{
    char name[48];
    char number[24];
    int64_t sum = 0;

    snprintf(name, sizeof name, "task/%" PRIdMAX "/children", (intmax_t)pid);
    FILE *file = open_proc(pid, name);
    if (file == NULL)
        return 0;
    while (fscanf(file, "%23s", number) == 1)
        sum += figure((pid_t)strtol(number, NULL, 10));
    fclose(file);
    return sum;
}

/* Of the children that have terminated: fields 16 and 17, in clock ticks. */
static int64_t ended_children_ns(pid_t pid)
{
    char line[1024];
    long long ticks = 0;
    FILE *file = open_proc(pid, "stat");

    if (file == NULL)
        return 0;
    char *end = fgets(line, sizeof line, file) == NULL ? NULL : strrchr(line, ')');
    fclose(file);
    if (end == NULL)
        return 0;
    end += strlen(") S"); /* fields 2, a name in parentheses, and 3 */
    for (int field = 4; field <= 17; field++) {
        long long number = strtoll(end, &end, 10);
        if (field >= 16)
            ticks += number;
    }
    return ticks * (INT64_C(1000000000) / sysconf(_SC_CLK_TCK));
}

int64_t cpu_time_ns(pid_t pid)
{
    clockid_t clock;
    struct timespec time;

    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &time) == -1)
        return 0;
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec + ended_children_ns(pid) +
           sum_over_children(pid, cpu_time_ns);
}

/* The number after KEY in the file, which has a line for each key. */
static long number_in(pid_t pid, const char *name, const char *key)
{
    char line[256];
    long number = 0;
    FILE *file = open_proc(pid, name);

    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            number = strtol(line + strlen(key), NULL, 10);
    fclose(file);
    return number;
}

int64_t memory_kib(pid_t pid)
{
    return number_in(pid, "smaps_rollup", "Pss_Anon:") + number_in(pid, "status", "VmPTE:") +
           sum_over_children(pid, memory_kib);
}
