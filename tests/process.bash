# The number of descriptors, threads, CPU ticks and KiB that the process $server_pid has, and
# whether it sleeps, by Linux's /proc; its children count with it.  The tests share it with the
# grader's checks, which set $parent_pid: there all counts that the program has started.

# Sets pids to all processes below $parent_pid; where that is not set, to $server_pid and all
# below it.
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

# stat_of FILE: sets stat to its fields behind the name, which ends in ")" and may hold anything.
stat_of() {
    local text=
    { read -r -d '' text <"$1"; } 2>/dev/null || true # no NUL byte comes
    stat=${text##*) }
    [ -n "$stat" ]
}

# entries NAME: how many there are in this directory of the processes.
entries() {
    local pids pid all stat sum=0
    processes
    for pid in "${pids[@]}"; do
        all=(/proc/"$pid/$1"/[0-9]*)
        if [[ ${all[0]} != *'*' ]]; then
            sum=$((sum + ${#all[@]}))
        elif stat_of "/proc/$pid/stat" && [[ $stat != Z* && ! -r /proc/$pid/$1 ]]; then
            sum=$((sum + 1000000)) # it hides them from us (see PR_SET_DUMPABLE in prctl(2))
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

# lines_of PATTERN: the sum of the numbers on such lines, over all processes and threads; of a
# process's memory each thread tells, so that is asked of the first.
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

# Whether all threads sleep, seen 25 times in half a second, and hardly anything wakes them up.
# Whoever spins is never found so, however little of a busy machine he gets.
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
