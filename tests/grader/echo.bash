# Hidden checks that the echo servers have in common: the exercises' hidden.bash source this.
# They send text in whole lines, so that trouble with other bytes, or with pieces of lines, costs
# the checks that are about these.

# shellcheck disable=SC2034,SC2154  # checks.bash uses some variables, and sets others

check_taken() {
    local status=0
    free_address
    listen_there
    expected 'it ends, with a status other than 0, when another program listens on %s' "$address"
    start "$address"
    if ! soon ended "$runner"; then
        got 'it runs on'
        fail 'the program does not notice that it cannot listen'
    fi
    wait "$runner" || status=$?
    how_it_ended
    [ "$status" -ne 0 ] || fail 'the program hides that it cannot listen'
}

listen_there() {
    "$PEER" -t 600 -l "$address" hold >"$here/client.holder" 2>&1 &
    client_pid[holder]=$!
    soon listens || cannot "no listener at $address"
}

# Of all the round trips, the quickest counts: so a busy machine does no harm.
check_prompt() {
    serve
    expected '500 lines come back, each before the next is sent, the quickest within 30 ms'
    peer -x trips 500 64
}

# Each message is there as a whole when the program reads.  The first million lets the kernels
# keep more on the way.
check_sizes() {
    local size sizes=(64 128 192 256 512 1024 4096 32768 65536 131072 1048576) words=()
    for size in "${sizes[@]}"; do
        words+=(hold offer "$size" say "sent-$size" receive say "got-$size")
    done
    serve
    expected '1048576 bytes, as they were sent'
    client A -x echo 1048576 say begun "${words[@]}"
    said A begun
    for size in "${sizes[@]}"; do
        expected '%s bytes, as they were sent, when all can be read at once' "$size"
        freeze
        release A
        said A "sent-$size"
        thaw
        said A "got-$size"
    done
    done_well A
}

# visit_and_leave FACTOR: clients leave in each way, so that the program learns it in read or in
# write, and when it has bytes to write.
visit_and_leave() {
    local i
    talk alone visits $(($1 * 250)) finished visits $(($1 * 250)) gone \
        visits $(($1 * 250)) reset visits $(($1 * 100)) silent visits $(($1 * 100)) unread
    done_well alone
    for i in {1..5}; do # while each is served, it fills the kernels' buffers
        client "$i" -s offer 1048576 reset
    done
    for i in {1..5}; do
        done_well "$i"
    done
    for i in {1..15}; do
        reset_unseen
    done
}

# A stopped server finds the bytes and the reset behind them together, in the second case the
# end of the stream in between: the bytes can be read, and to write them fails; in the second
# case a signal comes with that.  Both have room in a short backlog.
reset_unseen() {
    freeze
    peer put 'Hello\n' reset
    peer put 'Hello\n' finish reset
    thaw
    peer put 'Hello\n' get 'Hello\n' close
}

check_leak() {
    serve
    expected 'an answer for each client that comes after others have left'
    keeps_nothing visit_and_leave
}

# one_of_each: a client leaves in each way; what happens to the program then may be busy work.
one_of_each() {
    talk alone visits 2 finished visits 2 gone visits 2 reset visits 2 silent visits 2 unread
    done_well alone
    peer -s offer 1048576 reset
    reset_unseen
}

check_waits() {
    serve
    talk silent join a put a 'One\n' hear a 'One\n' say silent pause $((silence * 1000)) \
        put a 'Two\n' hear a 'Two\n'
    said silent silent
    expected 'an answer for a client that has been silent for %s seconds' "$silence"
    done_well silent
}

check_slow() {
    serve
    client slow -s -x offer 1048576 say full hold receive send 64 receive finish ended
    said slow full
    sleep "$silence"
    release slow
    expected 'every byte for a client that begins to read after %s seconds' "$silence"
    done_well slow
}
