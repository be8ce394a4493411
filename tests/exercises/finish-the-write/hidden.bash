# What the hidden checks of finish-the-write do.

# shellcheck disable=SC1091,SC2034,SC2154  # check sets ROOT, and uses got

. "$ROOT/tests/grader/echo.bash"
. "$ROOT/tests/grader/crowd.bash"

check_full() {
    serve
    client A -x offer 16777216 say full hold
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
    client first -s -x -n 4 fill say full hold
    said first full
    before=$(memory)
    most=$((before + (16 + 8) * 1024))
    client others -s -x -n 16 fill say full hold
    said others full
    expected 'for 16 clients more, at most 16 MiB more of memory, and 8 MiB besides: %s KiB' "$most"
    soon takes_at_most "$most" || fail 'it keeps too much'
    expected 'an answer for a client that comes after 20 that do not read'
    peer -x echo 65536 finish ended
}

takes_at_most() {
    local now
    now=$(memory)
    got '%s KiB, after %s KiB with 4 clients' "$now" "$before"
    [ "$now" -le "$1" ] && got=
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
        client "$size-KiB" -s -x -i "$size" offer $((size * 1024)) finish say sent hold receive eof
    done
    for size in "${sizes[@]}"; do
        said "$size" sent
    done
    rests
    expected 'an answer for a newcomer while 64 clients have ended, and do not read'
    peer -x echo 64 finish ended
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
    peer -x -n 3 offer 8388608 receive echo 131072 finish ended
}

# Some clients leave room for more of their bytes in the server's buffer, and it finds at the same
# time that it can write a little and that more has come.  The kernels keep a part of what is
# offered, so there are many sizes.
check_order() {
    local size sizes=() more
    serve
    for size in {12..312..12}; do
        sizes+=("$size-KiB")
        client "$size-KiB" -s -x -i "$size" offer $((size * 1024)) say sent hold \
            part $((size % 24 == 0 ? 1500 : 20000)) offer 1000 say more hold receive finish ended
    done
    for more in sent more; do
        for size in "${sizes[@]}"; do
            said "$size" "$more"
        done
        if [ "$more" = sent ]; then
            patience=2 soon sleeps || true
            freeze
        fi
        for size in "${sizes[@]}"; do
            release "$size"
        done
    done
    thaw
    expected 'every byte, in order, for a client that sends more before it has read all'
    for size in "${sizes[@]}"; do
        done_well "$size"
    done
    peer -s -x offer 300000 part 5000 offer 70000 part 100000 offer 300000 part 1 offer 65536 \
        part 33333 offer 199936 send 64 receive finish ended
}

# The bytes of a client that has gone must not reach the next one, who may have its number.
check_inherit() {
    local i end
    serve
    expected 'for each new client its own bytes, when others have left with bytes to come'
    for end in close reset; do
        for i in 1 2 3; do
            client "$i" -s -x -i "$i" offer 1048576 say full hold "$end" say left
        done
        for i in 1 2 3; do
            said "$i" full
        done
        freeze
        release 2
        said 2 left
        client newcomer -n 2 -x -i 7 send 64 say sent receive finish ended
        said newcomer sent
        release 1
        release 3
        said 1 left
        said 3 left
        thaw
        done_well newcomer
        peer -n 5 -x -i 9 send 64 receive finish ended
    done
    leave_together A D reset
    leave_together B C reset
}

check_reset() {
    serve
    client A -x echo 1024 say ready hold echo 1024
    said A ready
    reset_unseen
    peer -x -n 2 offer 16777216 reset
    peer -s -x -n 2 offer 1048576 finish reset
    release A
    expected 'an answer for a client that was connected while others have reset their connections'
    done_well A
}

# Of what is left, the sockets are counted first: a program has no reason to keep one.
check_leak() {
    local before i
    serve
    peer -x echo 64 finish ended
    before=$(sockets)
    for i in 1 2 3; do
        peer -s -x -n 2 offer 1048576 reset
        peer -s -x offer 262144 finish reset
        peer -s -x offer 1048576 close
        reset_unseen
    done
    peer -x echo 64 finish ended
    expected '%s sockets, as before clients that left with bytes to come' "$before"
    keeps_at_most "$before" sockets
    expected 'an answer for each client that comes after others have left'
    keeps_nothing leave_with_bytes
}

leave_with_bytes() {
    local i
    visit_and_leave "$1"
    for i in {1..20}; do
        client "$i" -s -x offer $((i * 16384)) reset
    done
    for i in {1..20}; do
        done_well "$i"
    done
}

check_rests() {
    serve
    client A -x echo 64 say ready hold echo 64
    said A ready
    one_of_each
    peer -s -x offer 1048576 finish reset
    peer -x echo 64 finish ended
    rests
    release A
    expected 'an answer for a client that was connected meanwhile'
    done_well A
}

# A stop interrupts the call in which the program waits; A is told what comes of it.
check_signal() {
    serve
    client A -x echo 1024 say ready hold echo 1024 finish ended
    said A ready
    for _ in 1 2 3; do
        stop_and_go
    done
    release A
    expected 'an answer for a client that was connected meanwhile'
    done_well A
}
