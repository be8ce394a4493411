# What the hidden checks of idle-timeout do.

# shellcheck disable=SC2034,SC2154  # the grader sets them, and takes got

check_address() {
    listens_only_there "$long"
}

# Of what comes in pieces of 100 bytes, a write takes all or nothing when the kernels are full.
check_whole() {
    local text
    printf -v text '%100s' ''
    serve "$long"
    expected '400000 bytes, sent in pieces of 100, for a client that begins to read late'
    peer -s single 4000 "${text// /x}" take 400000 close
    expected 'every byte of a million, for a client that begins to read late'
    peer offer 1000000 receive echo 1000 finish ended
    expected 'the same for a client for which the kernels keep little'
    peer -s offer 1000000 receive echo 1000 finish ended
}

# The server has time to close before the client reads, where it does not wait for it to read.
check_finishes() {
    local before
    serve "$long"
    peer echo 10 finish ended
    before=$(descriptors)
    expected 'every byte of a short echo, and the end of the stream, for a client that reads late'
    client A send 1000 finish say asked hold receive eof
    said A asked
    patience=2 soon has_descriptors "$before" || true
    release A
    done_well A
    expected 'every byte of a long echo, and the end of the stream, for a client that reads late'
    client A -s send 250000 finish say asked hold receive eof
    said A asked
    patience=2 soon sleeps || true
    release A
    done_well A
}

check_mute() {
    serve 1
    expected 'closed 1 second after it has connected, and in no case later than after 5'
    # shellcheck disable=SC2046
    peer $(silent_for 1)
}

# The clients fall silent at five moments of a second: whatever the rhythm in which the server
# looks, or rounds, one of them shows it.  The grading machine may be busy, so one good round of
# five will do.
check_prompt() {
    local name late
    serve 1
    expected 'each of 5 clients is closed when it has been silent from 1 to 1.5 seconds'
    for _ in 1 2 3 4 5; do
        late=no
        for name in A B C D E; do
            client "$name" echo 10 silence 950 1500
            sleep 0.2
        done
        for name in A B C D E; do
            wait "${client_pid[$name]}" || late=$name
        done
        [ "$late" != no ] || return 0
    done
    client_failed "$late"
}

# B falls silent 2.5 seconds before A and C, which come before it and after it, and is closed
# before they are.
check_first() {
    serve 4
    client A echo 1 say here hold echo 1 silence 3950 $((4000 + grace))
    said A here
    client B echo 1 say here hold echo 1 silence 3950 5900
    said B here
    client C echo 1 say here hold echo 1 silence 3950 $((4000 + grace))
    said C here
    release B
    sleep 2.5
    release A
    release C
    expected 'B is closed after its 4 seconds of silence, when A and C have 2.5 seconds left'
    done_well B
    expected 'A is closed after its 4 seconds of silence'
    done_well A
    expected 'C is closed after its 4 seconds of silence'
    done_well C
}

# B talks until the others have been closed, which shows that the one does not wait for the
# other.  Who counts in whole seconds is early or not by the fraction of a second at which a
# client falls silent, so three do it at three fractions.
check_busy() {
    local name
    serve 2
    client B echo 10 say talks trickle 0 200 echo 10 finish ended
    said B talks
    for name in A C D; do
        # shellcheck disable=SC2046
        client "$name" echo 10 $(silent_for 2)
        sleep 0.35
    done
    for name in A C D; do
        expected '%s is closed after 2 seconds of silence, while B sends a byte every 200 ms' \
            "$name"
        done_well "$name"
    done
    release B
    expected 'B is served meanwhile, and after'
    done_well B
}

# C and D get the descriptors of A and B, which leave a second before their deadlines.
check_place() {
    serve 3
    client A echo 1 say here hold finish ended
    said A here
    client B echo 1 say here hold reset
    said B here
    sleep 2
    release A
    release B
    done_well A
    done_well B
    # shellcheck disable=SC2046
    client C $(silent_for 3)
    # shellcheck disable=SC2046
    client D echo 1 $(silent_for 3)
    expected 'C, which comes when A has left, is closed 3 seconds after it has connected'
    done_well C
    expected 'D, which comes when B has left, is closed after 3 seconds of silence'
    done_well D
}

# Until a third of what the kernels take is free, the server cannot write: that is about twice a
# second here.
check_writes() {
    serve 2
    expected 'every byte for a client that reads 80 KB a second, where SECONDS is 2'
    peer -s offer 2000000 slowly 20000 250 12 receive
}

# When the server has stopped reading is not known here, so it can't be too early.
check_stuck() {
    local before
    serve 2
    peer echo 10 finish ended
    before=$(descriptors)
    client A fill silence 0 $((2000 + grace))
    client B -s send 200000 finish say full hold close
    said B full
    expected 'a client that has sent what the server takes, and reads nothing, is closed'
    done_well A
    expected 'so is one that has shut down its side, and reads nothing of its echo'
    patience=6 soon has_at_most "$before" descriptors ||
        fail 'the server has not closed the connection'
    got=
}

check_apart() {
    local before
    serve "$long"
    client A fill say full hold close
    said A full
    expected 'an echo for other clients, while one does not read'
    peer -n 5 echo 100000 finish ended
    patience=2 soon sleeps || true
    before=$(turns)
    sleep 3
    turns_at_most 3 'in 3 seconds hardly a turn: there is no room for the echo of A'
    release A
    done_well A
}

# Of what has been sent before a reset, the echo can fail: with SIGPIPE, where an end of the stream
# came in between.  A frozen server finds all of it together.
leave_early() {
    freeze
    peer -n "$1" put Hello reset
    thaw
    peer echo 1 close
    freeze
    peer -n "$1" put Hello finish reset
    thaw
    peer echo 1 close
    peer -n "$1" -s offer 300000 reset
    peer -n "$1" echo 10 reset
    peer -n "$1" reset
}

check_reset() {
    serve 3
    client A echo 10 say here hold trickle 1 1000 echo 10 finish ended
    # shellcheck disable=SC2046
    client B echo 10 say here $(silent_for 3)
    said A here
    said B here
    leave_early 3
    expected 'A is served, after others have reset their connections'
    release A
    done_well A
    expected 'B is closed after its 3 seconds of silence'
    done_well B
}

# A client that does not read may not see that it is closed.
come_and_go() {
    local before
    leave_early 9
    before=$(descriptors)
    # shellcheck disable=SC2046
    peer -n 15 echo 10 $(silent_for 1)
    client stuck -n 9 -s offer 200000 say full hold close
    said stuck full
    patience=6 soon has_at_most "$before" descriptors || true
    release stuck
    done_well stuck
}

# What these leave behind is not hidden in the memory that larger things have used before.
small_ones() {
    talk many crowd $((300 * $1)) half
    done_well many
}

check_leaves() {
    serve 1
    expected 'other clients are served, however clients leave'
    keeps_nothing small_ones
    keeps_nothing come_and_go
}

check_threads() {
    local had
    serve "$long"
    client A echo 10 say here hold
    said A here
    had=$(threads)
    client B -n 30 echo 10 say here hold
    said B here
    expected 'as many threads as with one client, %s, or a few more' "$had"
    got '%s threads with 31 clients' "$(threads)"
    [ "$(threads)" -le $((had + 8)) ] || fail 'the number of threads grows with the clients'
}

check_crowd() {
    serve 3
    expected 'each of 150 clients gets its echo, and is closed after 3 seconds of silence'
    # shellcheck disable=SC2046
    client crowd -n 150 echo 10 say echoed $(silent_for 3)
    said crowd echoed
    client again -n 50 echo 10 close
    done_well again
    done_well crowd
}

# So many milliseconds, or microseconds, that they are few or below zero in 32 bits.  A client that
# is silent for longer than those few shows it.
check_month() {
    local idle
    for idle in 4295 2147484 3000000 4294968 10000000; do
        serve "$idle"
        client_pid[program$idle]=$runner # there is room for another one
        client "C$idle" trickle 2 1500 echo 1000 finish ended
    done
    for idle in 4295 2147484 3000000 4294968 10000000; do
        expected 'with %s seconds a client stays connected, and is served' "$idle"
        done_well "C$idle"
    done
}

# The server is stopped and continued until A is closed, at the latest a second after that is due
# for a client that is late.
check_signals() {
    serve 2
    # shellcheck disable=SC2046
    client A echo 10 say silent $(silent_for 2)
    said A silent
    expected 'A is closed after 2 seconds of silence, though the server is stopped and continued'
    until ended "${client_pid[A]}"; do
        sleep 0.2
        signal_all STOP
        patience=2 soon stopped || true
        signal_all CONT
    done
    done_well A
    expected 'clients are served as before, after the server was stopped and continued'
    peer echo 1000 finish ended
}
