# What the visible checks of idle-timeout do; checks.tsv says what they are worth.
#
# A client measures its silence from before its last byte was sent, so no delay makes a server
# look too early.  Too late is only what is late by seconds.

# shellcheck disable=SC2154  # the grader sets them

long=60    # seconds that no check waits for
slack=4000 # milliseconds that a server may be late

# silent_for SECONDS: the words for a client that is silent, and is closed after that time.
# A clock may be coarse, and a little short.
silent_for() {
    echo silence $(($1 * 1000 - 50)) $(($1 * 1000 + slack))
}

check_listens() {
    serve "$long"
}

check_echoes() {
    serve "$long"
    expected 'each client gets back the 100000 bytes that it sends'
    client A echo 1000 say echoed hold echo 100000 finish eof
    said A echoed
    peer -n 5 echo 100000 finish eof
    release A
    done_well A
}

check_done() {
    serve "$long"
    expected 'the end of the stream as soon as the client has shut down its side'
    peer -n 3 echo 100 finish eof
    expected 'all that a client has sent before it shut down its side, and then the end'
    peer put Hello finish get Hello eof
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
    peer trickle 15 200 echo 1000 finish eof
}

# B falls silent 2 seconds after A.  It has 2 seconds left when A is closed.
check_deadlines() {
    serve 3
    # shellcheck disable=SC2046
    client A echo 10 say silent $(silent_for 3)
    said A silent
    client B trickle 1 2000 echo 10 say silent hold echo 10 finish eof
    said B silent
    expected 'A is closed after its 3 seconds of silence'
    done_well A
    expected 'B, who was silent for 1 second then, is still served'
    release B
    done_well B
}

# From their echo to their end the clients are silent, and the server has nothing to do.
check_rests() {
    local before
    serve 2
    # shellcheck disable=SC2046
    client A -n 3 echo 10 say silent $(silent_for 2)
    said A silent
    before=$(turns)
    done_well A
    expected 'in 2 seconds of silence at most 15 turns, one for each deadline and some to spare'
    came '%s turns' "$(($(turns) - before))"
    [ $(($(turns) - before)) -le 15 ] || fail 'the server does not sleep'
}

# How often the server's threads have gone to sleep or lost the processor, and how many
# hundredths of a second they have run: one that spins does one or the other.
turns() {
    echo $(($(switches) + $(ticks)))
}
