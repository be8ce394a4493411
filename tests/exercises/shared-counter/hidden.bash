# What the hidden checks of shared-counter do.

# shellcheck disable=SC2154  # the grader sets them

# A piece is sent when the one before it has been read.
check_pieces() {
    local words=() piece
    serve
    for piece in 'one\x0atw' 'o\x0a?' '\x0athree' '\x0afour' '?\x0a'; do
        words+=(put "$piece" say sent hold)
    done
    client A "${words[@]}" get '2\x0a' finish get '4\x0a' eof
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
    serve
    expected '5 for a line with a NUL, one that is a NUL, an empty one, "?" with a NUL, and "??"'
    peer put 'a\x00b\x0a\x00\x0a\x0a?\x00\x0a??\x0a' finish get '5\x0a' eof
    expected '6: another line has come, of a million bytes'
    peer repeat 100000 'xxxxxxxxxx' put '\x0a' finish get '6\x0a' eof
}

check_last() {
    serve
    expected '2 for "one\\ntwo", with no newline at the end'
    peer put 'one\x0atwo' finish get '2\x0a' eof
    expected '2 for a client that sends nothing: that is no line'
    peer finish get '2\x0a' eof
    expected '4 for "one\\n?": without a newline, "?" is a line as any other'
    peer put 'one\x0a?' finish get '4\x0a' eof
}

# After many lines an answer is long: it does not take so many of them until no more fit.
check_unread() {
    serve
    client A repeat 1000000 '\x0a' cram '?\x0a' say full hold close
    said A full
    soon sleeps || true # or it has no end of room for answers
    expected '1000001 for B, who has sent a line; A has sent a million, and reads no answer'
    peer put 'one\x0a?\x0a' get '1000001\x0a' finish get '1000001\x0a' eof
    release A
    done_well A
}

# A thread that nobody joins leaves its stack behind: two more mappings for each client.
check_leaves() {
    local had maps
    serve
    comes_and_goes
    comes_and_goes
    had=$(($(descriptors) + $(threads)))
    maps=$(mappings)
    for _ in 1 2 3 4; do
        comes_and_goes
    done
    expected '%s descriptors and threads, or a few more, after 120 other clients' "$had"
    keeps_at_most $((had + 8)) descriptors threads
    expected '%s mappings of memory, or a few more, after 120 other clients' "$maps"
    came '%s' "$(mappings)"
    [ "$(mappings)" -le $((maps + 60)) ] || fail 'the server keeps something of its clients'
}

comes_and_goes() {
    peer -n 25 put 'a line\x0a' finish drain
    peer -n 5 put 'a line\x0a' reset
}

mappings() {
    wc -l <"/proc/$server_pid/maps"
}

# The server finds the questions and the reset behind them at once: it can read the former,
# and not answer them.  Behind an end of the stream, a reset gives the first write SIGPIPE.
check_reset() {
    serve
    client A -n 3 put 'one\x0a' say sent hold put '?\x0a?\x0a?\x0a' reset
    client B -n 3 put 'one\x0a' say sent hold put '?\x0a?\x0a?\x0a' finish reset
    said A sent
    said B sent
    soon all_is_read || fail 'the server does not read what clients have sent'
    kill -STOP "$server_pid"
    release A
    release B
    done_well A
    done_well B
    kill -CONT "$server_pid"
    peer -n 5 put 'half' reset
    expected 'a total for a client that comes after eleven have reset their connections'
    peer put 'two\x0a' finish line eof
}
