# Lets the system calls of each server fail, one error after another, as faults.txt lists them.
# strace injects the errors, so the programs are tested as they are.  A failing call may cost the
# client that it serves, and no other.  The server continues, uses no CPU, and leaks no
# descriptor.  The results are printed, one line per call.

load helpers

setup() {
    needs strace
    needs_proc
    no_sanitizer "strace and sanitizers interfere with each other"
    no_emulator "strace sees the emulator's calls"
}

# Prints the results of a server, one line per call.
print_results() {
    awk -v server="$1" '
        { results[$1] = results[$1] " " $2 ($3 == "ok" ? "" : " FAILED") }
        !seen[$1]++ { call[++calls] = $1 }
        END {
            for (c = 1; c <= calls; c++)
                printf "# %-10s%-13s%s\n", server, call[c], results[call[c]]
        }' "$SCRATCH/cells" >&3
}

# Matches the names of a call on different systems and C libraries.
pattern() {
    case $1 in
    accept) echo '/^accept4?$' ;;
    clone) echo '/^clone3?$' ;;
    epoll_wait) echo '/^epoll_p?wait2?$' ;;
    poll) echo '/^p?poll$' ;;
    select) echo '/^(_new|p)?select6?(_time64)?$' ;;
    fcntl) echo '/^fcntl(64)?$' ;; # where a machine has 32 bits
    mmap) echo '/^mmap2?$' ;;
    *) echo "/^$1\$" ;;
    esac
}

# Resource exhaustion may last; the other errors affect one call.
may_last() {
    case $1 in
    EMFILE | ENFILE | ENOBUFS | ENOMEM | ENOSPC | EPERM) true ;;
    *) false ;;
    esac
}

# begin CALL ERROR WHEN: from now on all calls fail (1+), or every third one (1+3).
begin() {
    local beside=() when=$3
    case $1 in
    *:wake)
        beside=(-e inject="$(pattern accept):error=EMFILE:when=1")
        when=2 # the first deregisters the passive socket
        ;;
    *:room) beside=(-e inject="/^write\$:error=EAGAIN:when=${3/3/2}") ;;
    esac
    trace all -e inject="$(pattern "${1%:*}"):error=$2:when=$when" "${beside[@]}"
}

injected() {
    grep -q "= -1 $1 .*(INJECTED)" "$SCRATCH/trace"
}

# Two clients with short dialogues.  They may be disconnected, but must not hang or receive wrong
# bytes.
clients() {
    local i
    for i in 1 2; do
        peer "$address" send 100 receive send 300 receive close 2>"$SCRATCH/lost" ||
            ! grep 'nothing comes\|no progress\|wrong byte' "$SCRATCH/lost" || return 1
    done
}

# Lets the first call fail, and every third one after it.
fails_now_and_then() {
    local status=0
    begin "$1" "$2" 1+3
    { clients && eventually injected "$2"; } || status=1
    detach
    return "$status"
}

# Lets each call fail while one client is connected and another connects.  The server may retry
# now and then, but must not spin.
fails_for_a_while() {
    local before calls
    peer_until ready "$address" echo 100 say ready hold send 100 send 300 receive close \
        2>/dev/null
    begin "$1" "$2" 1+
    kill -USR1 "$peer_pid"
    "$PEER" "$address" send 100 receive close >/dev/null 2>&1 3>&- &
    peer_pids+=("$!")
    eventually injected "$2"
    sleep 0.05
    before=$(wc -l <"$SCRATCH/trace")
    sleep 0.15
    calls=$(($(wc -l <"$SCRATCH/trace") - before))
    detach
    [ "$calls" -lt "$most_calls" ] || { echo "$calls calls in 0.15 s" && return 1; }
}

# add_bystander SERVER CALL: adds a client that is silent while calls fail, and must not be
# affected.  Not with simple-server, which would serve no other client; and not where a thread or
# process waits for the client in read, which restarts when strace attaches.
add_bystander() {
    bystander=
    case $1/$2 in
    simple/* | threaded/read | processes/read | pool/read) ;;
    *)
        peer_until ready "$address" echo 100 say ready hold echo 1000 finish eof
        bystander=$peer_pid
        ;;
    esac
}

# recovered SERVER DESCRIPTORS: the server works as before, and answers without a pause.
recovered() {
    local new_client=(trips 5 100 finish eof)
    [ "$1" != simple ] || new_client=(send 100 receive close)
    alive "$server_pid" && { [ -z "$bystander" ] || release "$bystander"; } &&
        peer "$address" "${new_client[@]}" && eventually has_descriptors "$2"
}

# name SERVER: prints the full name of a server in the table.
name() {
    case $1 in
    processes | pool | loops) echo "$1" ;;
    *) echo "$1-server" ;;
    esac
}

# fresh SERVER CALL: restarts the server if it would not make this call, because it has kept the
# stacks of earlier threads.
fresh() {
    case $2 in
    mmap | mprotect)
        stop_server
        start_server "$(name "$1")"
        ;;
    esac
}

# survives SERVER CALL ERROR
survives() {
    local before
    fresh "$1" "$2"
    before=$(descriptors)
    add_bystander "$1" "$2" && fails_now_and_then "$2" "$3" && recovered "$1" "$before" ||
        return 1
    may_last "$3" || return 0
    # While another client leaves, the second epoll_ctl may be one that deregisters.
    [[ $2 != *:wake ]] || return 0
    fresh "$1" "$2"
    add_bystander "$1" "$2" && fails_for_a_while "$2" "$3" && recovered "$1" "$before"
}

matrix() {
    local status=0
    try_each "$1" || status=1
    print_results "$1"
    return "$status"
}

# Tries each error that the table lists for the server.
try_each() {
    local call servers error result failed=0 poller most_calls=60
    [ "$1" != loops ] || most_calls=240 # each of the four loops pauses, and tries again
    poller=$(poller)
    start_server "$(name "$1")" || return
    while read -r call servers; do
        case $call in
        '#'* | '') continue ;;
        epoll* | poll | select) [[ $call = "$poller"* ]] || continue ;;
        esac
        [[ " $servers " = *" $1 "* ]] || continue
        for error in $servers; do
            [[ $error = E* ]] || continue
            result=ok
            survives "$1" "$call" "$error" || result=FAILED
            echo "$call $error $result" >>"$SCRATCH/cells"
            [ "$result" = ok ] || { echo "$call $error" && failed=1; }
            alive "$server_pid" || return 1
        done
    done <"$BATS_TEST_DIRNAME/faults.txt"
    return "$failed"
}

@test "simple-server survives each failure of each call" { matrix simple; }
@test "iterative-server survives each failure of each call" { matrix iterative; }
@test "threaded-server survives each failure of each call" { matrix threaded; }
@test "async-server survives each failure of each call" { matrix async; }
@test "processes survives each failure of each call" { matrix processes; }
@test "pool survives each failure of each call" { matrix pool; }
@test "loops survives each failure of each call" { matrix loops; }
