# What the bats files share.  A test starts a server with start_server, talks to it at
# $address, and leaves the rest to teardown: a server that has died or printed anything
# on standard error fails the test.

ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
SCRATCH=$BATS_TEST_TMPDIR
PEER=$ROOT/tests/bin/peer
. "$ROOT/tests/process.bash" # descriptors, threads, ticks, resident
. "$ROOT/tests/watchdog.bash"

# bats reads a file once more without running a test of it.
[ -z "$BATS_TEST_NAME" ] || start_watchdog

server_pid=
peer_pids=()
ARGUMENTS=() # of a server, after the address

# As many open files as the system allows: a process has but 256 on macOS.
[ "$(ulimit -Sn)" = unlimited ] || [ "$(ulimit -Sn)" -ge 4096 ] ||
    ulimit -Sn 4096 2>/dev/null || ulimit -Sn "$(ulimit -Hn)"

needs_descriptors() {
    [ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge "$1" ] ||
        skip "it needs $1 open files, and $(ulimit -n) are the limit here"
}

# Waits until the command succeeds; gives up after 20 seconds.
eventually() {
    local end=$((SECONDS + 20))
    until "$@"; do
        if [ "$SECONDS" -ge "$end" ]; then
            echo "never came true: $*"
            return 1
        fi
        sleep 0.02
    done
}

# program NAME: where this server is; those that are listings of the chapter lie there.
program() {
    case $1 in
    *-server) echo "$ROOT/$1/$1" ;;
    *) echo "$ROOT/docs/listings/$1" ;;
    esac
}

# start_server NAME [ADDRESS]: its log is the file $log, its process $server_pid, and it begins
# with own_threads threads.
start_server() {
    log=$SCRATCH/log
    : >"$log" # the server's own shell might do it too late: an earlier log could be read
    "$(program "$1")" "${2:-127.0.0.1:0}" "${ARGUMENTS[@]}" >"$log" 2>"$SCRATCH/errors" 3>&- &
    server_pid=$!
    find_address
    [ ! -d "/proc/$server_pid" ] || own_threads=$(threads)
}

# Reads the address from the log's first line.
find_address() {
    eventually logged '^Listening on '
    address=$(sed -n '1s/^Listening on //p' "$log")
    port=${address##*:}
    [ "$port" != 0 ]
}

logged() {
    grep -q -- "$1" "$log"
}

count_logged() {
    grep -c -- "$1" "$log" || true
}

stop_server() {
    if [ -n "${FLUSH:-}" ]; then # see coverage/run
        kill -"$FLUSH" "$server_pid"
        eventually ended "$server_pid" >/dev/null || true
    fi
    kill -KILL "$server_pid" 2>/dev/null || true
    wait "$server_pid" 2>/dev/null || true
    server_pid=
}

alive() {
    kill -0 "$1" 2>/dev/null
}

ended() {
    ! alive "$1"
}

# Plays a client to its end (see peer.c).
peer() {
    "$PEER" "$@" 3>&-
}

# Plays a client in the background, and waits until it has said WORD.
peer_until() {
    local word=$1
    shift
    local said=$SCRATCH/said.${#peer_pids[@]}
    : >"$said"
    "$PEER" "$@" >"$said" 3>&- &
    peer_pid=$!
    peer_pids+=("$peer_pid")
    eventually said_or_ended "$word" "$said" "$peer_pid"
    grep -qx "$word" "$said"
}

said_or_ended() {
    grep -qx "$1" "$2" || ended "$3"
}

# Starts a server that carries out the verbs on one connection.
start_peer() {
    log=$SCRATCH/log
    "$PEER" -l 127.0.0.1:0 "$@" >"$log" 3>&- &
    peer_pids+=($!)
    find_address
}

# Lets a client that holds or floods go on, and waits for its end.
release() {
    kill -USR1 "$1"
    wait "$1"
}

# Only the threads are left that it has begun with, and no process beside it, not even a zombie.
no_thread_left() {
    [ "$(threads)" -eq "$own_threads" ]
}

# Attaches strace to the server, for the calls named.
trace() {
    local pids
    processes
    strace -f "${pids[@]/#/-p}" -e trace="$1" "${@:2}" -o "$SCRATCH/trace" 2>/dev/null 3>&- &
    strace_pid=$!
    eventually traced_or_refused
    traced || skip "strace may not attach to a process here"
}

traced_or_refused() {
    traced || ended "$strace_pid"
}

# The same, and lets them fail: inject CALL:error=NAME:when=N
inject() {
    trace "${1%%:*}" -e inject="$1"
}

# under_fault CALL:error=NAME...: from now on what a test runs under "${under[@]}" has that
# call fail.
under=()
# shellcheck disable=SC2034  # the tests use it
under_fault() {
    needs strace
    no_sanitizer "the leak sanitizer does not run under strace"
    no_emulator "the emulator makes calls of its own"
    under=(strace -qq -o "$SCRATCH/trace" -e "inject=$1" "${@:2}")
}

traced() {
    [ "$(awk '/^TracerPid:/ { print $2 }' "/proc/$server_pid/status")" -ne 0 ]
}

detach() {
    kill -TERM "$strace_pid"
    wait "$strace_pid" || true
}

# The server makes no system call but to wait: it is not even woken up, now and then.
stands_still() {
    local before after limit=2
    [ "${SANITIZE:-}" != thread ] || limit=15 # it has a thread that wakes up ten times a second
    before=$(lines_of '^voluntary_ctxt_switches:')
    sleep 1
    after=$(lines_of '^voluntary_ctxt_switches:')
    echo "woken up $((after - before)) times in a second"
    [ $((after - before)) -le "$limit" ]
}

# Fails where the server uses more than a third of a CPU while nothing happens.
rests() {
    local before after hertz
    hertz=$(getconf CLK_TCK)
    before=$(ticks)
    sleep 1
    after=$(ticks)
    echo "CPU ticks in a second: $((after - before)) of $hertz"
    [ $((after - before)) -lt $((hertz / 3)) ]
}

needs() {
    local tool
    for tool; do
        command -v "$tool" >/dev/null || skip "$tool is not installed"
    done
}

needs_proc() {
    [ -d "/proc/$$/fd" ] || skip "this system has no /proc"
}

no_sanitizer() {
    [ -z "${SANITIZE:-}" ] || skip "$1"
}

# Some containers have no /etc/hosts.
needs_localhost() {
    "$PEER" -f localhost:0 >/dev/null 2>&1 || skip "this system does not know localhost"
}

needs_terminals() {
    needs script
    script -qec true /dev/null >/dev/null 2>&1 </dev/null || skip "no terminals here"
}

# Whether the programs are another machine's: scripts that start an emulator (see .ci/cross).
emulated() {
    [ "$(head -c 2 "$ROOT/simple-server/simple-server")" = '#!' ]
}

no_emulator() {
    ! emulated || skip "$1"
}

# Prints the poller that the servers are built with: the name of its source is in them.
poller() {
    local binary=$ROOT/iterative-server/iterative-server
    [ ! -e "$binary.elf" ] || binary=$binary.elf # see .ci/cross
    tr -cs 'a-z_' '\n' <"$binary" | sed -n 's/^poller_//p' |
        grep -xE -m 1 'select|poll|epoll|kqueue'
}

# Of netcats there are many.  nc_send needs one that shuts down its side after its input, and waits
# for what comes back.
needs_nc() {
    needs nc
    nc_options=
    case $(nc -h 2>&1 </dev/null) in
    *OpenBSD*) nc_options=-N ;;
    *Ncat* | *BusyBox*) ;;
    *) [ "$(uname)" = Darwin ] || skip "this nc may not shut down its side" ;;
    esac
}

# nc_send HOST PORT: sends standard input, shuts its side down, prints what comes back.
nc_send() {
    nc ${nc_options:+"$nc_options"} "$@"
}

teardown() {
    local pid failed=0
    for pid in "${peer_pids[@]}"; do
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    if [ -n "$server_pid" ]; then
        alive "$server_pid" || { echo "the server has ended" && failed=1; }
        [ ! -s "$SCRATCH/errors" ] || { cat "$SCRATCH/errors" && failed=1; }
        stop_server
    fi
    stop_watchdog || failed=1
    return "$failed"
}
