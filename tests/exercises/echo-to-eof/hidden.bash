# The hidden checks of echo-to-eof.

# shellcheck disable=SC1091,SC2154  # check sets ROOT and server_pid

. "$ROOT/tests/grader/echo.bash"

check_long() {
    local length=$((4000000 + 64 * $(random 1000)))
    expected '%s bytes come back' "$length"
    serve
    peer -x echo "$length"
}

# The server has written all, and has nothing left to do, when the second client begins to read.
check_late() {
    serve
    expected 'every byte comes back to a client that first sends as much as is taken'
    peer -s -x offer 1048576 receive finish ended
    expected 'every byte, and then the end of the stream, for a client that reads late'
    client late -s -x send 8192 finish say sent hold receive eof
    said late sent
    patience=2 soon sleeps || true
    release late
    done_well late
}

# The first client's reset meets the program in read.  The others' are there before the program
# has read anything, so that the write fails.
check_reset() {
    expected 'a client is served after another has reset its connection'
    serve
    client first put 'One\n' get 'One\n' say served hold reset
    said first served
    release first
    done_well first
    peer put 'Two\n' get 'Two\n' close
    reset_unseen
    peer put 'Three\n' get 'Three\n'
    expected 'a client is served after another has reset its connection and left bytes unread'
    peer -s offer 1048576 reset
    peer put 'Four\n' get 'Four\n'
}

check_rests() {
    serve
    rests
    talk silent join a put a 'One\n' hear a 'One\n' say silent hold put a 'Two\n' hear a 'Two\n'
    said silent silent
    rests
    release silent
    expected 'an answer for a client that has been silent for a while'
    done_well silent
    one_of_each
    rests
}
