# What the visible checks of one-silent-client do; checks.tsv says what they are worth.
# All but one send text only, so that trouble with other bytes costs that one.

check_echoes() {
    serve
    expected 'Hello, and then World on the same connection'
    peer put 'Hello\x0a' get 'Hello\x0a' put 'World\x0a' get 'World\x0a'
}

check_bytes() {
    serve
    expected '100000 bytes, all values among them, as they were sent'
    peer echo 100000
}

check_done() {
    serve
    expected '6 bytes, and then the end of the stream'
    peer put 'Hello\x0a' finish get 'Hello\x0a' eof
    expected 'the same for the next client'
    peer put 'Hello\x0a' finish get 'Hello\x0a' eof
    expected 'the same for one whose last bytes come with the end of the stream'
    talk alone join a put a Hel hear a Hel last a 'lo\n' hear a 'lo\n' eof a
    done_well alone
}

# B must be done while A, who came first, is silent.
check_silent() {
    serve
    client A say connected hold
    said A connected
    expected 'an answer for B while A is connected, and silent'
    peer put 'Hello\x0a' get 'Hello\x0a'
}

check_patient() {
    serve
    client A say connected hold put 'Hello\x0a' get 'Hello\x0a'
    said A connected
    for _ in 1 2 3; do
        peer put 'Hello\x0a' get 'Hello\x0a'
    done
    release A
    expected 'an answer for A, who was silent while three others were served'
    done_well A
}
