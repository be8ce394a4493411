# Shared by the bats files.  A test starts a server with start_server, and connects to it at
# $address.  teardown stops the server, and fails the test if the server has died or printed
# anything on standard error.

ROOT=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
SCRATCH=$BATS_TEST_TMPDIR
PEER=$ROOT/tests/bin/peer
. "$ROOT/tests/process.bash" # descriptors, threads, ticks, resident
. "$ROOT/tests/watchdog.bash"

# bats also reads each file once without running a test.
[ -z "$BATS_TEST_NAME" ] || start_watchdog

server_pid=
peer_pids=()
ARGUMENTS=() # of a server, after the address

# As many open files as the system allows: on macOS the default is 256.
[ "$(ulimit -Sn)" = unlimited ] || [ "$(ulimit -Sn)" -ge 4096 ] ||
    ulimit -Sn 4096 2>/dev/null || ulimit -Sn "$(ulimit -Hn)"

needs_descriptors() {
    [ "$(ulimit -n)" = unlimited ] || [ "$(ulimit -n)" -ge "$1" ] ||
        skip "it needs $1 open files, and the limit here is $(ulimit -n)"
}

# Waits until the command succeeds; gives up after 20 seconds.
eventually() {
    local end=$((SECONDS + 20))
    until "$@"; do
        if [ "$SECONDS" -ge "$end" ]; then
            echo "still false after 20 seconds: $*"
            return 1
        fi
        sleep 0.02
    done
}

# program NAME: prints the path of the server, which may be a listing of the chapter.
program() {
    case $1 in
    *-server) echo "$ROOT/$1/$1" ;;
    *) echo "$ROOT/docs/listings/$1" ;;
    esac
}

# start_server NAME [ADDRESS]: the server's log is the file $log, its process $server_pid, and it
# starts with $own_threads threads.
start_server() {
    log=$SCRATCH/log
    : >"$log" # before the server starts, so that no test reads an earlier log
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
    end_child "$server_pid"
    server_pid=
}

# Kills this child of the test's if it still runs.  The number of one that has ended may already
# be that of another process, which would be killed in its place.
end_child() {
    case " $(jobs -rp | tr "\n" " ") " in
    *" $1 "*) kill -KILL "$1" 2>/dev/null || true ;;
    esac
    wait "$1" 2>/dev/null || true
}

alive() {
    kill -0 "$1" 2>/dev/null
}

ended() {
    ! alive "$1"
}

# Runs a client to its end (see peer.c).
peer() {
    "$PEER" "$@" 3>&-
}

# peer_until WORD ...: runs a client in the background, and waits until it has said WORD.
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

# Starts a server that performs the verbs on one connection.
start_peer() {
    log=$SCRATCH/log
    "$PEER" -l 127.0.0.1:0 "$@" >"$log" 3>&- &
    peer_pids+=($!)
    find_address
}

# Lets a client continue that holds or floods, and waits for its end.
release() {
    kill -USR1 "$1"
    wait "$1"
}

# Only the threads are left that the server started with, and no child process, not even a zombie.
no_thread_left() {
    local most=$own_threads
    [ "${SANITIZE:-}" != thread ] || most=$((most + 1)) # the sanitizer may start its own later
    [ "$(threads)" -le "$most" ]
}

# trace CALLS [OPTION...]: attaches strace to the server.
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

# inject CALL:error=NAME:when=N: attaches strace, which lets the call fail.
inject() {
    trace "${1%%:*}" -e inject="$1"
}

# under_fault CALL:error=NAME...: sets the array under to a command under which the call fails.
under=()
# shellcheck disable=SC2034  # the tests use it
under_fault() {
    needs strace
    no_sanitizer "the leak sanitizer does not run under strace"
    no_emulator "the emulator makes its own calls"
    under=(strace -qq -o "$SCRATCH/trace" -e "inject=$1" "${@:2}")
}

traced() {
    [ "$(awk '/^TracerPid:/ { print $2 }' "/proc/$server_pid/status")" -ne 0 ]
}

detach() {
    kill -TERM "$strace_pid"
    wait "$strace_pid" || true
}

# The server stays in one waiting call: it does not even wake up now and then.
makes_no_calls() {
    local before after limit=2
    [ "${SANITIZE:-}" != thread ] || limit=15 # its thread wakes up ten times a second
    before=$(lines_of '^voluntary_ctxt_switches:')
    sleep 1
    after=$(lines_of '^voluntary_ctxt_switches:')
    echo "woken up $((after - before)) times in a second"
    [ $((after - before)) -le "$limit" ]
}

# Fails if the server uses more than a third of a CPU while nothing happens.
is_idle() {
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
    [ -d "/proc/$$/fd" ] || skip "this system has no /proc/PID/fd"
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
    script -qec true /dev/null >/dev/null 2>&1 </dev/null || skip "script cannot open a terminal here"
}

# Whether the programs are built for another machine: scripts that start an emulator (.ci/cross).
emulated() {
    [ "$(head -c 2 "$ROOT/simple-server/simple-server")" = '#!' ]
}

no_emulator() {
    ! emulated || skip "$1"
}

# Prints the poller that the servers are built with: they contain the name of its source file.
poller() {
    local binary=$ROOT/iterative-server/iterative-server
    [ ! -e "$binary.elf" ] || binary=$binary.elf # see .ci/cross
    tr -cs 'a-z_' '\n' <"$binary" | sed -n 's/^poller_//p' |
        grep -xE -m 1 'select|poll|epoll|kqueue'
}

# nc_send needs a netcat that shuts down its sending side after its input, and waits for the answer.
needs_nc() {
    needs nc
    nc_options=
    case $(nc -h 2>&1 </dev/null) in
    *OpenBSD*) nc_options=-N ;;
    *Ncat* | *BusyBox*) ;;
    *) [ "$(uname)" = Darwin ] || skip "this nc may not shut down its sending side" ;;
    esac
}

# nc_send HOST PORT: sends standard input, shuts down its sending side, prints the answer.
nc_send() {
    nc ${nc_options:+"$nc_options"} "$@"
}

teardown() {
    local pid failed=0
    for pid in "${peer_pids[@]}"; do
        end_child "$pid"
    done
    if [ -n "$server_pid" ]; then
        alive "$server_pid" || { echo "the server has died" && failed=1; }
        [ ! -s "$SCRATCH/errors" ] || { cat "$SCRATCH/errors" && failed=1; }
        stop_server
    fi
    stop_watchdog || failed=1
    return "$failed"
}
