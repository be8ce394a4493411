# What the visible checks of one-silent-client do; checks.tsv says what they are worth.
# All but two send text in whole lines, so that trouble with pieces of lines, or with other bytes,
# costs the one that is about that.

check_echoes() {
    serve
    expected 'Hello, and then World on the same connection'
    peer put 'Hello\n' get 'Hello\n' put 'World\n' get 'World\n'
}

check_partial() {
    serve
    expected '3 bytes, though the line goes on: Hel'
    peer put Hel get Hel put 'lo\n' get 'lo\n' put H get H put '\n' get '\n'
}

check_bytes() {
    local all
    serve
    all=$(printf '\\x%02X' {0..255})
    expected 'each of the 256 values of a byte'
    client first put "$all\n" get "$all\n" say begun echo 9956
    said first begun
    expected '9956 bytes, all values among them, as they were sent'
    done_well first
}

check_done() {
    serve
    expected '6 bytes, and then the end of the stream'
    peer put 'Hello\n' finish get 'Hello\n' ended
    expected 'the same for the next client'
    peer put 'Hello\n' finish get 'Hello\n' ended
    expected 'the same for one whose last bytes come with the end of the stream'
    talk alone join a put a 'Hello\n' hear a 'Hello\n' last a 'World\n' hear a 'World\n' end a
    done_well alone
}

# B must be done while A, who came first, is silent.
check_silent() {
    serve
    client A say connected hold
    said A connected
    expected 'an answer for B while A is connected, and silent'
    peer put 'Hello\n' get 'Hello\n'
}

check_patient() {
    serve
    client A say connected hold put 'Hello\n' get 'Hello\n'
    said A connected
    for _ in 1 2 3; do
        peer put 'Hello\n' get 'Hello\n'
    done
    release A
    expected 'an answer for A, who was silent while three others were served'
    done_well A
}
