# The visible checks of broadcast.
# shellcheck disable=SC2034,SC2054,SC2154  # what checks.bash takes and sets; A,B is one word

# fresh: starts the server; one that was started before is stopped.  What one room leaves behind
# is nothing that the next one meets.
fresh() {
    if [ -n "$runner" ]; then
        kill -TERM "$runner" 2>/dev/null || true
        wait "$runner" || true
    fi
    serve
}

# room STEP...: starts the server and lets A, B and C meet; then plays the steps to the end.
room() {
    fresh
    talk room join A,B,C meet A,B,C "$@"
    done_well room
}

# slow_reader STEP...: the same with A, B, and S, which reads nothing on its own.
slow_reader() {
    fresh
    talk room join A,B small S meet A,B,S "$@"
    done_well room
}

check_others() {
    expected 'each of the others hears the line, a newcomer too, and its sender does not'
    room put A 'one\n' hear B,C 'one\n' put B 'two\n' hear A,C 'two\n' \
        join D meet D,A,B,C put C 'three\n' hear A,B,D 'three\n'
}

check_pieces() {
    local i steps=()
    expected 'the line of A in one piece, and no byte of it before its newline has come'
    for ((i = 0; i < 20; i++)); do
        steps+=(put A 'he' put B 'between\n' hear A,C 'between\n')
        steps+=(put A 'l' put C 'again\n' hear A,B 'again\n' put A 'lo\n' hear B,C 'hello\n')
    done
    room "${steps[@]}"
}

check_several() {
    expected 'each whole line that has come is passed on at once, the rest when it is whole'
    room put A 'one\ntwo\nthr' hear B,C 'one\ntwo\n' put B 'x\n' hear A,C 'x\n' \
        put A 'ee\nfour\n' hear B,C 'three\nfour\n'
}

check_leaves() {
    expected 'the last lines of those who leave are heard, and the others talk on'
    room put A 'bye\n' close A hear B,C 'bye\n' last B 'ciao\n' hear C 'ciao\n' end B \
        join D meet D,C put D 'hello\n' hear C 'hello\n' last C 'bye\n' hear D 'bye\n' end C \
        finish D end D join E,F meet E,F put E 'hello\n' hear F 'hello\n'
}

check_slow() {
    expected 'B hears all that A says, 4 MiB, while S reads nothing'
    slow_reader pour A 8192 B put B 'done\n' hear A 'done\n'
}

# The kernels keep some 50 KiB for S.
check_dropped() {
    expected 'S, for which 1.2 MiB were to be kept, has been closed; A and B talk on'
    serve
    talk room join A small S join B meet A,B,S pour A 2560 B cut S 2560 \
        put B 'done\n' hear A 'done\n'
    done_well room
}
