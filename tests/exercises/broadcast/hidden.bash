# The hidden checks of broadcast.
# shellcheck disable=SC2034,SC2054,SC2154  # as in checks.bash

# When S has read a little, its socket has room for a line, while the server still keeps more.
check_late() {
    local i text most steps=()
    printf -v text '%999s' ''
    text=${text// /x}\\n
    for ((i = 0; i < 200; i++)); do
        steps+=(put A "$text" hear B "$text")
    done
    for ((i = 1; i <= 20; i++)); do
        steps+=(hear S "$text$text" put A "new $i\\n" hear B "new $i\\n")
    done
    for ((i = 40; i < 200; i++)); do
        steps+=(hear S "$text")
    done
    for ((i = 1; i <= 20; i++)); do
        steps+=(hear S "new $i\\n")
    done
    expected 'S, which reads late and slowly, hears all lines in the order in which they were sent'
    slow_reader "${steps[@]}"
    expected 'S hears each byte of 250 KiB, though it begins to read late'
    slow_reader pour A 500 B catch S 500 put A 'done\n' hear B,S 'done\n'
    # Now the same, and then as many lines of C as let 227 KiB be for the server to keep.
    fresh
    talk again join E,F small T meet E,F,T pour E 500 F say poured hold catch T 500
    said again poured
    most=$((227 * 1024 - 250 * 1024 + $(on_the_way)))
    if [ "$most" -gt 0 ]; then # the lines poured have 512.5 bytes on average
        talk more join C,D meet C,D pour C $((most * 2 / 1025)) D put D 'x\n' hear C 'x\n' \
            say poured hold
        said more poured
    fi
    expected 'the same where the server has to keep 227 KiB for T, besides what the kernels keep'
    release again
    done_well again
}

# Sets text to many short lines.  It has 1998 bytes.
short_lines() {
    printf -v text '%666s' ''
    text=${text// /ab\\n}
}

# For S, 200 KB of short lines are kept; for T, all the time, up to 255 KB of the 3 MB that C says;
# then 205 KB for each of six.  What the kernels take of that is less.
check_each() {
    local i text steps=()
    short_lines
    for ((i = 0; i < 100; i++)); do
        steps+=(put A "$text" hear B "$text")
    done
    for ((i = 0; i < 100; i++)); do
        steps+=(hear S "$text")
    done
    expected 'S, which begins to read late, hears each of 66600 lines of 3 bytes'
    slow_reader "${steps[@]}"
    steps=(join C,D small T meet C,D,T)
    for ((i = 0; i < 120; i++)); do
        steps+=(pour C 50 D)
        [ "$i" -lt 9 ] || steps+=(catch T 50)
    done
    for ((i = 0; i < 9; i++)); do
        steps+=(catch T 50)
    done
    expected 'T hears each byte of 3 MB, though it is always 230 KB late'
    fresh
    talk steady "${steps[@]}"
    done_well steady
    expected 'each of six clients that begin to read late hears each byte of 200 KB'
    fresh
    talk six join E,F small 1,2,3,4,5,6 meet E,F,1,2,3,4,5,6 pour E 400 F \
        catch 1,2,3,4,5,6 400
    done_well six
}

check_speaks() {
    expected 'A and B hear a line of S, which has not read 200 KB of theirs, and then S hears those'
    slow_reader pour A 400 B put S 'I am here\n' hear A,B 'I am here\n' catch S 400
}

check_longest() {
    local most
    printf -v most '%1023s' ''
    most=${most// /x}
    expected 'lines of 1024 bytes are passed on, at once and in pieces'
    room put A "$most\\n" hear B,C "$most\\n" \
        put B "$most" put A 'between\n' hear B,C 'between\n' put B '\n' hear A,C "$most\\n"
}

# Nothing else is left to a client that has sent too much: it keeps no descriptor either.
check_too_long() {
    local most
    printf -v most '%1024s' ''
    most=${most// /x}
    expected 'who sends a line of 1025 bytes is closed, and nothing of it is passed on'
    room put A "$most\\n" end A put B 'one\n' hear C 'one\n' \
        put B "$most$most" end B join D meet C,D put D 'two\n' hear C 'two\n'
    expected 'the whole lines before a line of 1025 bytes, and those of other clients after it'
    fresh
    talk again join E,F,G meet E,F,G put E "one\\n$most\\n" hear F,G 'one\n' end E \
        put F "one\\ntwo\\n$most" hear G 'one\ntwo\n' end F \
        join H meet G,H put H "${most:0:1000}" put G 'x\n' hear H 'x\n' \
        put H "${most:0:23}\\nab\\n$most" hear G "${most:0:1023}\\nab\\n" end H
    done_well again
}

check_unfinished() {
    expected 'what A has left without a newline is passed on to nobody, and mixes with nothing'
    room put A 'one\nhal' close A hear B,C 'one\n' put B 'two\n' hear C 'two\n' \
        join D meet D,B,C put D 'three\n' hear B,C 'three\n'
}

check_bytes() {
    expected 'a line may hold any bytes, and may be empty'
    room put A 'a\x00b\xff\x0d\n' hear B,C 'a\x00b\xff\x0d\n' put B '\n' hear A,C '\n' \
        put C '\n\none\n\n\n' hear A,B '\n\none\n\n\n' put B '\x00\n \n' hear A,C '\x00\n \n'
}

# What B is to read has been written when only B has bytes on the way.
check_closes() {
    serve
    talk room join A,B,C meet A,B,C put A 'one\n' hear C 'one\n' say sent hold finish B \
        join D meet A,C,D say closed hold hear B 'one\n' eof B
    said room sent
    soon something_is_on_the_way
    expected 'the line that was written to B before it shut down its side, and then the end'
    release room
    said room closed
    soon has_peer_closed || true
    release room
    done_well room
}

something_is_on_the_way() {
    [ "$(on_the_way)" -ge 4 ]
}

# Whether a client finds that the server has closed: CLOSE_WAIT, TIME_WAIT, or a reset.
has_peer_closed() {
    [ "$(awk -v port="$(printf :%04X "$port")" '$3 ~ port "$" && $4 == "01"' /proc/net/tcp |
        wc -l)" -le 3 ]
}

# A frozen server finds at the same time what happens meanwhile: a line of B and that A, to whom it
# goes, has reset, in each order of their descriptors and of the events: a write to A may bring
# SIGPIPE.  Then two leave together, while others talk and connect.
check_reset() {
    local i first names steps=()
    local freeze=(say freeze hold) thaw=(say thaw hold)
    for names in A,B B,A; do
        for first in line leave; do
            steps+=(join "$names" meet A,B,C "${freeze[@]}")
            [ "$first" = leave ] || steps+=(put B 'one\n')
            steps+=(finish A reset A)
            [ "$first" = line ] || steps+=(put B 'one\n')
            steps+=("${thaw[@]}" hear C 'one\n' put C 'two\n' hear B 'two\n' close B)
        done
    done
    for i in reset close; do
        for names in A,B B,A; do
            # E and F may hear the line of D, or not, so it is one that meet expects.
            steps+=(join A,B,D meet A,B,C,D "${freeze[@]}" put D '?\n' "$i" "$names" join E,F
                "${thaw[@]}" hear C '?\n' meet C,E,F put C 'two\n' hear E,F 'two\n' close D,E,F)
        done
    done
    expected 'the others talk on when a client resets its connection, or two leave together'
    serve
    talk room join C "${steps[@]}"
    directs room 16
    done_well room
}

# What is kept for S is more than the kernels take, and S leaves without having read it.
check_place() {
    expected 'D, which comes when S has left, hears only what is said then'
    slow_reader pour A 400 B close S meet A,B join D meet A,B,D put A 'one\n' hear B,D 'one\n' \
        small T meet A,B,D,T pour A 400 B,D close T meet A,B,D \
        join E meet A,B,D,E put A 'two\n' hear B,D,E 'two\n'
}

check_crowd() {
    local i names=A
    for ((i = 1; i < 130; i++)); do
        names+=,c$i
    done
    expected 'each of 130 clients hears the others'
    serve
    talk room join "$names" meet "$names" put A 'one\n' hear "${names#A,}" 'one\n'
    done_well room
}

# However a client leaves: with a line, or the half of one; by a close or a reset; by too long a
# line; too slow; or while a line for it is written.  A and B are there before, and after.
come_and_go() {
    local long others=(1 2 3 4 5 6 7 8 9 10 11 12) group
    printf -v long '%1200s' ''
    group=$(IFS=,; echo "${others[*]}")
    talk leave join A,B meet A,B \
        join "$group" meet A,B,"$group" put "$group" half reset "$group" meet A,B \
        join "$group" meet A,B,"$group" close "$group" meet A,B \
        join "$group" put "$group" "${long// /x}" end "$group" meet A,B \
        small "$group" meet A,B,"$group" pour A 2560 B meet A,B close "$group" \
        join "$group" meet A,B,"$group" say freeze hold put A '?\n' reset "$group" say thaw hold \
        meet A,B join "$group" meet A,B,"$group" say freeze hold put A '?\n' finish "$group" \
        reset "$group" say thaw hold meet A,B
    directs leave 4
    done_well leave
}

# What these leave behind is not hidden in the memory that larger things have used before.
small_ones() {
    talk many crowd $((400 * $1)) half
    done_well many
}

check_leak() {
    serve
    expected 'the others talk on, however a client leaves'
    keeps_nothing small_ones
    keeps_nothing come_and_go
}

check_waits() {
    expected 'after %s seconds, Q, which was silent, is heard, and S, which did not read, hears all' \
        "$silence"
    serve
    talk room join A,B,Q small S meet A,B,Q,S pour A 400 B pause $((silence * 1000)) \
        put Q 'here\n' hear A,B 'here\n' catch Q 400 catch S 400 hear S 'here\n'
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
