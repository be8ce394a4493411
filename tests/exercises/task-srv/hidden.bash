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

# As long as the agent does not read, the kernels cannot keep all of the answers for a.
check_finishes() {
    local before all='' answers=() last
    for _ in 1 2 3; do
        choose
        all+=$request
        answers+=(take a "${answer[@]}")
    done
    choose
    last=("$request" "${answer[@]}")
    choose
    expected 'three answers and the end, for three requests that come together with the end'
    begin_agent small a last a "$all" "${answers[@]}" eof a \
        join c put c "$request" take c "${answer[@]}" say ready hold \
        join b last b "${last[0]}" say asked hold take b "${last[@]:1}" eof b \
        join d last d "${request:0:12}" eof d put c "$request" take c "${answer[@]}"
    said agent ready
    before=$(descriptors)
    release agent
    said agent asked
    expected 'an answer and the end, for an agent that shuts down its side and reads late'
    patience=2 soon has_at_most "$before" descriptors || true # it may still be writing
    got=
    release agent
    done_well agent
}

# Sets steps to an agent that leaves in the middle of its answers, in many ways; answers to those
# that are complete, and freezes to how often it freezes and thaws the program, which then finds
# two events at the same time.  Never more than three connections are open.
leave_early() {
    local name kind freeze=(say freeze hold) thaw=(say thaw hold)
    ask_d() {
        choose
        answers+=("${answer[*]}")
        steps+=(put d "$request" take d "${answer[@]}")
    }
    steps=(join d) answers=() freezes=0
    ask_d
    steps+=(small a,b)
    for name in a b; do
        choose
        steps+=(put "$name" "$request" take "$name" 1000 "${answer[1]}")
    done
    # Of a half-closed connection that is reset, the next write fails with EPIPE at once.
    steps+=(finish a reset a close b)
    ask_d
    choose
    steps+=(small c put c "$request" take c 1000 "${answer[1]}" reset c)
    ask_d
    for kind in reset close; do
        for name in a,b b,a; do
            choose
            steps+=(small a put a "$request" take a 1000 "${answer[1]}")
            choose
            steps+=(small b put b "$request" take b 1000 "${answer[1]}")
            steps+=("${freeze[@]}" "$kind" "$name" "${thaw[@]}")
            ask_d
            freezes=$((freezes + 2))
        done
    done
    # One that has gone before it is accepted.
    choose
    steps+=("${freeze[@]}" join e put e "$request" reset e "${thaw[@]}")
    freezes=$((freezes + 2))
    ask_d
}

check_early_close() {
    local steps answers freezes
    leave_early
    expected 'd is answered, after others have gone in the middle of their answers'
    begin_agent "${steps[@]}"
    directs agent "$freezes"
    done_well agent
}

check_broken() {
    local steps answers freezes
    leave_early
    begin_agent "${steps[@]}"
    directs agent "$freezes"
    done_well agent
    tells_all "${answers[@]}"
}

# Most of the answers of a and b is still to be written when d has all of its own.  Then c reads an
# answer little by little, to see when the line is printed; the kernels keep some 110 KB, and
# more with time, in steps of some 30 KB; so the lengths differ.
check_told_once() {
    local steps=(small a,b,d) rest=() answers=() name length taken lengths last
    for name in a b; do
        choose
        answers+=("${answer[*]}")
        steps+=(put "$name" "$request" take "$name" 1000 "${answer[1]}")
        rest+=(take "$name" $((answer[0] - 1000)) "${answer[1]}")
    done
    choose
    last=("${answer[@]}")
    steps+=(put d "$request" take d "${answer[@]}" say served hold "${rest[@]}")
    # One leaves after the other.
    choose
    answers+=("${answer[*]}")
    steps+=(close a put d "$request" take d "${answer[@]}" close b where)
    lengths=(192001 196609 201001 205801 212992 215401 220201 229377)
    for length in "${lengths[@]}"; do
        request_for "$length" T
        answers+=("$length T")
        steps+=(small c put c "$request")
        for ((taken = 0; taken < 48000; taken += 4000)); do
            steps+=(say "$length-$taken" hold take c 4000 T)
        done
        steps+=(take c $((length - taken)) T close c)
    done
    expected 'd is answered, while a and b have read only 1000 bytes of their answers'
    begin_agent "${steps[@]}"
    said agent served
    tells_all "${last[*]}"
    release agent
    eventually knows_where
    for length in "${lengths[@]}"; do
        for ((taken = 0; taken < 48000; taken += 4000)); do
            said agent "$length-$taken"
            nothing_told_early "$length" "$taken"
            release agent
        done
    done
    expected 'each byte of each answer'
    done_well agent
    tells_all "${answers[@]}" "${last[*]}"
}

# Where the line is there, all has been written: what the agent has not read is on the way, but
# for 4096 bytes that talk may have in its own buffer.
nothing_told_early() {
    told "$1" T || return 0
    expected 'no line before the last byte of an answer is written'
    got 'the line is there, and %s bytes are missing' $(($1 - $2 - $(on_the_way)))
    [ $(($2 + 4096 + $(on_the_way))) -ge "$1" ] || fail 'the line is printed too early'
    got=
}

# Sets address to where the program listens: the agent has printed it.
knows_where() {
    ended "${client_pid[agent]}" || address=$(grep -xE '[0-9.]+:[0-9]+' "$here/client.agent") || return
    port=${address##*:}
}

# A connection may end in any way: nothing of it is left.  Which one ends in the middle of a
# request, or of an answer, makes a difference; no more than three are open.
come_and_go() {
    local i
    choose
    for ((i = 0; i < 10; i++)); do
        talk leaves small x put x "$request" take x 1000 "${answer[1]}" reset x \
            small y put y "$request" take y 1000 "${answer[1]}" finish y reset y \
            small z put z "$request" take z 1000 "${answer[1]}" close z \
            join w put w "${request:0:8}" close w join x,y finish x end x reset y \
            join x put x "$request" take x "${answer[@]}" finish x end x
        done_well leaves
    done
    talk many crowd $((20 * $1)) "$request"
    done_well many
}

# What these leave behind is not hidden in the memory that larger things have used before.
small_ones() {
    talk many crowd $((2000 * $1)) "${request:0:8}"
    done_well many
}

check_ends() {
    begin_agent where hold
    eventually knows_where
    expected 'the agent is served, however connections end'
    choose
    keeps_nothing small_ones
    keeps_nothing come_and_go
}

check_edges() {
    local n byte steps=(join a)
    expected 'the right answer for each letter, and for lengths from 190000 to 229999'
    local lengths=(190000 196607 196608 196609 204800 212992 229375 229376 229377 229999)
    for ((n = 0; n < 20; n++)); do
        byte=$(letter "$n")
        request_for "${lengths[n]:-$((196608 + 128 * n))}" "$byte"
        steps+=(put a "$request" take a "${answer[@]}")
    done
    agent "${steps[@]}"
}

check_keyword() {
    printf -v keyword 'Word%060d' "$(random 100000)"
    expected 'the message with a keyword of 64 letters and digits'
    agent join a close a
}

# The program has time to notice while it rests.
check_goodbye() {
    choose
    begin_agent join a put a "$request" take a "${answer[@]}" close agent say closed hold \
        put a "$request" take a "${answer[@]}" join b put b "$request" take b "${answer[@]}"
    said agent closed
    rests
    expected 'answers, after the agent has closed the connection that took the message'
    release agent
    done_well agent
}

check_waits() {
    local silent
    choose
    silent=("$request" "${answer[@]}")
    choose
    expected 'answers, after a did not read for %s seconds, and d and e were silent' "$silence"
    agent join d small a put a "$request" take a 1000 "${answer[1]}" join e \
        put e "${silent[0]:0:8}" pause $((silence * 1000)) \
        take a $((answer[0] - 1000)) "${answer[1]}" \
        put e "${silent[0]:8}" take e "${silent[@]:1}" put d "${silent[0]}" take d "${silent[@]:1}"
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
