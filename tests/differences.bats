# What only one or two of the servers do, beyond the suite that they share.

load helpers

# While the server is stopped, 50 clients send: it reads all of them in one turn.
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

@test "iterative-server writes the log of one turn with one write" {
    writes_log_once iterative-server
}

@test "async-server writes the log of one turn with one write" {
    writes_log_once async-server
}

# One client sends much, then another sends a little: the server must answer the second before it
# has answered all of the first.
is_fair() {
    start_server "$1"
    peer_until ready "$address" say ready hold send 100000 say sent receive finish eof
    busy=$peer_pid
    peer_until ready "$address" say ready hold send 10 say sent receive finish eof
    other=$peer_pid
    kill -STOP "$server_pid"
    kill -USR1 "$busy"
    eventually grep -qx sent "$SCRATCH/said.0"
    kill -USR1 "$other"
    eventually grep -qx sent "$SCRATCH/said.1"
    kill -CONT "$server_pid"
    wait "$busy"
    wait "$other"
    before=$(sed '/^read 10 bytes/q' "$log" | grep -c '^read 160 bytes')
    echo "$before reads of the busy client before the other's"
    [ "$before" -le 5 ]
}

@test "iterative-server is fair: a client that sends without pause starves no other" {
    is_fair iterative-server
}

@test "async-server is fair: a client that sends without pause starves no other" {
    is_fair async-server
}

# While a client's echoes fit into the buffers, the server never changes an interest.
keeps_the_interest() {
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

@test "iterative-server changes an interest only when it differs" {
    keeps_the_interest iterative-server
}

@test "async-server changes an interest only when it differs" {
    keeps_the_interest async-server
}

takes_little_memory() {
    needs_proc
    needs_descriptors 1000
    no_sanitizer "a sanitizer uses memory too"
    no_emulator "an emulator uses memory too"
    start_server "$1"
    peer "$address" echo 10 finish eof
    before=$(resident)
    peer_until ready -n 900 "$address" say ready hold
    peer "$address" echo 10 finish eof
    kib=$(($(resident) - before))
    echo "$kib KiB for 900 connections"
    [ $((kib * 100)) -le $((900 * 45)) ]
}

@test "an idle connection to iterative-server takes at most 0.45 KiB" {
    takes_little_memory iterative-server
}

@test "an idle connection to async-server takes at most 0.45 KiB" {
    takes_little_memory async-server
}

@test "iterative-server accepts the whole backlog in one turn" {
    needs strace
    no_emulator "an emulator waits with its own calls"
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

@test "threaded-server gives its threads small stacks" {
    needs_proc
    no_sanitizer "a sanitizer uses memory too"
    no_emulator "an emulator uses memory too"
    start_server threaded-server
    size() { awk '/^VmSize:/ { print $2 }' "/proc/$server_pid/status"; }
    peer_until first "$address" echo 10 say first hold
    before=$(size)
    peer_until crowd -n 50 "$address" send 10 receive say crowd hold
    echo "$(($(size) - before)) KiB of address space for 50 threads"
    [ $(($(size) - before)) -lt $((50 * 256)) ]
}

@test "log lines of different threads do not mix" {
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

# --- A process per client ---------------------------------------------------------------

# Prints the server's children, including those that it has not reaped.
children() {
    cat "/proc/$server_pid/task/$server_pid/children"
}

has_children() {
    [ "$(children | wc -w)" -eq "$1" ]
}

needs_children() {
    [ -e "/proc/$$/task/$$/children" ] || skip "no /proc here that lists children"
}

# Whether the process PID has one socket.
has_one_socket() {
    local fd count=0
    for fd in "/proc/$1/fd"/*; do
        [[ $(readlink "$fd") != socket:* ]] || count=$((count + 1))
    done
    [ "$count" -eq 1 ]
}

@test "processes has a child for each client, and keeps no descriptor of its socket" {
    needs_children
    no_emulator "an emulator has descriptors too"
    start_server processes
    peer_until ready -n 3 "$address" say ready hold echo 10 finish eof
    eventually has_children 3
    # The server has the passive socket, and a child has its client's.
    eventually has_one_socket "$server_pid"
    for child in $(children); do
        eventually has_one_socket "$child"
    done
    release "$peer_pid"
    eventually has_children 0
}

@test "processes reaps all children that have terminated while it was stopped" {
    needs_children
    start_server processes
    peer_until ready -n 20 "$address" say ready hold finish eof
    eventually has_children 20
    kill -STOP "$server_pid"
    release "$peer_pid"
    for child in $(children); do
        eventually grep -q '^State:.Z' "/proc/$child/status"
    done
    # One pending signal stands for all of them.
    kill -CONT "$server_pid"
    eventually has_children 0
}

@test "a child of processes that crashes disconnects its own client only" {
    needs_children
    no_sanitizer "a sanitizer reports the signal"
    start_server processes
    peer_until first "$address" say first hold ended
    first=$peer_pid
    eventually has_children 1
    child=$(children)
    peer_until second "$address" say second hold echo 100 finish eof
    kill -SEGV "${child% }"
    release "$first"
    release "$peer_pid"
    eventually has_children 0
}

@test "after SIGTERM, the children of processes serve their clients to the end" {
    start_server processes
    peer_until ready "$address" echo 10 say ready hold echo 1000 finish eof
    kill -TERM "$server_pid"
    status=0
    wait "$server_pid" || status=$?
    [ "$status" -eq 143 ]
    server_pid=
    run "$PEER" "$address" close
    [ "$status" -ne 0 ]
    # The child has closed its copy of the passive socket, so the port is free.
    start_server processes "$address"
    peer "$address" echo 100 finish eof
    release "$peer_pid"
}

# --- A pool of threads ------------------------------------------------------------------

@test "a pool is blocked by as many silent clients as it has threads, and not by fewer" {
    ARGUMENTS=(4)
    start_server pool
    peer_until silent -n 3 "$address" say silent hold finish eof
    three=$peer_pid
    peer "$address" echo 100 finish eof
    peer_until silent "$address" say silent hold finish eof
    fourth=$peer_pid
    run "$PEER" -t 1 "$address" echo 100
    [ "$status" -ne 0 ]
    # The next client is served when a thread is free.
    peer_until sent "$address" send 100 say sent receive finish eof
    release "$fourth"
    wait "$peer_pid"
    release "$three"
}

@test "a pool accepts as many clients as its queue takes, and leaves the others in the backlog" {
    needs_proc
    no_emulator "an emulator has descriptors too"
    ARGUMENTS=(1)
    start_server pool
    before=$(descriptors)
    peer_until silent -n 40 "$address" say silent hold send 10 finish receive eof
    # One client has the thread, 16 are in the queue, and the main thread waits with one.
    eventually has_descriptors $((before + 18))
    makes_no_calls
    [ "$(count_logged '^Accepting')" -eq 18 ]
    release "$peer_pid"
    [ "$(count_logged '^Accepting')" -eq 40 ]
    eventually has_descriptors "$before"
}

@test "a pool of one thread serves clients in the order in which it has accepted them" {
    ARGUMENTS=(1)
    start_server pool
    peer_until ready "$address" say ready hold finish eof
    first=$peer_pid
    for i in 11 12 13 14 15 16 17 18 19; do
        peer_until sent "$address" send "$i" finish say sent receive eof
    done
    release "$first"
    wait "${peer_pids[@]}"
    [ "$(sed -n 's/^read \([0-9]*\) .*/\1/p' "$log" | xargs)" = '11 12 13 14 15 16 17 18 19' ]
}

# --- A loop per processor ---------------------------------------------------------------

# Prints how many clients each loop has: its poller watches them, and a passive socket.
clients_of_loops() {
    grep -c '^tfd:' "/proc/$server_pid/fdinfo/"* | awk -F: '$2 > 0 { print $2 - 1 }'
}

@test "each client of loops belongs to one loop; with separate passive sockets, each loop gets some" {
    needs_proc
    [ "$(poller)" = epoll ] || skip "the kernel lists only what epoll waits for"
    no_emulator "an emulator has descriptors too"
    ulimit -n 1200 || skip "a thousand connections are too many here"
    for server in loops loops-each; do
        ARGUMENTS=(2)
        start_server "$server"
        for _ in {1..10}; do
            peer_until ready -n 100 "$address" say ready hold echo 10 finish eof
        done
        all_accepted() { [ "$(count_logged '^Accepting')" -eq 1000 ]; }
        eventually all_accepted
        clients_of_loops >"$SCRATCH/shares"
        echo "$server: $(xargs <"$SCRATCH/shares")"
        # If loops share a passive socket, one of them may get all clients.
        least=$([ "$server" = loops ] || echo 2)
        awk -v least="$least" '{ sum += $1; n += $1 > 0 }
            END { exit sum != 1000 || NR != 2 || n < least }' "$SCRATCH/shares"
        kill -USR1 "${peer_pids[@]}"
        wait "${peer_pids[@]}"
        peer_pids=()
        stop_server
    done
}
