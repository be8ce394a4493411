# What the hidden checks of finish-the-write do.

# shellcheck disable=SC2154  # the grader sets server_pid

check_full() {
    serve
    client A offer 16777216 say full hold
    said A full
    rests
}

# The first clients warm the program up: its language has a heap as large as it likes by then.
# For what the others need besides the bytes that are kept, there are 8 MiB more.  Each client
# gives up after 64 MiB.
check_bounded() {
    local before most
    serve
    expected 'at some point it takes no more from a client that sends and does not read'
    client first -s -n 4 fill say full hold
    said first full
    before=$(resident)
    most=$((before + (16 + 8) * 1024))
    client others -s -n 16 fill say full hold
    said others full
    expected 'for 16 clients more, at most 16 MiB more of memory, and 8 MiB besides: %s KiB' "$most"
    soon takes_at_most "$most" || fail 'it keeps too much'
}

takes_at_most() {
    local now
    now=$(resident)
    came '%s KiB, after %s KiB with 4 clients' "$now" "$before"
    [ "$now" -le "$1" ]
}

# Before anybody reads, the server shall have taken all that somebody has sent, and the end
# behind it, and still have some of it to write.  Which size does that depends on the system and
# on the server's own buffer.  So there are all sizes up to 256 KiB, 4 KiB apart, and the kernels
# keep less than that on the way.
check_tail() {
    local size sizes=()
    serve
    for size in {4..256..4}; do
        sizes+=("$size-KiB")
        client "$size-KiB" -s offer $((size * 1024)) finish say sent hold receive eof
    done
    for size in "${sizes[@]}"; do
        said "$size" sent
    done
    rests
    for size in "${sizes[@]}"; do
        release "$size"
    done
    for size in "${sizes[@]}"; do
        expected 'every byte, and then the end, for a client that ends before it begins to read'
        done_well "$size"
    done
}

check_several() {
    serve
    expected 'for each of 3 clients that read late its own bytes, in order'
    peer -n 3 offer 8388608 receive echo 100000 finish eof
}

# A stopped server finds the bytes, the end and the reset behind them all at once: the
# bytes can be read, but not answered.
check_reset() {
    local before
    serve
    peer echo 1000 finish eof
    client A echo 1000 say ready hold echo 1000
    said A ready
    before=$(descriptors)
    peer -n 10 echo 1000 finish eof
    peer -n 2 offer 16777216 reset
    kill -STOP "$server_pid"
    peer -n 2 send 1000 finish reset
    kill -CONT "$server_pid"
    expected '%s descriptors, or fewer, as before 10 clients that were done, and 4 that reset' \
        "$before"
    keeps_at_most "$before" descriptors
    release A
    expected 'an answer for a client that was connected meanwhile'
    done_well A
}

# A stop interrupts the call in which the program waits; A is told what comes of it.
check_signal() {
    serve
    client A echo 1000 say ready hold echo 1000 finish eof
    said A ready
    for _ in 1 2 3; do
        stop_and_go
    done
    release A
    expected 'an answer for a client that was connected meanwhile'
    done_well A
}
