# What the two servers with one thread for all clients do beyond the common suite.

load helpers

@test "the log of one turn is written with one call" {
    needs strace
    for server in iterative-server async-server; do
        start_server "$server"
        peer_until ready -n 50 "$address" echo 10 say ready hold send 10 say sent hold
        clients=$peer_pid
        # What 50 clients send while the server stands still is one turn's work.
        kill -STOP "$server_pid"
        kill -USR1 "$clients"
        eventually grep -qx sent "$SCRATCH/said.0"
        strace -f -p "$server_pid" -e trace=write -o "$SCRATCH/trace" 3>&- &
        eventually traced
        kill -CONT "$server_pid"
        peer "$address" echo 10 finish eof
        eventually logged 'closed connection$'
        lines=$(grep -c '^[0-9]* *write(1, "read 10 bytes' "$SCRATCH/trace" || true)
        echo "$server: $lines writes of its log"
        [ "$lines" -le 2 ]
        release "$clients"
        peer_pids=()
        stop_server
    done
}

traced() {
    [ "$(awk '/^TracerPid:/ { print $2 }' "/proc/$server_pid/status")" -ne 0 ]
}

@test "an idle connection takes 0.45 KiB of memory at most" {
    needs_proc
    no_sanitizer "a sanitizer takes memory of its own"
    for server in iterative-server async-server; do
        start_server "$server"
        peer "$address" echo 10 finish eof
        before=$(resident)
        peer_until ready -n 900 "$address" say ready hold
        peer "$address" echo 10 finish eof
        kib=$(($(resident) - before))
        echo "$server: $kib KiB for 900 connections"
        [ $((kib * 100)) -le $((900 * 45)) ]
        release "$peer_pid"
        peer_pids=()
        stop_server
    done
}
