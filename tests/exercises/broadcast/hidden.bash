# The hidden checks of broadcast.
# shellcheck disable=SC2034,SC2054,SC2154  # as in checks.bash

check_late() {
    expected 'S hears each byte of 250 KiB, though it begins to read late'
    slow_reader pour A 500 B catch S 500 put A 'done\n' hear B,S 'done\n'
}

check_longest() {
    local most
    printf -v most '%1023s' ''
    most=${most// /x}
    expected 'lines of 1024 bytes are passed on, at once and in pieces'
    room put A "$most\\n" hear B,C "$most\\n" \
        put B "$most" put A 'between\n' hear B,C 'between\n' put B '\n' hear A,C "$most\\n"
}

check_too_long() {
    local most
    printf -v most '%1024s' ''
    most=${most// /x}
    expected 'who sends a line of 1025 bytes is closed, and nothing of it is passed on'
    room put A "$most\\n" end A put B 'one\n' hear C 'one\n' \
        put B "$most$most" end B join D meet C,D put D 'two\n' hear C 'two\n'
}

check_unfinished() {
    expected 'what A has left without a newline is passed on to nobody, and mixes with nothing'
    room put A 'one\nhal' close A hear B,C 'one\n' put B 'two\n' hear C 'two\n' \
        join D meet D,B,C put D 'three\n' hear B,C 'three\n'
}

check_bytes() {
    expected 'a line may hold any bytes, and may be empty'
    room put A 'a\x00b\xff\x0d\n' hear B,C 'a\x00b\xff\x0d\n' put B '\n' hear A,C '\n'
}

# A connection may end in any way: nothing of it is left.
check_reset() {
    serve
    talk room join B,C meet B,C say met hold put B 'one\n' hear C 'one\n'
    said room met
    local before
    before=$(descriptors)
    expected 'when its other clients have gone, the server has no more descriptors than before: %s' \
        "$before"
    peer -n 20 close
    peer -n 20 put half reset
    peer -n 20 finish ended
    keeps_at_most "$before" descriptors
    release room
    done_well room
}

check_rests() {
    serve
    talk room join A,B small S meet A,B,S pour A 384 B say poured hold catch S 384
    said room poured
    rests
    release room
    done_well room
}
