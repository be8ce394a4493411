# What the hidden checks of one-silent-client do.

# shellcheck disable=SC1091,SC2154  # check sets ROOT and server_pid

. "$ROOT/tests/grader/echo.bash"
. "$ROOT/tests/grader/crowd.bash"

# B must not be held up by one that has stopped in the middle of what it says.
check_spoken() {
    serve
    client A put 'Hello\n' get 'Hello\n' put Wor say spoken hold put 'ld\n' get 'World\n'
    said A spoken
    expected 'an answer for B while A, who has got one, is silent in the middle of a line'
    peer put 'Hello\n' get 'Hello\n'
    release A
    expected 'an answer for the rest of the line of A'
    done_well A
}

# A client that sends before it reads may hold up the others meanwhile.
check_late() {
    serve
    expected 'every byte for a client that first sends as much as is taken'
    peer -s -x offer 1048576 receive finish ended
    expected 'every byte, and then the end, for a client that reads late'
    client late -s -x send 8192 finish say sent hold receive eof
    said late sent
    patience=2 soon sleeps || true
    release late
    done_well late
}

# The bytes of B come while some of A wait to be written.
check_apart() {
    serve
    client A -s -x -i 1 offer 1048576 say full hold receive finish ended
    said A full
    client B -x -i 2 echo 262144 finish ended
    patience=2 soon sleeps || true
    release A
    expected 'for each of two clients its own bytes: A sends before it reads, then B comes'
    done_well A
    done_well B
}

# A stop interrupts the call in which the program waits; A is told what comes of it.
check_signal() {
    local round words=()
    serve
    for round in 1 2 3; do
        words+=(put 'Hello\n' get 'Hello\n' say "$round" hold)
    done
    client A "${words[@]}" put 'World\n' get 'World\n'
    expected 'an answer for a client that was connected when the program was stopped for a moment'
    for round in 1 2 3; do
        said A "$round"
        stop_and_go
        release A
    done
    done_well A
}

check_reset() {
    serve
    client A say connected hold put 'Hello\n' get 'Hello\n'
    said A connected
    expected 'an answer for each of five clients that reset their connections then'
    peer -n 5 put 'Hello\n' get 'Hello\n' reset
    reset_unseen
    expected 'an answer for a newcomer after others have reset their connections'
    peer put 'Hello\n' get 'Hello\n'
    release A
    expected 'an answer for a client that was connected meanwhile'
    done_well A
    leave_together A D reset
    leave_together B C reset
}

check_rests() {
    serve
    peer put 'Hello\n' get 'Hello\n' finish ended
    client crowd -n 5 say connected hold put 'Hello\n' get 'Hello\n'
    said crowd connected
    one_of_each
    rests
    release crowd
    expected 'an answer for five clients that were silent for a while'
    done_well crowd
}
