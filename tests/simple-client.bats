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

@test "takes a reply that comes in pieces" {
    start_peer take 5 put He put l put lo hold
    client "$address" Hello
    [ "$status" -eq 0 ]
    printf 'Hello\n' | cmp - "$SCRATCH/out"
}

@test "prints any bytes: NUL, not UTF-8, line ends" {
    start_peer take 6 put '\x00\xff\x0a\xc3\x28\x00' hold
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

@test "reads no more than it has sent" {
    start_peer take 2 put 'more than that' hold
    client "$address" ab
    [ "$status" -eq 0 ]
    printf 'mo\n' | cmp - "$SCRATCH/out"
}

@test "an empty message ends at once" {
    start_peer hold
    client "$address" ''
    [ "$status" -eq 0 ]
    printf '\n' | cmp - "$SCRATCH/out"
    [ ! -s "$SCRATCH/err" ]
}

@test "an early close: prints what came, and how much of how much" {
    start_peer take 5 put Hel close
    client "$address" Hello
    [ "$status" -eq 1 ]
    printf 'Hel\n' | cmp - "$SCRATCH/out"
    [ "$(cat "$SCRATCH/err")" = "$address: 3 of 5 bytes came back: Connection closed" ]
}

@test "closed before anything came back" {
    start_peer take 5 close
    client "$address" Hello
    refused_with "^$address: 0 of 5 bytes came back: Connection closed$"
}

@test "reset before anything came back" {
    start_peer take 5 reset
    client "$address" Hello
    refused_with "^$address: 0 of 5 bytes came back: Connection reset by peer$"
}

@test "a server that takes a part only: prints its answer" {
    start_server simple-server
    message=$(printf '%0100000d' 0)
    client "$address" "$message"
    [ "$status" -eq 1 ]
    [ "$(wc -c <"$SCRATCH/out")" -eq 161 ]
    grep -q "^$address: 160 of 100000 bytes came back: " "$SCRATCH/err"
}

@test "a failed write: tells its reason, and does not wait for an echo" {
    start_peer hold
    under_fault write:error=ECONNRESET:when=1
    client "$address" Hello
    refused_with "^$address: 0 of 5 bytes came back: Connection reset by peer$"
}

@test "a signal does not end its wait" {
    start_server iterative-server
    under_fault '/^p?poll$:error=EINTR:when=1'
    client "$address" Hello
    [ "$(<"$SCRATCH/out")" = Hello ]
    grep INJECTED "$SCRATCH/trace"
}

@test "a call that fails at the start" {
    start_server iterative-server
    # The first four calls of fcntl are those of startup and tcp_connect.
    under_fault fcntl:error=ENOMEM:when=5
    client "$address" Hello
    refused_with "^$address: .*memory"
    for fault in socket:error=ENOBUFS fcntl:error=ENOMEM:when=4 connect:error=ENETDOWN; do
        under_fault "$fault"
        client "$address" Hello
        refused_with "^cannot connect to $address: "
    done
    under_fault '/^open(at)?$:error=ENFILE' -P /dev/null
    client "$address" Hello <&-
    refused_with '^/dev/null: '
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
    refused_with '^bad address "::1:80": .*\[::1\]:80$'
}

@test "tries each address of a name until one answers" {
    needs unshare mount
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

@test "reads while it still sends: nobody waits for the other forever" {
    needs unshare ip
    unshare -rn ip link set lo up 2>/dev/null || skip "no network namespaces here"
    # With send buffers of 4 KiB, and receive buffers as small, neither the message nor
    # its echo fits in between.
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
