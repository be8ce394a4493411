# What one server or two do beyond the suite that they share with the others.

load helpers

# What 50 clients send while the server stands still is one turn's work.
writes_log_once() {
    needs strace
    start_server "$1"
    peer_until ready -n 50 "$address" echo 10 say ready hold send 10 say sent hold
    kill -STOP "$server_pid"
    kill -USR1 "$peer_pid"
    eventually grep -qx sent "$SCRATCH/said.0"
    trace write
    kill -CONT "$server_pid"
    peer "$address" echo 10 finish eof
    eventually logged 'closed connection$'
    [ "$(count_logged '^read 10 bytes')" -eq 101 ]
    writes=$(grep -c 'write(1, "read 10 bytes' "$SCRATCH/trace" || true)
    echo "$writes writes of the log"
    [ "$writes" -le 3 ]
}

@test "iterative-server writes the log of one turn with one call" {
    writes_log_once iterative-server
}

@test "async-server writes the log of one turn with one call" {
    writes_log_once async-server
}

# One client has much to read, and another sends a little after it: that one need not
# wait until all of the first has been served.
takes_turns() {
    start_server "$1"
    peer_until ready "$address" say ready hold send 100000 say sent receive finish eof
    greedy=$peer_pid
    peer_until ready "$address" say ready hold send 10 say sent receive finish eof
    modest=$peer_pid
    kill -STOP "$server_pid"
    kill -USR1 "$greedy"
    eventually grep -qx sent "$SCRATCH/said.0"
    kill -USR1 "$modest"
    eventually grep -qx sent "$SCRATCH/said.1"
    kill -CONT "$server_pid"
    wait "$greedy"
    wait "$modest"
    before=$(sed '/^read 10 bytes/q' "$log" | grep -c '^read 160 bytes')
    echo "$before reads before the other's turn"
    [ "$before" -le 5 ]
}

@test "iterative-server lets a greedy client take turns with the others" {
    takes_turns iterative-server
}

@test "async-server lets a greedy client take turns with the others" {
    takes_turns async-server
}

# While a client's echoes fit in the buffers, the poller is told nothing new.
leaves_the_interest() {
    needs strace
    [ "$(poller)" = epoll ] || skip "it counts the calls of epoll_ctl"
    start_server "$1"
    peer_until ready "$address" echo 10 say ready hold trips 50 10
    trace epoll_ctl
    release "$peer_pid"
    eventually logged 'closed connection$'
    detach
    grep -v EPOLL_CTL_DEL "$SCRATCH/trace" | grep epoll_ctl && return 1
    grep -q EPOLL_CTL_DEL "$SCRATCH/trace"
}

@test "iterative-server changes the interest only where it differs" {
    leaves_the_interest iterative-server
}

@test "async-server changes the interest only where it differs" {
    leaves_the_interest async-server
}

takes_little_memory() {
    needs_proc
    needs_descriptors 1000
    no_sanitizer "a sanitizer takes memory of its own"
    no_emulator "an emulator takes memory of its own"
    start_server "$1"
    peer "$address" echo 10 finish eof
    before=$(resident)
    peer_until ready -n 900 "$address" say ready hold
    peer "$address" echo 10 finish eof
    kib=$(($(resident) - before))
    echo "$kib KiB for 900 connections"
    [ $((kib * 100)) -le $((900 * 45)) ]
}

@test "an idle connection to iterative-server takes 0.45 KiB at most" {
    takes_little_memory iterative-server
}

@test "an idle connection to async-server takes 0.45 KiB at most" {
    takes_little_memory async-server
}

@test "iterative-server takes all that wait in the backlog in one turn" {
    needs strace
    no_emulator "an emulator waits with calls of its own"
    start_server iterative-server
    kill -STOP "$server_pid"
    peer_until ready -n 50 "$address" say ready hold echo 10
    trace '/^(accept|epoll_p?wait|p?poll|.*select.*)$'
    kill -CONT "$server_pid"
    release "$peer_pid"
    detach
    accepts=$(grep -Eo 'accept.* = [0-9]+$|(wait|poll|select).* = [0-9]+' "$SCRATCH/trace" |
        sed 's/^\(....\).*/\1/' | uniq -c | awk '$2 == "acce" { print $1; exit }')
    [ "$accepts" -eq 50 ]
}

@test "a thread of threaded-server has a small stack" {
    needs_proc
    no_sanitizer "a sanitizer takes memory of its own"
    no_emulator "an emulator takes memory of its own"
    start_server threaded-server
    size() { awk '/^VmSize:/ { print $2 }' "/proc/$server_pid/status"; }
    peer_until first "$address" echo 10 say first hold
    before=$(size)
    peer_until crowd -n 50 "$address" send 10 receive say crowd hold
    echo "$(($(size) - before)) KiB of address space for 50 threads"
    [ $(($(size) - before)) -lt $((50 * 256)) ]
}

@test "the lines of two threads do not mix in the log" {
    start_server threaded-server
    for name in a b c d; do
        peer_until "$name" -n 5 "$address" say "$name" hold echo 20000 finish eof
    done
    kill -USR1 "${peer_pids[@]}"
    wait "${peer_pids[@]}"
    every_client_closed() { [ "$(count_logged 'closed connection$')" -eq 20 ]; }
    eventually every_client_closed
    client='127\.0\.0\.1:[0-9]{4,5}'
    run grep -vxE "Listening on $client|Accepting connection from $client|read [0-9]+ bytes from \
client $client|Client $client closed connection" "$log"
    [ "$output" = '' ]
}
