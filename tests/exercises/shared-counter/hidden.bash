# What the hidden checks of shared-counter do.

# shellcheck disable=SC2154  # the grader sets them

# A piece is sent when the one before it has been read.
check_pieces() {
    local words=() piece
    serve
    for piece in 'one\x0atw' 'o\x0a?' '\x0athree' '\x0afour' '?\x0a'; do
        words+=(put "$piece" say sent hold)
    done
    client A "${words[@]}" get '2\x0a' finish get '4\x0a' ended
    for piece in 1 2 3 4 5; do
        eventually has_said A "$piece"
        soon all_is_read || fail 'the server does not read what a client has sent'
        release A
    done
    expected '2 and 4, when "one\\ntw", "o\\n?", "\\nthree", "\\nfour" and "?\\n" come one by one'
    done_well A
}

has_said() {
    [ "$(grep -c sent "$here/client.$1")" -ge "$2" ] || ended "${client_pid[$1]}"
}

check_bytes() {
    local length total=17
    serve
    expected '5 for a line with a NUL, one that is a NUL, an empty one, "?" with a NUL, and "??"'
    peer put 'a\x00b\x0a\x00\x0a\x0a?\x00\x0a??\x0a' finish get '5\x0a' ended
    expected '6: another line has come, of a million bytes'
    peer repeat 100000 'xxxxxxxxxx' put '\x0a' finish get '6\x0a' ended
    expected '11: so have "?\\r", " ?", "? ", "a?" and "\\xff"'
    peer put '?\x0d\x0a ?\x0a? \x0aa?\x0a\xff\x0a' finish get '11\x0a' ended
    expected '17: so have six lines of 255, 256, 257, 65535, 65536 and 65537 bytes and a "?"'
    for length in 255 256 257 65535 65536 65537; do
        peer repeat "$length" x put '?\x0a' finish line ended
    done
    for length in 256 1024 4096 8192 65536 131072; do
        total=$((total + 1))
        expected '%s: so have %s bytes without a newline' "$total" "$length"
        peer repeat "$length" x finish get "$total\\x0a" ended
    done
    expected '%s: another line has come, of five million bytes' $((total + 1))
    peer repeat 500000 'xxxxxxxxxx' put '\x0a' finish get "$((total + 1))\\x0a" ended
}

check_last() {
    serve
    expected '2 for "one\\ntwo", with no newline at the end'
    peer put 'one\x0atwo' finish get '2\x0a' ended
    expected '2 for a client that sends nothing: that is no line'
    peer finish get '2\x0a' ended
    expected '4 for "one\\n?": without a newline, "?" is a line as any other'
    peer put 'one\x0a?' finish get '4\x0a' ended
}

check_large() {
    serve
    expected '1100000, for so many lines'
    peer repeat 1100000 '\x0a' finish get '1100000\x0a' ended
    expected '1100001, in decimal, as an answer'
    peer put 'one\x0a?\x0a' get '1100001\x0a' close
}

check_unread() {
    serve
    client A -s put 'one\x0a' cram '?\x0a' say full hold close
    said A full
    soon sleeps || true # or it has no end of room for answers
    expected '2 for B, who has sent a line; A has sent one, and many questions, and reads no answer'
    peer put 'one\x0a?\x0a' get '2\x0a' finish get '2\x0a' ended
    release A
    done_well A
}

# A's thread waits in the middle of its answers.  Those that A finds then were all written before
# B asked.
check_order() {
    local heard
    serve
    client A -s cram 'x\x0a?\x0a' say full hold latest say read hold close
    said A full
    soon sleeps || true
    peer put '?\x0a' line close
    freeze
    release A
    said A read
    heard=$(sed -n 2p "$here/client.A")
    thaw
    expected 'at least %s for B, because A had got that total before B asked' "$heard"
    got '%s' "$(cat "$here/client.alone")"
    [ "${got:-0}" -ge "${heard:-0}" ] || fail 'B was told a smaller total than A before'
    release A
    done_well A
}

# The server has time to close before the client reads, where it does not wait for it to read.
check_late() {
    local before
    serve
    peer put 'one\x0a' finish line ended
    before=$(descriptors)
    client A put '?\x0a?\x0atwo\x0a?\x0aend' finish say asked hold get '1\x0a1\x0a2\x0a3\x0a' eof
    said A asked
    patience=2 soon has_descriptors "$before" || true
    expected '1, 1, 2 and 3, and the end, for a client that reads late'
    release A
    done_well A
}

check_crowd() {
    serve
    client A -n 200 put 'one\x0a' say sent hold put 'two\x0a?\x0a' line finish line ended
    said A sent
    release A
    expected 'answers for two hundred clients that are connected at the same time'
    done_well A
}

# The server finds the questions and the reset behind them at once: it can read the former,
# and not answer them.  Behind an end of the stream, a reset gives the first write SIGPIPE.
check_reset() {
    serve
    ask_and_reset
    peer -n 5 put 'half' reset
    freeze
    peer put 'one\x0a' reset # before it is accepted
    thaw
    expected 'a total for a client that comes after others have reset their connections'
    peer put 'two\x0a' finish line ended
}

ask_and_reset() {
    client A -n 12 put 'one\x0a' say sent hold put '?\x0a?\x0a?\x0a' reset
    client B -n 12 put 'one\x0a' say sent hold put '?\x0a?\x0a?\x0a' finish reset
    said A sent
    said B sent
    soon all_is_read || fail 'the server does not read what clients have sent'
    freeze
    release A
    release B
    done_well A
    done_well B
    thaw
}

come_and_go() {
    peer -n 25 put 'a line\x0a' finish drain
    peer -n 25 put 'a line\x0a?\x0a' line reset
    ask_and_reset
}

# What these leave behind is not hidden in the memory that larger things have used before.
small_ones() {
    talk many crowd $((2500 * $1)) 'a line\n?\nhalf'
    done_well many
}

check_leaves() {
    serve
    expected 'a total for each client, however others leave'
    keeps_nothing small_ones
    keeps_nothing come_and_go
}

# After a million lines, A's answers are more than the kernels take.
check_waits() {
    serve
    client A -s repeat 1000000 '\x0a' repeat 40000 '?\x0a' say sent hold take 320000 \
        put '?\x0a' get '1000001\x0a' finish line ended
    client B put 'half' say sent hold put ' line\x0a?\x0a' get '1000001\x0a' finish line ended
    said A sent
    said B sent
    sleep "$silence"
    expected 'an answer for B, which was silent in the middle of a line for %s seconds' "$silence"
    release B
    done_well B
    expected 'all answers for A, which read none of them for %s seconds' "$silence"
    release A
    done_well A
}
