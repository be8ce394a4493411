# The visible checks of echo-to-eof; those that the students do not get are in hidden.bash.
# All but two send text in whole lines, so that trouble with pieces of lines, or with other bytes,
# costs the one that is about that.

check_echoes() {
    expected '6 bytes come back: Hello and a newline'
    serve
    peer put 'Hello\n' get 'Hello\n'
}

check_again() {
    expected '3 lines on one connection come back, each before the next is sent'
    serve
    peer put 'One\n' get 'One\n' put 'Two\n' get 'Two\n' put 'Three\n' get 'Three\n'
}

check_partial() {
    expected '3 bytes come back, though the line goes on: Hel'
    serve
    peer put Hel get Hel put 'lo\n' get 'lo\n' put H get H put '\n' get '\n'
}

# Whoever looks for the end finds it before reading anything: it comes with the bytes.
check_half_close() {
    local text
    text=$(printf '%0899d\\n' 0)
    expected '900 bytes come back, and then the end of the stream'
    serve
    talk alone join a last a "$text" hear a "$text" end a
    done_well alone
}

# The second client is there before the first one leaves.
check_next() {
    serve
    expected 'each of two clients gets its line back'
    client first put 'One\n' get 'One\n' say served hold close
    said first served
    client second put 'Two\n' get 'Two\n'
    release first
    done_well first
    done_well second
    expected 'a client is served after others that left without a word'
    peer -n 3 close
    peer put 'Three\n' get 'Three\n'
}

check_nul_bytes() {
    local all
    all=$(printf '\\x%02X' {0..255})
    expected 'the bytes 61 00 62 FF 00 0A come back'
    serve
    client first put 'a\x00b\xFF\x00\n' get 'a\x00b\xFF\x00\n' say begun \
        put "$all\n" get "$all\n"
    said first begun
    expected 'each of the 256 values comes back'
    done_well first
}
