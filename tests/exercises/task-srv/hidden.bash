# The hidden checks of task-srv.
# shellcheck disable=SC2034,SC2054,SC2154  # as in checks.bash

check_pieces() {
    local i first between steps=(join a,b)
    expected 'the answer to a request of a that comes byte by byte, b served between them'
    choose
    first=("$request" "${answer[@]}")
    choose
    between=(put b "$request" take b "${answer[@]}")
    for i in 0 4 8 12; do
        steps+=(put a "${first[0]:i:4}" "${between[@]}")
    done
    agent "${steps[@]}" put a "${first[0]:16}" take a "${first[@]:1}"
}

check_at_once() {
    local all='' answers=()
    for _ in 1 2 3; do
        choose
        all+=$request
        answers+=(take a "${answer[@]}")
    done
    choose
    expected 'four answers, in the order of their requests: three and a half came in one segment'
    agent join a put a "$all${request:0:8}" "${answers[@]}" put a "${request:8}" \
        take a "${answer[@]}" finish a end a
}

check_early_close() {
    local steps=(small a,b,c,d) name
    expected 'd is answered, after a, b and c have gone in the middle of their answers'
    for name in a b c; do
        choose
        steps+=(put "$name" "$request" take "$name" 1000 "${answer[1]}")
    done
    # Of a half-closed connection that is reset, the next write fails with EPIPE at once.
    steps+=(finish a reset a close b reset c)
    choose
    agent "${steps[@]}" put d "$request" take d "${answer[@]}" join e put e "$request" \
        take e "${answer[@]}"
}

# Most of the answers of a, b and c is still to be written when d has all of its own.
check_told_once() {
    local steps=(small a,b,c,d) rest=() answers=() name
    for name in a b c; do
        choose
        answers+=("${answer[*]}")
        steps+=(put "$name" "$request" take "$name" 1000 "${answer[1]}")
        rest+=(take "$name" $((answer[0] - 1000)) "${answer[1]}")
    done
    choose
    expected 'd is answered, while a, b and c have read only 1000 bytes of their answers'
    begin_agent "${steps[@]}" put d "$request" take d "${answer[@]}" say served hold "${rest[@]}"
    said agent served
    tells_all "${answer[*]}"
    release agent
    done_well agent
    tells_all "${answers[@]}" "${answer[*]}"
}

# A connection may end in any way: nothing of it is left.
check_ends() {
    local before i steps=()
    choose
    for ((i = 0; i < 20; i++)); do
        steps+=(join w,x,y put w "${request:0:8}" close w finish x end x reset y)
    done
    # Who has shut its side down is still owed what it has asked for; both come at once.
    steps+=(join x last x "$request" take x "${answer[@]}" end x)
    begin_agent join a put a "$request" take a "${answer[@]}" say served hold "${steps[@]}" \
        say gone hold put a "$request" take a "${answer[@]}"
    said agent served
    before=$(descriptors)
    expected 'when the others have gone, the program has no more descriptors than before: %s' \
        "$before"
    release agent
    said agent gone
    keeps_at_most "$before" descriptors
    release agent
    done_well agent
}

check_edges() {
    local n byte steps=(join a)
    expected 'the right answer for each letter, and for the smallest and largest lengths'
    for ((n = 0; n < 20; n++)); do
        byte=$(letter "$n")
        case $n in
        0) request_for 190000 "$byte" ;;
        19) request_for 229999 "$byte" ;;
        *) request_for $((196608 + 128 * n)) "$byte" ;;
        esac
        steps+=(put a "$request" take a "${answer[@]}")
    done
    agent "${steps[@]}"
}

check_rests() {
    choose
    begin_agent join d put d "$request" take d "${answer[@]}" \
        small a put a "$request" take a 1000 "${answer[1]}" say served hold \
        take a $((answer[0] - 1000)) "${answer[1]}"
    said agent served
    rests
    release agent
    done_well agent
}
