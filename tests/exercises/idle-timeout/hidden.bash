# What the hidden checks of idle-timeout do.

# shellcheck disable=SC2154  # the grader sets them

check_mute() {
    serve 1
    expected 'closed 1 second after it has connected, and in no case later than after 5'
    # shellcheck disable=SC2046
    peer $(silent_for 1)
}

# B talks until the others have been closed, which shows that the one does not wait for the
# other.  Who counts in whole seconds is early or not by the fraction of a second at which a
# client falls silent, so three do it at three fractions.
check_busy() {
    local name
    serve 2
    client B echo 10 say talks trickle 0 200 echo 10 finish eof
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

# When the server has stopped reading is not known here, so it can't be too early.
check_stuck() {
    serve 2
    expected 'a client that has sent what the server takes, and reads nothing, is closed'
    peer fill silence 0 $((2000 + slack))
}

check_leaves() {
    local had
    serve 1
    peer echo 10 finish eof
    had=$(descriptors)
    # shellcheck disable=SC2046
    peer -n 20 echo 10 $(silent_for 1)
    peer -n 10 echo 10 finish eof
    expected '%s descriptors, or a few more, after 30 other clients' "$had"
    keeps_at_most $((had + 4)) descriptors
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
    came '%s threads with 31 clients' "$(threads)"
    [ "$(threads)" -le $((had + 8)) ] || fail 'the number of threads grows with the clients'
}

check_month() {
    serve 3000000
    expected 'with 3000000 seconds a client stays connected, and is served'
    peer trickle 2 500 echo 1000 finish eof
}

check_signals() {
    serve 2
    # shellcheck disable=SC2046
    client A echo 10 say silent $(silent_for 2)
    said A silent
    stop_and_go
    expected 'clients are served as before after the server was stopped and continued'
    peer echo 1000 finish eof
    expected 'a client that was silent meanwhile is closed at its time'
    done_well A
}
