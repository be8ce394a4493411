# The visible checks of echo-to-eof; those that the students do not get are in hidden.bash.

check_echoes() {
    expected '5 bytes come back: Hello'
    serve
    peer put Hello get Hello
}

check_again() {
    expected '3 messages on one connection come back, each before the next is sent'
    serve
    peer put One get One put Two get Two put Three get Three
}

# Whoever looks for the end finds it before he has read anything: it comes with the bytes.
check_half_close() {
    local text
    text=$(printf '%0900d' 0)
    expected '900 bytes come back, and then the end of the stream'
    serve
    talk alone join a last a "$text" hear a "$text" eof a
    done_well alone
}

# The second client is there before the first one leaves.
check_next() {
    serve
    expected 'each of two clients gets its message back'
    client first put One get One say served hold close
    said first served
    client second put Two get Two
    release first
    done_well first
    done_well second
    expected 'a client is served after others that left without a word'
    peer -n 3 close
    peer put Three get Three
}

check_nul_bytes() {
    expected 'the bytes 61 00 62 FF 00 come back'
    serve
    peer put 'a\x00b\xFF\x00' get 'a\x00b\xFF\x00'
}
