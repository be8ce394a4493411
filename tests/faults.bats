# Lets the calls of a server fail, one error after another, as faults.txt lists them, with
# strace: the kernel reports a fault that is none, and no code of ours stands in the way.
# At worst the client in whose service a call fails is lost, and nobody beside it.  The
# server serves on, uses no CPU, and keeps no descriptor.  The results are printed, a line for
# each call.

load helpers

setup() {
    needs strace
    needs_proc
    no_sanitizer "strace and sanitizers are in each other's way"
    no_emulator "strace sees the calls of the emulator"
}

# Prints the results of a server, a line for each call.
tell() {
    awk -v server="$1" '
        { results[$1] = results[$1] " " $2 ($3 == "ok" ? "" : " FAILED") }
        !seen[$1]++ { call[++calls] = $1 }
        END {
            for (c = 1; c <= calls; c++)
                printf "# %-10s%-13s%s\n", server, call[c], results[call[c]]
        }' "$SCRATCH/cells" >&3
}

# The names that the systems and C libraries have for a call.
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

# A lack may last; the other errors are those of one call.
may_last() {
    case $1 in
    EMFILE | ENFILE | ENOBUFS | ENOMEM | ENOSPC | EPERM) true ;;
    *) false ;;
    esac
}

# begin CALL ERROR WHEN: from now on those calls fail; all (1+) or each third (1+3).
begin() {
    local beside=() when=$3
    case $1 in
    *:wake)
        beside=(-e inject="$(pattern accept):error=EMFILE:when=1")
        when=2 # the first takes the passive socket out of the poller
        [ "$3" != 1+ ] || when=2+
        ;;
    *:room) beside=(-e inject="/^write\$:error=EAGAIN:when=${3/3/2}") ;;
    esac
    trace all -e inject="$(pattern "${1%:*}"):error=$2:when=$when" "${beside[@]}"
}

injected() {
    grep -q "= -1 $1 .*(INJECTED)" "$SCRATCH/trace"
}

# Two clients, as little as a fault needs; to be cut off is no failure; to hang, or to
# get other bytes, is one.
clients() {
    local i
    for i in 1 2; do
        peer "$address" send 100 receive send 300 receive close 2>"$SCRATCH/lost" ||
            ! grep 'nothing comes\|no progress\|wrong byte' "$SCRATCH/lost" || return 1
    done
}

# Lets the first call and each third one after it fail.
fails_now_and_then() {
    local status=0
    begin "$1" "$2" 1+3
    { clients && eventually injected "$2"; } || status=1
    detach
    return "$status"
}

# Lets each call fail while one client is in service and another comes; the server may
# make some calls now and then, but not without end.
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

# add_bystander SERVER CALL: a client in service, silent while calls fail; it must not be
# touched.  simple-server would serve no other client; and where a thread or a process waits for
# the client in read, that read starts again when strace attaches.
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

# recovered SERVER DESCRIPTORS: it is as it was before, and answers without a rest.
recovered() {
    local newcomer=(trips 5 100 finish eof)
    [ "$1" != simple ] || newcomer=(send 100 receive close)
    alive "$server_pid" && { [ -z "$bystander" ] || release "$bystander"; } &&
        peer "$address" "${newcomer[@]}" && eventually has_descriptors "$2"
}

# The name of a server in the table, in full.
name() {
    case $1 in
    processes | pool | loops) echo "$1" ;;
    *) echo "$1-server" ;;
    esac
}

# fresh SERVER CALL: a server that has threads' stacks left makes none of these calls.
fresh() {
    case $2 in
    mmap | mprotect)
        stop_server
        start_server "$(name "$1")"
        ;;
    esac
}

# Whether the server survives one error of one call.
survives() {
    local before
    fresh "$1" "$2"
    before=$(descriptors)
    add_bystander "$1" "$2" && fails_now_and_then "$2" "$3" && recovered "$1" "$before" ||
        return 1
    may_last "$3" || return 0
    fresh "$1" "$2"
    add_bystander "$1" "$2" && fails_for_a_while "$2" "$3" && recovered "$1" "$before"
}

matrix() {
    local status=0
    try_each "$1" || status=1
    tell "$1"
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

@test "simple-server survives each fault of a call" { matrix simple; }
@test "iterative-server survives each fault of a call" { matrix iterative; }
@test "threaded-server survives each fault of a call" { matrix threaded; }
@test "async-server survives each fault of a call" { matrix async; }
@test "processes survives each fault of a call" { matrix processes; }
@test "pool survives each fault of a call" { matrix pool; }
@test "loops survives each fault of a call" { matrix loops; }
