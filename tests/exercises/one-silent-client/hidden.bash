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

# Whoever has an answer was accepted after all that came before: so the backlog is empty again
# when the next crowd comes, and may be short.
check_many() {
    local crowd
    serve
    for crowd in {1..10}; do
        client "$crowd" -n 20 say connected hold put 'Hello\x0a' get 'Hello\x0a' say served hold
        said "$crowd" connected
        expected 'an answer for a client that comes after %s silent ones' $((20 * crowd))
        peer put 'Hello\x0a' get 'Hello\x0a'
    done
    for crowd in {1..10}; do
        release "$crowd"
    done
    expected 'an answer for each of the 200'
    for crowd in {1..10}; do
        said "$crowd" served
    done
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

# A stop interrupts the call in which the program waits; A is told what comes of it.
check_signal() {
    local round words=()
    serve
    for round in 1 2 3; do
        words+=(put 'Hello\x0a' get 'Hello\x0a' say "$round" hold)
    done
    client A "${words[@]}" put 'World\x0a' get 'World\x0a'
    expected 'an answer for a client that was connected when the program was stopped for a moment'
    for round in 1 2 3; do
        said A "$round"
        stop_and_go
        release A
    done
    done_well A
}

# A stopped server finds the bytes, the end and the reset behind them all at once: the
# bytes can be read, but not answered.
check_reset() {
    serve
    client A say connected hold put 'Hello\x0a' get 'Hello\x0a'
    said A connected
    expected 'an answer for each of five clients that reset their connections then'
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
    client crowd -n 5 say connected hold put 'Hello\x0a' get 'Hello\x0a'
    said crowd connected
    rests
    expected 'connections that last, though nobody says anything for ten seconds'
    talk alone join a put a Hello hear a Hello pause 10000 put a World hear a World
    done_well alone
    release crowd
    done_well crowd
}
