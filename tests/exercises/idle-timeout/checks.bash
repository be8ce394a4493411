# What the visible checks of idle-timeout do; checks.tsv says what they are worth.
#
# A client measures its silence from before its last byte was sent, so no delay makes a server
# look too early.  Too late is only what is late by seconds.

# shellcheck disable=SC2034,SC2154  # the grader sets them, and takes got

long=60    # seconds that no check waits for
grace=4000 # milliseconds that a server may be late

# silent_for SECONDS: the words for a client that is silent, and is closed after that time.
# A clock may be coarse, and a little short.
silent_for() {
    echo silence $(($1 * 1000 - 50)) $(($1 * 1000 + grace))
}

check_listens() {
    serve "$long"
}

check_echoes() {
    serve "$long"
    expected 'each client gets back the 100000 bytes that it sends'
    client A echo 1000 say echoed hold echo 100000 finish ended
    said A echoed
    peer -n 5 echo 100000 finish ended
    release A
    done_well A
}

check_done() {
    serve "$long"
    expected 'the end of the stream as soon as the client has shut down its side'
    peer -n 3 echo 100 finish ended
    expected 'all that a client has sent before it shut down its side, and then the end'
    peer put Hello finish get Hello ended
}

check_silent() {
    serve 1
    expected 'closed after 1 second of silence, and in no case later than after 5'
    # shellcheck disable=SC2046  # several words
    peer echo 10 $(silent_for 1)
}

# 3 seconds in all; between two bytes is a tenth of the time that the client has.
check_trickle() {
    serve 2
    expected 'a client that sends a byte every 200 ms stays connected, where SECONDS is 2'
    peer trickle 15 200 echo 1000 finish ended
}

# B falls silent 2 seconds after A.  It has 2 seconds left when A is closed.
check_deadlines() {
    serve 3
    # shellcheck disable=SC2046
    client A echo 10 say silent $(silent_for 3)
    said A silent
    client B trickle 1 2000 echo 10 say silent hold echo 10 finish ended
    said B silent
    expected 'A is closed after its 3 seconds of silence'
    done_well A
    expected 'B, who was silent for 1 second then, is still served'
    release B
    done_well B
}

# From their echo to their end the clients are silent, and the server has nothing to do.  While
# the deadline is far away, it wakes up for nothing; one that has a look each second, itself or
# in a thread of its own, has 5 turns.
check_rests() {
    local before name
    serve 10
    for name in A B C; do
        # shellcheck disable=SC2046
        client "$name" echo 10 say silent $(silent_for 10)
        said "$name" silent
        sleep 0.1 # so that the next one finds the wait for this one cut by a fraction
    done
    sleep 1 # for what comes after the last echo
    before=$(turns)
    sleep 5
    turns_at_most 3 'in 5 seconds of silence hardly a turn: the deadlines are far away'
    before=$(turns)
    expected 'each of 3 clients is closed after its 10 seconds of silence'
    for name in A B C; do
        done_well "$name"
    done
    turns_at_most 60 'until the end a few turns for each deadline: 60 at most'
}

# turns_at_most MOST EXPECTED: since there were $before.
turns_at_most() {
    local now
    now=$(turns)
    expected '%s' "$2"
    got '%s turns' $((now - before))
    [ $((now - before)) -le "$1" ] || fail 'the server does not sleep'
    got=
}

# How often the server's threads have gone to sleep or lost the processor, and how many
# hundredths of a second they have run: one that spins does one or the other.
turns() {
    echo $(($(switches) + $(ticks)))
}
