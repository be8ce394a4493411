# The hidden checks of broadcast.
# shellcheck disable=SC2034,SC2054,SC2154  # as in checks.bash

check_late() {
    local most
    expected 'S hears each byte of 250 KiB, though it begins to read late'
    slow_reader pour A 500 B catch S 500 put A 'done\n' hear B,S 'done\n'
    # Now the same, and then as many lines of C as let 227 KiB be for the server to keep.
    talk again join E,F small T meet E,F,T pour E 500 F say poured hold catch T 500
    said again poured
    most=$((227 * 1024 - 250 * 1024 + $(on_the_way)))
    if [ "$most" -gt 0 ]; then # the lines poured have 512.5 bytes on average
        talk more join C,D meet C,D pour C $((most * 2 / 1025)) D put D 'x\n' hear C 'x\n'
        done_well more
    fi
    expected 'the same where the server has to keep 227 KiB for T, besides what the kernels keep'
    release again
    done_well again
}

# How many bytes the kernels keep of what the server has written: those that are not yet
# acknowledged on its side, and those that are not yet read on the other.
on_the_way() {
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port="$(printf :%04X "$port")" '
        function number(hex, i, sum) {
            for (i = 1; i <= length(hex); i++)
                sum = 16 * sum + index("0123456789ABCDEF", substr(hex, i, 1)) - 1
            return sum
        }
        index($2, port) { sum += number(substr($5, 1, 8)) }
        index($3, port) { sum += number(substr($5, 10, 8)) }
        END { print sum + 0 }'
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

# A connection may end in any way: nothing of it is left.  A stopped server finds the line of B
# first, and then that A, to whom it goes, has reset: a write to A may bring SIGPIPE.
check_reset() {
    serve
    talk room join A,B,C meet A,B,C say met hold put B 'one\n' finish A reset A say left hold \
        hear C 'one\n' put C 'two\n' hear B 'two\n'
    said room met
    local before
    before=$(descriptors)
    expected 'when the others have gone, the server has no more descriptors than before: %s' \
        "$before"
    peer -n 20 close
    peer -n 20 put half reset
    peer -n 20 finish ended
    keeps_at_most "$before" descriptors
    expected 'the others talk on when A, to whom a line of B goes, resets its connection'
    kill -STOP "$server_pid"
    release room
    said room left
    kill -CONT "$server_pid"
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
