# The descriptors, threads, CPU ticks and KiB of the process $server_pid and its descendants, and
# whether it sleeps, from Linux's /proc.  The tests share this file with the grader's checks, which
# set $parent_pid: they count everything that the program has started.

# Sets pids to all descendants of $parent_pid; if that is not set, to $server_pid and its
# descendants.
processes() {
    local i file children
    pids=("${parent_pid:-$server_pid}")
    for ((i = 0; i < ${#pids[@]}; i++)); do
        for file in /proc/"${pids[i]}"/task/*/children; do
            children=()
            { read -r -a children <"$file"; } 2>/dev/null || true # it ends without a newline
            pids+=("${children[@]}")
        done
    done
    [ -z "${parent_pid:-}" ] || pids=("${pids[@]:1}")
}

# stat_of FILE: sets stat to the fields after the name, which may contain anything and ends in ")".
stat_of() {
    local text=
    { read -r -d '' text <"$1"; } 2>/dev/null || true # it contains no NUL byte
    stat=${text##*) }
    [ -n "$stat" ]
}

# entries NAME: prints the number of entries in /proc/PID/NAME, summed over the processes.
entries() {
    local pids pid all stat sum=0
    processes
    for pid in "${pids[@]}"; do
        all=(/proc/"$pid/$1"/[0-9]*)
        if [[ ${all[0]} != *'*' ]]; then
            sum=$((sum + ${#all[@]}))
        elif stat_of "/proc/$pid/stat" && [[ $stat != Z* && ! -r /proc/$pid/$1 ]]; then
            sum=$((sum + 1000000)) # the process hides them (see PR_SET_DUMPABLE in prctl(2))
        fi
    done
    echo "$sum"
}

descriptors() {
    entries fd
}

threads() {
    entries task
}

ticks() {
    local pids pid stat sum=0
    processes
    for pid in "${pids[@]}"; do
        stat_of "/proc/$pid/stat" || continue
        # shellcheck disable=SC2086  # several words
        set -- $stat
        sum=$((sum + ${12} + ${13}))
    done
    echo "$sum"
}

# Those that are sockets.  One that several processes share counts once.
sockets() {
    local pids
    processes
    pids=("${pids[@]/#//proc/}")
    find "${pids[@]/%//fd}" -lname 'socket:*' -printf '%l\n' 2>/dev/null | sort -u | wc -l
}

# KiB of memory.  What processes share is shared out among them, where the kernel tells.
memory() {
    local sum
    sum=$(lines_of '^Pss:')
    if [ "$sum" -eq 0 ]; then
        resident
    else
        echo "$sum"
    fi
}

# KiB of addresses.
addresses() {
    lines_of '^VmSize:'
}

resident() {
    lines_of '^VmRSS:'
}

switches() {
    lines_of 'ctxt_switches:'
}

# lines_of PATTERN: prints the sum of the numbers on matching lines of /proc/PID/status, over all
# processes and threads; for memory, which all threads of a process share, over the processes only.
lines_of() {
    local pids pid files=()
    processes
    for pid in "${pids[@]}"; do
        case $1 in
        *Pss*) files+=(/proc/"$pid"/smaps_rollup) ;;
        *Vm*) files+=(/proc/"$pid"/status) ;;
        *) files+=(/proc/"$pid"/task/*/status) ;;
        esac
    done
    # Java's virtual machine has threads that wake up 10 times a second, whatever it runs.
    cat "${files[@]}" 2>/dev/null | awk -v pattern="$1" '
        $1 == "Name:" { skip = /\t(VM (Periodic Tas|Thread)|G1 |Monitor Deflati|C[12] Compiler)/ }
        $0 ~ pattern && !skip { sum += $2 }
        END { print sum + 0 }'
}

has_descriptors() {
    [ "$(descriptors)" -eq "$1" ]
}

# Whether all threads sleep each of 25 times in half a second, and hardly ever wake up.  A program
# that spins never passes, however little CPU time a busy machine gives it.
sleeps() {
    local before file stat pids pid
    before=$(switches) || return
    for _ in {1..25}; do
        processes
        [ "${#pids[@]}" -gt 0 ] || return
        for pid in "${pids[@]}"; do
            for file in /proc/"$pid"/task/*/stat; do
                stat_of "$file" || return
                [[ $stat == [SZ]* ]] || return
            done
        done
        sleep 0.02
    done
    [ $(($(switches) - before)) -le 20 ]
}
