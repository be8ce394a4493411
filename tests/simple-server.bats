load helpers

@test "echoes to a real netcat, and closes" {
    needs_nc
    start_server simple-server
    printf 'Hello' | nc_send 127.0.0.1 "$port" >"$SCRATCH/out"
    [ "$(cat "$SCRATCH/out")" = Hello ]
}

@test "echoes what one read gives, at most 160 bytes" {
    start_server simple-server
    peer "$address" send 160 receive eof
    # The rest of a longer message stays unread, so the close is a reset.
    peer "$address" put "$(printf '%0500d' 0)" take 160 ended
}

@test "echoes any bytes" {
    start_server simple-server
    peer "$address" send 100 receive eof
}

@test "serves one client at a time, the next when that one is done" {
    start_server simple-server
    peer_until first "$address" say first hold send 10 receive eof
    first=$peer_pid
    eventually logged '^Accepting connection from '
    peer_until second "$address" send 20 say second receive eof
    second=$peer_pid
    [ "$(count_logged '^Accepting connection from ')" -eq 1 ]
    release "$first"
    wait "$second"
    eventually logged '^Wrote 20 bytes$'
    grep -o '^[A-Z][a-z]* [0-9c]*' "$log" | tail -n 4 | diff - <(printf '%s\n' \
        'Accepting c' 'Wrote 10' 'Accepting c' 'Wrote 20')
}

@test "logs what the original logs, to the letter" {
    start_server simple-server
    peer "$address" send 5 receive eof
    peer "$address" finish eof
    eventually logged '^Wrote 0 bytes$'
    { read -r first && read -r second; } < <(sed -n 's/^Accepting connection from //p' "$log")
    [[ $second =~ ^127\.0\.0\.1:[0-9]+$ ]]
    diff - "$log" <<END
Listening on $address
Accepting connection from $first
Wrote 5 bytes
Accepting connection from $second
Wrote 0 bytes
END
}

@test "a failed read or write is that client's end, not the server's" {
    start_server simple-server
    peer_until ready "$address" say ready hold reset
    release "$peer_pid"
    eventually logged '^Error reading from 127\.0\.0\.1:[0-9]*: Connection reset by peer$'
    kill -STOP "$server_pid"
    peer "$address" send 160 reset
    kill -CONT "$server_pid"
    eventually logged '^Error writing to client: '
    peer "$address" send 10 receive eof
}

@test "a write to a client that has gone does not end it" {
    start_server simple-server
    # Of a connection that was first ended and then reset a write fails with EPIPE, and
    # would bring SIGPIPE.
    kill -STOP "$server_pid"
    peer "$address" send 10 finish reset
    kill -CONT "$server_pid"
    eventually logged '^Error writing to client: Broken pipe$'
    peer "$address" send 10 receive eof
}

@test "a call that a signal interrupts is made again" {
    needs strace
    start_server simple-server
    for call in read write; do
        peer_until ready "$address" say ready hold send 100 receive eof
        eventually waits_in_read
        inject "$call:error=EINTR:when=1"
        release "$peer_pid"
        detach
        grep -q INJECTED "$SCRATCH/trace"
    done
    inject '/^accept:error=EINTR:when=1'
    peer "$address" send 10 receive eof
    detach
    inject '/^accept:error=ECONNABORTED:when=1'
    peer "$address" send 10 receive eof
    detach
    [ "$(count_logged '^Error')" -eq 0 ]
}

# Its last word was of the connection that it has accepted.
waits_in_read() {
    tail -n 1 "$log" | grep -q '^Accepting connection'
}

@test "leaves no descriptor behind" {
    needs_proc
    start_server simple-server
    before=$(descriptors)
    peer -n 50 "$address" send 10 close
    peer -n 50 "$address" reset
    peer "$address" send 10 receive eof
    eventually has_descriptors "$before"
}

@test "shows the log while it waits for a silent client" {
    start_server simple-server
    peer_until ready "$address" say ready hold
    eventually logged '^Accepting connection from '
    release "$peer_pid"
}

@test "out of descriptors: rests, and serves when some come free" {
    needs prlimit
    needs_proc
    start_server simple-server
    prlimit --pid "$server_pid" --nofile=3:100
    peer_until waits "$address" send 10 say waits receive eof
    peer_until waits "$address" send 10 say waits receive eof
    eventually logged '^Error accepting connection: '
    rests
    [ "$(count_logged '^Error accepting')" -le 1 ]
    prlimit --pid "$server_pid" --nofile=100:100
    wait "$peer_pid"
}

@test "SIGINT and SIGTERM end it at once" {
    for signal in INT TERM; do
        start_server simple-server
        kill -"$signal" "$server_pid"
        eventually ended "$server_pid"
        status=0
        wait "$server_pid" || status=$?
        server_pid=
        [ "$status" -eq $((128 + $(kill -l "$signal"))) ]
    done
}

@test "a stop and continue does not disturb it" {
    start_server simple-server
    peer_until ready "$address" say ready hold send 10 receive eof
    kill -STOP "$server_pid"
    kill -CONT "$server_pid"
    release "$peer_pid"
    kill -STOP "$server_pid"
    kill -CONT "$server_pid"
    peer "$address" send 10 receive eof
}

@test "starts again at once at the port where it has just closed a connection" {
    start_server simple-server
    peer "$address" send 10 receive eof
    stop_server
    start_server simple-server "$address"
    peer "$address" send 10 receive eof
}

@test "serves on without a standard output, and sends no log to a client" {
    start_server simple-server
    first=$address
    stop_server
    "$ROOT/simple-server/simple-server" "$first" >&- 2>"$SCRATCH/errors" 3>&- &
    server_pid=$!
    eventually peer "$first" send 10 receive eof
    peer "$first" send 10 receive eof
}
