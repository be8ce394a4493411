# The hidden checks of echo-to-eof.

# shellcheck disable=SC2154  # server_pid

check_long() {
    local length=$((1000000 + $(random 1000)))
    expected '%s bytes come back' "$length"
    serve
    peer echo "$length"
}

# The first client's reset meets the program in read.  The second one's is there before the
# program has read anything, and comes behind the end of the stream: so the read succeeds, and
# the write fails with SIGPIPE.
check_reset() {
    expected 'a client is served after another has reset its connection'
    serve
    client first put One get One say served hold reset
    said first served
    release first
    done_well first
    peer put Two get Two close
    kill -STOP "$server_pid"
    peer send 160 finish reset
    kill -CONT "$server_pid"
    peer put Three get Three
}

check_rests() {
    serve
    rests
    talk silent join a put a One hear a One say silent pause 10000 put a Two hear a Two
    said silent silent
    rests
    expected 'an answer for a client that has been silent for ten seconds'
    done_well silent
}

check_leak() {
    local before
    serve
    peer put Hello get Hello close # a language may open something of its own for the first one
    peer put Hello get Hello close
    before=$(descriptors)
    expected '%s descriptors, as after the first clients, or fewer' "$before"
    for _ in {1..20}; do # one at a time: the backlog may be short
        peer put Hello close
        peer reset
    done
    peer put Hello get Hello close
    keeps_at_most "$before" descriptors
}
