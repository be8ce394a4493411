# How the servers start, and how they fail to start.

load helpers

SERVERS='simple-server iterative-server threaded-server async-server processes pool loops'
POLLED='iterative-server async-server loops' # those with a poller

# refuses SERVER PATTERN ARGUMENT...: the server exits immediately with status 1, nothing on
# standard output, and one line on standard error that matches.
refuses() {
    local server=$1 line=$2 status=0
    shift 2
    ${under[@]+"${under[@]}"} "$(program "$server")" "$@" \
        >"$SCRATCH/out" 2>"$SCRATCH/err" 3>&- || status=$?
    cat "$SCRATCH/err"
    [ "$status" -eq 1 ]
    [ ! -s "$SCRATCH/out" ]
    [ "$(wc -l <"$SCRATCH/err")" -eq 1 ]
    grep -q "$line" "$SCRATCH/err"
}

@test "port 0: the first line shows the port that the system chose" {
    for server in $SERVERS; do
        start_server "$server"
        [[ $(head -n 1 "$log") =~ ^Listening\ on\ 127\.0\.0\.1:[1-9][0-9]*$ ]]
        peer "$address" close
        stop_server
    done
}

@test "listens on every interface with 0.0.0.0, and on a host name's address" {
    needs_localhost
    for server in $SERVERS; do
        start_server "$server" 0.0.0.0:0
        [ "$address" = "0.0.0.0:$port" ]
        peer "127.0.0.1:$port" send 10 receive
        stop_server
        start_server "$server" localhost:0
        peer "$address" send 10 receive
        stop_server
    done
}

@test "[::] also accepts IPv4, where the system allows it" {
    [ "$(cat /proc/sys/net/ipv6/bindv6only 2>/dev/null)" = 0 ] || skip "not on this system"
    for server in $SERVERS; do
        start_server "$server" '[::]:0'
        peer "127.0.0.1:$port" send 10 receive
        stop_server
    done
}

@test "wrong arguments: prints the original's usage line" {
    for server in $SERVERS; do
        more=
        case $server in
        pool) more=' \[<threads>\]' ;;
        loops) more=' \[<loops>\]' ;;
        esac
        refuses "$server" "^arguments: <host>:<port>$more$"
        refuses "$server" "^arguments: <host>:<port>$more$" 127.0.0.1:0 more
        refuses "$server" "^arguments: <host>:<port>$more$" 127.0.0.1:0 1 more
    done
}

@test "a number of threads or loops that is none" {
    for server in pool loops; do
        for number in '' 0 -1 4x x4 1.5; do
            refuses "$server" '^arguments: ' 127.0.0.1:0 "$number"
        done
    done
}

@test "port already in use" {
    start_server simple-server
    for server in $SERVERS; do
        refuses "$server" "^cannot listen on $address: Address \(already \)*in use$" "$address"
    done
}

@test "an address of another machine" {
    for server in $SERVERS; do
        refuses "$server" '^cannot listen on 192.0.2.1:0: .*[Aa]ddress' \
            192.0.2.1:0
    done
}

@test "unknown host name" {
    for server in $SERVERS; do
        refuses "$server" '^cannot listen on no-such-name.invalid:0: ' no-such-name.invalid:0
    done
}

@test "a bad address" {
    for server in $SERVERS; do
        refuses "$server" '^bad address "2000": ' 2000
        refuses "$server" '^bad address "127.0.0.1:65536": ' 127.0.0.1:65536
        refuses "$server" '^bad address "::1:2000": .*\[::1\]:2000$' ::1:2000
        refuses "$server" '^bad address "http://localhost:2000": .*not a URL' http://localhost:2000
        refuses "$server" '^bad address "": ' ''
        refuses "$server" '^bad address "a\\x0ab:1": ' $'a\nb:1'
    done
}

@test "out of descriptors at startup" {
    case $(poller) in
    epoll | kqueue) ;;
    *) skip "this poller needs no descriptor" ;;
    esac
    no_sanitizer "a sanitizer needs descriptors too"
    no_emulator "an emulator needs descriptors too"
    for server in $POLLED; do
        # Four are enough to load the program and to listen, but not for epoll.
        status=0
        bash -c 'ulimit -n 4 && exec "$0" 127.0.0.1:0' "$(program "$server")" \
            >"$SCRATCH/out" 2>"$SCRATCH/err" 3>&- || status=$?
        [ "$status" -eq 1 ]
        [ ! -s "$SCRATCH/out" ]
        grep -q '^cannot wait for clients: .*\(open files\|descriptors\)' "$SCRATCH/err"
    done
}

@test "aborts if started without standard input, and without /dev/null to replace it" {
    under_fault '/^open(at)?$:error=ENFILE' -P /dev/null
    ulimit -c 0
    for server in $SERVERS; do
        status=0
        "${under[@]}" "$(program "$server")" 127.0.0.1:0 >"$SCRATCH/out" 2>/dev/null 3>&- <&- ||
            status=$?
        [ "$status" -eq 134 ]
        [ ! -s "$SCRATCH/out" ]
    done
}

@test "the passive socket cannot be opened" {
    for fault in socket:error=ENOBUFS setsockopt:error=ENOMEM listen:error=EADDRINUSE; do
        under_fault "$fault"
        for server in $SERVERS; do
            refuses "$server" '^cannot listen on 127.0.0.1:0: ' 127.0.0.1:0
        done
    done
}

@test "the passive socket cannot be registered with the poller" {
    # startup and tcp_listen make the first four calls of fcntl.
    for fault in '/^fcntl(64)?$:error=ENOMEM:when=5' epoll_create1:error=EMFILE epoll_ctl:error=ENOSPC; do
        [[ $(poller) = epoll || $fault != epoll* ]] || continue
        under_fault "$fault"
        for server in $POLLED; do
            refuses "$server" '^cannot wait for clients: ' 127.0.0.1:0
        done
    done
}

@test "threads that can't be started" {
    under_fault '/^clone3?$:error=EAGAIN'
    refuses pool '^cannot start the threads: ' 127.0.0.1:0
    refuses loops '^cannot wait for clients: ' 127.0.0.1:0
}
