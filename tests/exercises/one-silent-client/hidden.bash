# What the hidden checks of one-silent-client do.

# shellcheck disable=SC2154  # the grader sets server_pid

check_spoken() {
    serve
    client A put Hel get Hel say spoken hold put 'lo\x0a' get 'lo\x0a'
    said A spoken
    expected 'an answer for B while A, who has got one, is silent in the middle of a line'
    peer put 'Hello\x0a' get 'Hello\x0a'
    release A
    expected 'an answer for the rest of the line of A'
    done_well A
}

check_many() {
    serve
    client crowd -n 200 say connected hold put 'Hello\x0a' get 'Hello\x0a'
    said crowd connected
    expected 'an answer for a client that comes after 200 silent ones'
    peer put 'Hello\x0a' get 'Hello\x0a'
    release crowd
    expected 'an answer for each of the 200'
    done_well crowd
}

# They all have their places before the one in the middle leaves.
check_gap() {
    local name
    serve
    for name in A B C D; do
        client "$name" put 'Hello\x0a' get 'Hello\x0a' say served hold \
            put 'World\x0a' get 'World\x0a'
        said "$name" served
    done
    release B
    done_well B
    for name in D A C; do
        release "$name"
        expected 'an answer for %s, who stays when B of A, B, C and D has left' "$name"
        done_well "$name"
    done
}

# A stopped server finds the bytes, the end and the reset behind them all at once: the
# bytes can be read, but not answered.
check_reset() {
    serve
    client A say connected hold put 'Hello\x0a' get 'Hello\x0a'
    said A connected
    peer -n 5 put 'Hello\x0a' get 'Hello\x0a' reset
    kill -STOP "$server_pid"
    peer -n 2 put 'Hello\x0a' finish reset # both have room in a short backlog
    kill -CONT "$server_pid"
    expected 'an answer for a newcomer after seven clients have reset their connections'
    peer put 'Hello\x0a' get 'Hello\x0a'
    release A
    expected 'an answer for a client that was connected meanwhile'
    done_well A
}

# What a program sets up with its first clients is no leak: hence the rounds before.
check_leaves() {
    local had
    serve
    comes_and_goes
    comes_and_goes
    had=$(($(descriptors) + $(threads)))
    for _ in {1..6}; do
        comes_and_goes
    done
    expected '%s descriptors and threads, or a few more, when 24 more clients have left' "$had"
    keeps_at_most $((had + 8)) descriptors threads
}

comes_and_goes() {
    peer put 'Hello\x0a' get 'Hello\x0a' finish eof
    peer put 'Hello\x0a' get 'Hello\x0a' reset
    peer put 'Hello\x0a' get 'Hello\x0a' finish eof
    peer put 'Hello\x0a' get 'Hello\x0a' reset
}

check_rests() {
    serve
    peer put 'Hello\x0a' get 'Hello\x0a' finish eof
    client crowd -n 5 say connected hold
    said crowd connected
    rests
}
