# The visible checks of task-srv.  The grader plays the agent with talk (see ../../grader/talk.c).
# shellcheck disable=SC2034,SC2054,SC2154  # what checks.bash takes and sets; a,b is one word

chosen=' 0 ' # the lengths that choose has given
keyword=     # where a check does not set it, one is chosen
who=agent    # the client that plays the agent

# agent STEP...: plays the agent, who takes the program's message first, then carries out the
# steps; starts the program; and waits for the agent's end.
agent() {
    begin_agent "$@"
    done_well "$who"
}

begin_agent() {
    address=127.0.0.1:0
    keyword=${keyword:-word$(random 100000)}
    talk "$who" listen keyword "$keyword" "$@"
    eventually said_listening
    address=$(sed -n 's/^Listening on //p' "$here/client.$who")
    start "$address" "$keyword"
}

said_listening() {
    grep -q '^Listening on ' "$here/client.$who" || ended "${client_pid[$who]}"
}

# Sets request and answer for talk: how many bytes, and which byte.  No length comes twice.  No
# byte of it is above 127, and none is the same as another, unless any length will do.
choose() {
    local length=0
    while [[ $chosen = *" $length "* ]]; do
        length=$((196608 + (16 + $(random 32)) * 256 + 64 + $(random 64)))
        [ "${1:-}" != any ] || length=$((190000 + $(random 200) * 200 + $(random 200)))
    done
    chosen+="$length "
    request_for "$length" "$(letter "$(random 20)")"
}

# The letter number N: A is 0.
letter() {
    # shellcheck disable=SC2059  # the number is the format
    printf "\\x$(printf %x $((65 + $1)))"
}

request_for() {
    printf -v request '\\x%02x' $(($1 >> 24)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255))
    request+=$2
    answer=("$1" "$2")
}

# Whether the program has told of LENGTH bytes of LETTER.  B may stand for the letter or for
# its number, which the course's own template prints.
told() {
    grep -aqxE "Wrote $1 bytes of byte ($2|$(printf %d "'$2"))" "$log"
}

# tells_all ANSWER...: fails the check where the log has not just one line for each of them.
tells_all() {
    local one lines
    for one; do
        expected 'a line of its own: Wrote %s bytes of byte %s' "${one% *}" "${one#* }"
        # shellcheck disable=SC2086  # two words
        soon told $one || fail 'the line is not in the output'
    done
    expected 'one such line for each of %s answers' $#
    lines=$(grep -acxE 'Wrote [0-9]+ bytes of byte ([A-T]|[0-9]+)' "$log")
    got '%s lines' "$lines"
    [ "$lines" -eq $# ] || fail 'there are more such lines than answers that were written'
    got=
}

# Of two programs side by side only one can have a port that they have chosen themselves.
check_registers() {
    expected 'the message, and a program that listens where the message says'
    begin_agent join a close a say served hold join b close b
    said agent served
    client_pid[program]=$runner # it ends as the clients do; there is room for another one
    mv "$log" "$log.first"
    expected 'the same of a second program that is started while the first one runs'
    who=second
    keyword=
    agent join a close a
    release agent
    done_well agent
}

# When the program waits, all has come that it writes by itself.
check_one_write() {
    expected 'the whole message with one write'
    begin_agent say told hold one-piece agent
    said agent told
    patience=2 soon sleeps || true
    release agent
    done_well agent
}

check_answer() {
    choose
    expected '%s bytes %s, and the end of the stream when the agent has shut its side down' \
        "${answer[@]}"
    agent join a put a "$request" take a "${answer[@]}" finish a end a
}

check_turns() {
    local i steps=(join a)
    for i in 1 2 3; do
        choose
        steps+=(put a "$request" take a "${answer[@]}")
    done
    expected 'three answers on one connection, none a byte too long or too short'
    agent "${steps[@]}" finish a end a
}

check_log() {
    local i steps=() answers=()
    for i in a a b b; do
        [[ " ${steps[*]} " == *" join $i "* ]] || steps+=(join "$i")
        choose
        answers+=("${answer[*]}")
        steps+=(put "$i" "$request" take "$i" "${answer[@]}")
    done
    agent "${steps[@]}" finish a,b end a,b
    tells_all "${answers[@]}"
}

check_side_by_side() {
    local first
    expected 'b is answered while a reads nothing of its answer, and d says nothing'
    choose
    first=("${answer[@]}")
    local steps=(join d small a,b put a "$request")
    choose
    steps+=(put b "$request" take b "${answer[@]}")
    choose
    steps+=(put d "$request" take d "${answer[@]}" take a "${first[@]}")
    agent "${steps[@]}"
}

# As the agent of the course does it, but that it looks at each byte.  Each round reads some
# of each answer, so no connection is done before the others.
check_agent() {
    local round name steps=()
    declare -A rest letters
    expected 'three connections, with three answers on each, read slowly and in turns'
    for name in a b c; do
        choose any
        steps+=(small "$name" put "$name" "$request" pause 100)
        rest[$name]=${answer[0]} letters[$name]=${answer[1]}
    done
    for round in 1 2 3; do
        for _ in 1 2 3 4 5 6; do
            for name in a b c; do
                steps+=(take "$name" 30000 "${letters[$name]}")
            done
            steps+=(pause 20)
        done
        for name in a b c; do
            steps+=(take "$name" $((${rest[$name]} - 180000)) "${letters[$name]}")
            [ "$round" -lt 3 ] || continue
            choose any
            steps+=(put "$name" "$request")
            rest[$name]=${answer[0]} letters[$name]=${answer[1]}
        done
    done
    agent "${steps[@]}" finish a,b,c end a,b,c
}
