load helpers

# Runs simple-client; leaves its status in $status, its output in files.
client() {
    status=0
    ${under[@]+"${under[@]}"} "$ROOT/simple-client/simple-client" "$@" \
        >"$SCRATCH/out" 2>"$SCRATCH/err" 3>&- || status=$?
}

# The client failed with nothing on standard output, and this one line (a pattern).
refused_with() {
    [ "$status" -eq 1 ]
    [ ! -s "$SCRATCH/out" ]
    [ "$(wc -l <"$SCRATCH/err")" -eq 1 ]
    grep -q "$1" "$SCRATCH/err"
}

@test "prints what comes back, and a newline" {
    start_server iterative-server
    client "$address" Hello
    [ "$status" -eq 0 ]
    printf 'Hello\n' | cmp - "$SCRATCH/out"
    [ ! -s "$SCRATCH/err" ]
}

@test "sends a long message whole, and prints all of it" {
    start_server iterative-server
    message=$(head -c 50000 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
    client "$address" "$message"
    [ "$status" -eq 0 ]
    printf '%s\n' "$message" | cmp - "$SCRATCH/out"
}

# An answer of each kind: what the server does, and what the client prints before its newline.
@test "prints each kind of answer: in parts, more, less, first, late, none" {
    start_peer take 5 put He put l put lo close
    client "$address" Hello
    [ "$status" -eq 0 ]
    printf 'Hello\n' | cmp - "$SCRATCH/out"

    start_peer take 2 put 'more than that' close
    client "$address" ab
    [ "$status" -eq 0 ]
    printf 'more than that\n' | cmp - "$SCRATCH/out"

    start_peer take 5 put OK close
    client "$address" Hello
    [ "$status" -eq 0 ]
    printf 'OK\n' | cmp - "$SCRATCH/out"

    start_peer put 'Welcome. ' take 5 eof put Bye close
    client "$address" Hello
    [ "$status" -eq 0 ]
    printf 'Welcome. Bye\n' | cmp - "$SCRATCH/out"

    start_peer take 5 eof close
    client "$address" Hello
    [ "$status" -eq 0 ]
    printf '\n' | cmp - "$SCRATCH/out"
    [ ! -s "$SCRATCH/err" ]
}

@test "ends its sending side: the server sees the end of the stream after the message" {
    start_peer get Hello eof put all close
    client "$address" Hello
    [ "$status" -eq 0 ]
    printf 'all\n' | cmp - "$SCRATCH/out"
    start_peer eof put nothing close
    client "$address" ''
    [ "$status" -eq 0 ]
    printf 'nothing\n' | cmp - "$SCRATCH/out"
}

@test "prints what arrives when it arrives, from a server that never closes too" {
    start_peer take 5 put first hold put second hold
    "$ROOT/simple-client/simple-client" "$address" Hello >"$SCRATCH/out" 2>"$SCRATCH/err" 3>&- &
    local client=$!
    eventually grep -qx first "$SCRATCH/out"
    kill -USR1 "${peer_pids[0]}"
    eventually grep -qx firstsecond "$SCRATCH/out"
    alive "$client"
    kill -INT "$client"
    status=0
    wait "$client" || status=$?
    [ "$status" -eq 130 ] # Ctrl-C: SIGINT kills it
    printf 'firstsecond' | cmp - "$SCRATCH/out"
    [ ! -s "$SCRATCH/err" ]
}

@test "prints any bytes: NUL, not UTF-8, line ends" {
    start_peer take 6 put '\x00\xff\x0a\xc3\x28\x00' close
    client "$address" sixsix
    [ "$status" -eq 0 ]
    printf '\0\xff\n\xc3\x28\0\n' | cmp - "$SCRATCH/out"
}

@test "sends any bytes" {
    start_server iterative-server
    client "$address" $'\xff\xfe\x01 \n'
    [ "$status" -eq 0 ]
    printf '\xff\xfe\x01 \n\n' | cmp - "$SCRATCH/out"
}

# The client failed with this line (a pattern), after it had printed this answer.
failed_after() {
    [ "$status" -eq 1 ]
    printf '%s\n' "$2" | cmp - "$SCRATCH/out"
    [ "$(wc -l <"$SCRATCH/err")" -eq 1 ]
    grep -q "$1" "$SCRATCH/err"
}

@test "a reset: prints what arrived, then the reason" {
    start_peer take 5 put Hel reset
    client "$address" Hello
    cat "$SCRATCH/err"
    failed_after "^$address: Connection reset by peer$" Hel
    start_peer take 5 reset
    client "$address" Hello
    failed_after "^$address: Connection reset by peer$" ''
    # It reads 160 bytes only; its close resets the connection because of the others.
    start_server simple-server
    message=$(printf '%0100000d' 0)
    client "$address" "$message"
    failed_after "^$address: Connection reset by peer$" "${message:0:160}"
}

@test "a call that fails in between: says why, and never waits for the rest" {
    for error in ECONNRESET ENOBUFS; do
        start_peer eof close
        under_fault "write:error=$error:when=1"
        client "$address" Hello
        failed_after "^$address: " ''
    done
    start_peer take 5 eof close
    under_fault '/^(read|recvfrom)$:error=EIO:when=2'
    client "$address" Hello
    failed_after "^$address: " ''
}

@test "a signal does not end its wait" {
    start_server iterative-server
    # The first read is that of the loader, which maps the C library.
    for fault in write:error=EINTR:when=1 read:error=EINTR:when=2; do
        under_fault "$fault"
        client "$address" Hello
        [ "$status" -eq 0 ]
        [ "$(cat "$SCRATCH/out")" = Hello ]
        grep INJECTED "$SCRATCH/trace"
    done
}

@test "a call that fails at the start" {
    start_server iterative-server
    # The first four calls of fcntl are those of startup and tcp_connect.
    for fault in socket:error=ENOBUFS '/^fcntl(64)?$:error=ENOMEM:when=4' \
        connect:error=ENETDOWN; do
        under_fault "$fault"
        client "$address" Hello
        refused_with "^cannot connect to $address: "
    done
    under=()
}

@test "the longest argument comes back whole from each server that keeps connections open" {
    local size=131071 # Linux: MAX_ARG_STRLEN, less the NUL
    until message=$(printf '%0*d' "$size" 7) && /bin/echo "$message" >/dev/null 2>&1; do
        size=$((size / 2))
    done
    for server in iterative-server threaded-server async-server; do
        start_server "$server"
        client "$address" "$message"
        [ "$status" -eq 0 ]
        printf '%s\n' "$message" | cmp - "$SCRATCH/out"
        stop_server
    done
}

@test "refused" {
    start_server iterative-server
    stop_server
    client "$address" Hello
    refused_with "^cannot connect to $address: Connection refused$"
}

@test "unreachable" {
    [ -e /proc/net/route ] || skip "this system has no /proc/net/route"
    needs unshare
    unshare -rn true 2>/dev/null || skip "no network namespaces here"
    status=0
    unshare -rn "$ROOT/simple-client/simple-client" 192.0.2.1:80 Hello \
        >"$SCRATCH/out" 2>"$SCRATCH/err" || status=$?
    refused_with '^cannot connect to 192.0.2.1:80: Network.* unreachable$'
}

@test "unknown name" {
    client no-such-name.invalid:80 Hello
    refused_with '^cannot connect to no-such-name.invalid:80: '
}

@test "bad address" {
    client 127.0.0.1:+80 Hello
    refused_with '^bad address "127.0.0.1:+80": the port must be a number from 0 to 65535$'
    client ::1:80 Hello
    refused_with '^bad address "::1:80": .*in brackets, as in \[::1\]:2000$'
    client http://localhost:2000 Hello
    refused_with '^bad address "http://localhost:2000": an address is not a URL: '
}

@test "tries each address of a name until one answers" {
    needs unshare mount
    [ -e /etc/hosts ] || skip "this system has no /etc/hosts"
    unshare -rm true 2>/dev/null || skip "no mount namespaces here"
    printf '127.0.0.1 twin\n127.0.0.2 twin\n' >"$SCRATCH/hosts"
    # A name with two addresses, of which one has a server: once the first, once the last.
    for host in 127.0.0.1 127.0.0.2; do
        start_server iterative-server "$host:0"
        # shellcheck disable=SC2016  # the inner shell expands them
        run unshare -rm bash -c 'mount --bind "$0" /etc/hosts && exec "$1" "$2" Hello' \
            "$SCRATCH/hosts" "$ROOT/simple-client/simple-client" "twin:$port"
        stop_server
        echo "$host: $output"
        [ "$status" -eq 0 ]
        [ "$output" = Hello ]
    done
}

@test "connects to IPv6" {
    grep -q '^0*1 ' /proc/net/if_inet6 2>/dev/null || skip "no ::1 here"
    start_server iterative-server '[::1]:0'
    client "$address" Hello
    [ "$(cat "$SCRATCH/out")" = Hello ]
}

@test "reads late: the send buffer takes the whole message, whatever the others take" {
    needs unshare ip
    unshare -rn ip link set lo up 2>/dev/null || skip "no network namespaces here"
    # With default buffers of 4 KiB on both sides, neither the message nor its echo would fit
    # in between, and client and server would wait for each other forever.
    message=$(printf '%0120000d' 7)
    # shellcheck disable=SC2016  # the inner shell expands them
    unshare -rn bash -c '
        ip link set lo up
        echo 4096 4096 4096 >/proc/sys/net/ipv4/tcp_wmem
        echo 4096 4096 4096 >/proc/sys/net/ipv4/tcp_rmem
        "$0" 127.0.0.1:2000 >/dev/null &
        trap "kill %1" EXIT
        for try in {1..500}; do
            "$1" 127.0.0.1:2000 x >/dev/null 2>&1 && break
            sleep 0.02
        done
        "$1" 127.0.0.1:2000 "$2"
        ' "$ROOT/threaded-server/threaded-server" "$ROOT/simple-client/simple-client" \
        "$message" >"$SCRATCH/out" 3>&-
    printf '%s\n' "$message" | cmp - "$SCRATCH/out"
}

@test "a standard output that takes nothing is an error" {
    [ -e /dev/full ] || skip "no /dev/full here"
    start_server iterative-server
    status=0
    "$ROOT/simple-client/simple-client" "$address" Hello >/dev/full 2>"$SCRATCH/err" || status=$?
    [ "$status" -eq 1 ]
    [ "$(wc -l <"$SCRATCH/err")" -eq 1 ]
}

@test "wrong arguments: the original's usage line" {
    for arguments in '' '127.0.0.1:2000' '127.0.0.1:2000 Hello World'; do
        # shellcheck disable=SC2086  # each word is an argument
        client $arguments
        refused_with '^arguments: <host>:<port> <message>$'
    done
}
