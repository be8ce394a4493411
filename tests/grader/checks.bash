# What a check may call.  A check is a function check_ID in the exercise's checks.bash or
# hidden.bash, run by the script check beside this file.  It passes when each of its commands
# succeeds, as in a bats test; "fail" ends it with a reason.
#
# checks.tsv has a row for each check, with tabs between the columns: id, points, seconds it may
# take, visible or hidden, the checks it needs (or -), section of the chapter, title, hint.  A
# ninth column, "waits", says that the check and the program mostly wait meanwhile, for time to
# pass or for a slow client: it runs beside the other checks.  The rest run one after the other.
#
# What depends on the order of two events depends on chance, unless both have happened before the
# program looks: freeze it, let them happen, thaw it.

# shellcheck disable=SC2034,SC2154  # check uses these variables, and sets some of them

address=     # where the program listens: 127.0.0.1:PORT
port=
log=         # the file with the program's output
server_pid=  # the program itself
parent_pid=  # that of contain, which has all that the program starts below it
host=127.0.0.1
patience=${GRADE_PATIENCE:-8} # seconds for what takes no time in a program that works
silence=${GRADE_SILENCE:-65}  # seconds for which a client may be silent, or not read
reason=
expected=
came=
runner= # the process here that has started the program
declare -A client_pid=()

# What stands in the report when the check fails: a format and its arguments, as for printf.
expected() {
    # shellcheck disable=SC2059  # that is its use
    printf -v expected -- "$@"
}

came() {
    # shellcheck disable=SC2059
    printf -v came -- "$@"
}

# fail TEXT...: ends the check, which has failed.
fail() {
    reason=$*
    exit 1
}

# cannot TEXT...: ends it where not the submission is at fault.
cannot() {
    reason=$*
    exit 3
}

# random N: prints a number from 0 to N - 1, the same ones for the same seed and check.
random() {
    local state
    state=$(cat "$here/random" 2>/dev/null) || state=$(cksum <<<"$seed $id" | cut -d ' ' -f 1)
    state=$(((state * 1103515245 + 12345) % 2147483648))
    echo "$state" >"$here/random"
    echo $((state / 65536 % $1))
}

# Waits until the command succeeds, up to the check's limit of time.
eventually() {
    until "$@"; do
        waiting="$*"
        sleep 0.02
    done
    waiting=
}

# The same, but for no longer than $patience: false where it did not come true.
soon() {
    local end=$((SECONDS + patience))
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.02
    done
}

alive() {
    kill -0 "$1" 2>/dev/null
}

ended() {
    ! alive "$1"
}

# shellcheck disable=SC2120  # an exercise may call it with arguments
# build ARGUMENT...: makes the program anew, in this check's copy of the submission.
build() {
    local status=0
    log=$here/make.log
    (memory=unlimited && contained "$copy" make -s COMMON="${copy%/*}/common/" \
        ${CC:+CC="$CC"} "$@") >"$log" 2>"$here/trouble" || status=$?
    if [ "$status" -ne 0 ]; then
        not_contained
        control "$here/control" >/dev/null 2>"$here/trouble" || cannot 'no compiler works any more'
        expected 'make ends with status 0'
        came 'status %s%s' "$status" "$([ "$status" -ne 124 ] || echo ': its time was up')"
        fail 'make fails'
    fi
    if [ ! -f "$copy/$program" ] || [ ! -x "$copy/$program" ]; then
        expected 'an executable file %s' "$program"
        came '%s' "$(cd "$copy" && echo * | head -c 1000)"
        fail "make builds no program $program"
    fi
}

# A free port of $host, which no other check is given; it may be somebody else's a moment later.
free_address() {
    while :; do
        address=$("$PEER" -f "$host:0") || cannot 'no port is free'
        port=${address##*:}
        ! mkdir "$GRADE_SCRATCH/port.$port" 2>/dev/null || return 0
        [ -d "$GRADE_SCRATCH/port.$port" ] || cannot 'no room to note a port'
    done
}

# start ARGUMENT...: starts the program with these arguments; its output is in $log.
start() {
    log=$here/log
    : >"$log" || cannot 'no room for the log'
    [ -L "$copy" ] || chmod u+rwx "$copy" || true # it may have shut it when it was started before
    contained "$copy" "./$program" "$@" >"$log" 2>"$here/trouble" &
    runner=$!
    soon find_server || true # it may have ended already
}

# shellcheck disable=SC2120
# serve ARGUMENT...: starts it with $address and these arguments; returns when it listens.
serve() {
    local attempt
    for attempt in 1 2 3; do
        free_address
        start "$address" "$@"
        soon listens_or_ended || break
        # Where it has ended, somebody may have taken the port meanwhile.
        if alive "$runner" || "$PEER" -f "$address" >/dev/null 2>&1; then
            break
        fi
    done
    listens && alive "$runner" && return
    expected 'within %s seconds it listens at %s' "$patience" "$address"
    if ended "$runner"; then
        how_it_ended
    else
        came 'it runs, and does not listen there'
    fi
    fail 'the program does not listen'
}

listens_or_ended() {
    listens || ended "$runner"
}

# Whether somebody listens at $port.  To connect would be seen by the program, so the kernel
# is asked: state 0A is LISTEN.
listens() {
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$port") [0-9A-F:]* 0A "
}

# Sets server_pid: the program is the first child of the contain that runs it.  Before it is
# contain, a process has other children.
find_server() {
    local pid name
    ! ended "$runner" || return 0
    pid=$(contain_of "$runner") && read -r name <"/proc/$pid/comm" && [ "$name" = contain ] &&
        server_pid=$(child_of "$pid") && parent_pid=$pid
} 2>/dev/null

# Where bwrap or contain could not do its work, they say so on a standard error of their own:
# what the program writes to its one goes into the log.
not_contained() {
    [ ! -s "$here/trouble" ] || cannot "$(head -n 1 "$here/trouble")"
}

# Sets came to how the program has ended.
how_it_ended() {
    local status=0
    wait "$runner" || status=$?
    not_contained
    came="the program has ended with status $status"
    if [ "$status" -gt 128 ]; then
        came="the program was ended by signal $((status - 128))"
    fi
}

# Waits for the program's own end, and sets came to how that was.
ends() {
    eventually ended "$runner"
    how_it_ended
}

# client NAME VERB...: plays a client in the background (see ../peer.c; options such as "-n COUNT"
# and "-s" may come before the verbs).
client() {
    local name=$1 options=()
    shift
    while [[ $1 == -* ]]; do
        options+=("$1")
        [[ $1 != -[in] ]] || { shift && options+=("$1"); }
        shift
    done
    : >"$here/client.$name"
    "$PEER" -t "$patience" "${options[@]}" "$address" "$@" >"$here/client.$name" 2>&1 &
    client_pid[$name]=$!
}

# talk NAME STEP...: plays several clients, or the agent of task-srv, in the background, step by
# step (see talk.c).
talk() {
    local PEER=$ROOT/tests/bin/grader/talk
    client "$@"
}

# said NAME WORD: waits until the client has said WORD.
said() {
    eventually said_or_ended "$@"
    grep -qx -- "$2" "$here/client.$1" || client_failed "$1"
}

said_or_ended() {
    grep -qx -- "$2" "$here/client.$1" || ended "${client_pid[$1]}"
}

# release NAME: the client, which holds or floods, goes on.
release() {
    kill -USR1 "${client_pid[$1]}" 2>/dev/null || true
}

# done_well NAME: waits for the client's end.
done_well() {
    wait "${client_pid[$1]}" || client_failed "$1"
}

client_failed() {
    local said status=0 who="client $1"
    wait "${client_pid[$1]}" || status=$?
    [ "$status" -le 1 ] || cannot "client $1 has ended with status $status"
    said=$(grep '^peer: ' "$here/client.$1") || said='it has ended'
    [ -n "$came" ] || came '%s' "${said#peer: }"
    [ "$1" != alone ] || who='the client'
    fail "$who did not get what it should"
}

# peer VERB...: a client in the foreground, to its end.
peer() {
    client alone "$@"
    done_well alone
}

# freeze: stops all of the program, and returns when it has stopped: what happens from now on, it
# finds all at once, in an order that does not depend on chance.  thaw: lets it go on.
freeze() {
    signal_all STOP
    soon stopped || cannot 'the program does not stop for SIGSTOP'
}

thaw() {
    signal_all CONT
}

# A process that is started meanwhile gets the signal in the next round.
signal_all() {
    local pids before=-1
    processes
    while [ "${#pids[@]}" -ne "$before" ]; do
        before=${#pids[@]}
        kill -"$1" "${pids[@]}" 2>/dev/null || true
        processes
    done
}

# Stops the program for a moment, which interrupts the call in which it waits.
stop_and_go() {
    patience=2 soon sleeps || true
    signal_all STOP
    patience=2 soon stopped || true
    signal_all CONT
}

# Whether all threads of the program have stopped, or ended.
stopped() {
    local pids pid file stat
    processes
    for pid in "${pids[@]}"; do
        for file in /proc/"$pid"/task/*/stat; do
            ! stat_of "$file" || [[ $stat == [TtZX]* ]] || return 1
        done
    done
}

# keeps_at_most COUNT WHAT...: fails the check where there are more and stay more; WHAT is
# descriptors or threads, or both, which are added up.
keeps_at_most() {
    soon has_at_most "$@" || fail 'the program keeps something of clients that have left'
    came=
}

has_at_most() {
    local what sum=0
    for what in "${@:2}"; do
        sum=$((sum + $("$what")))
    done
    came '%s' "$sum"
    [ "$sum" -le "$1" ]
}

# directs NAME COUNT: carries out what the client asks for with COUNT times "say freeze hold" or
# "say thaw hold": the program finds together what the client does in between.
directs() {
    local n
    for ((n = 1; n <= $2; n++)); do
        eventually has_asked_or_ended "$1" "$n"
        case $(grep -xE 'freeze|thaw' "$here/client.$1" | sed -n "${n}p") in
        freeze) freeze ;;
        thaw) thaw ;;
        *) client_failed "$1" ;;
        esac
        release "$1"
    done
}

has_asked_or_ended() {
    [ "$(grep -cxE 'freeze|thaw' "$here/client.$1")" -ge "$2" ] || ended "${client_pid[$1]}"
}

# listens_only_there ARGUMENT...: starts the program at another address of this machine than
# 127.0.0.1, and fails the check where it listens elsewhere.
listens_only_there() {
    local host=127.0.0.2
    serve "$@"
    expected 'it listens at 127.0.0.2, and nowhere else, when called with %s' "$address"
    came 'it listens at %s' "$(listening_hosts | sed 's/^00*$/all addresses/' | paste -sd ' ')"
    [ "$(listening_hosts)" = 127.0.0.2 ] || fail 'the program does not listen where it should'
}

# Where the program listens, as dotted decimals; other forms as the kernel has them.
listening_hosts() {
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
        grep -i "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$port") [0-9A-F:]* 0A " |
        sed 's/^ *[0-9]*: \([0-9A-F]*\):.*/\1/; s/^0000000000000000FFFF0000//' |
        while read -r hex; do
            if [ "${#hex}" -eq 8 ]; then
                printf '%d.%d.%d.%d\n' "0x${hex:6}" "0x${hex:4:2}" "0x${hex:2:2}" "0x${hex:0:2}"
            else
                echo "$hex"
            fi
        done | sort -u
}

# How many bytes the kernels keep of what the program has written: those that are not yet
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

# keeps_nothing COMMAND...: runs the command, with which clients come and go, again and again.
# What a program sets up with its first clients, or leaves to a garbage collector for a while, is
# no leak: the check fails where something grows each time.
keeps_nothing() {
    local measure now left=(kept memory addresses) still
    local -A most=() slack=([kept]=8 [memory]=256 [addresses]=8192)
    local -A name=([kept]='descriptors and threads' [memory]='KiB of memory'
        [addresses]='KiB of addresses')
    for _ in {0..6}; do
        "$@"
        still=()
        for measure in "${left[@]}"; do
            now=$("$measure")
            if [ -z "${most[$measure]:-}" ] || ! patience=2 soon levels_off; then
                still+=("$measure")
            fi
            [ "$now" -le "${most[$measure]:-0}" ] || most[$measure]=$now
        done
        left=("${still[@]}")
        [ "${#left[@]}" -gt 0 ] || return 0
    done
    expected 'clients come and go, and what the program has stays the same'
    came '%s %s, and each time more' "${most[${left[0]}]}" "${name[${left[0]}]}"
    fail 'the program keeps something of clients that have left'
}

levels_off() {
    now=$("$measure")
    [ "$now" -le $((most[$measure] + slack[$measure])) ]
}

kept() {
    echo $(($(descriptors) + $(threads)))
}

# Fails the check where the program does not sleep, though nothing happens.
rests() {
    expected 'while nothing happens, the program sleeps in a call that waits'
    came 'it runs on'
    if ! soon sleeps || ! soon sleeps_on; then
        fail 'the program does not rest'
    fi
    came=
}

# A loop with a nap in it sleeps nearly always, and wakes up for nothing.
sleeps_on() {
    local before
    before=$(switches)
    sleep 2
    came 'in 2 seconds it was woken up %s times' $(($(switches) - before))
    [ $(($(switches) - before)) -le 6 ]
}

# shellcheck disable=SC2119
check_build() {
    build
}

# shellcheck disable=SC2119
check_listens() {
    serve
}
