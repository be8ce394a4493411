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
listen_at=127.0.0.1 # where serve tells it to listen
patience=${GRADE_PATIENCE:-8} # seconds for what takes no time in a program that works
silence=${GRADE_SILENCE:-65}  # seconds for which a client may be silent, or not read
reason=
sent=      # by the client that has failed
expected=
got=       # what the client got, or what was found
death=     # how the program has ended
runner=    # the process here that has started the program
declare -A client_pid=()

# What stands in the report when the check fails: a format and its arguments, as for printf.
expected() {
    # shellcheck disable=SC2059  # that is its use
    printf -v expected -- "$@"
}

got() {
    # shellcheck disable=SC2059
    printf -v got -- "$@"
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
    local since=$SECONDS
    until "$@"; do
        waiting="$*"
        nap "$since"
    done
    waiting=
}

# The same, but for no longer than $patience: false where it did not come true.
soon() {
    local since=$SECONDS
    until "$@"; do
        [ "$SECONDS" -lt $((since + patience)) ] || return 1
        nap "$since"
    done
}

# nap SINCE: waits a moment, a longer one after the first seconds; with no process of its own, for
# many checks wait at a time, and read from a pipe that nobody writes to does the same as sleep.
exec {nap_fd}<> <(:)
nap() {
    local moment=0.02
    [ "$SECONDS" -le $(($1 + 2)) ] || moment=0.1
    read -r -t "$moment" -u "$nap_fd" || true
}

# Whether a child of this shell, or the program itself, runs.  To look for the number alone is not
# enough: on a busy machine another process soon has it.
alive() {
    local stat
    stat_of "/proc/$1/stat" && [[ $stat == [!ZX]\ @($$|${parent_pid:-none})\ * ]]
}

ended() {
    ! alive "$1"
}

# shellcheck disable=SC2120  # an exercise may call it with arguments
# build ARGUMENT...: makes the program anew, in this check's copy of the submission.
build() {
    local status=0 most=$((seconds > 20 ? seconds - 10 : seconds / 2))
    log=$here/make.log
    expected 'make ends with status 0'
    find_makefile
    (memory=unlimited && contained "$copy" make -s COMMON="${copy%/*}/common/" \
        ${CC:+CC="$CC"} "$@") >"$log" 2>"$here/trouble" &
    runner=$!
    soon find_server || true
    until ended "$runner"; do
        [ "$SECONDS" -lt "$most" ] || still_builds "$most"
        sleep 0.02
    done
    wait "$runner" || status=$?
    runner=
    if [ "$status" -ne 0 ]; then
        not_contained
        control "$here/control" >/dev/null 2>"$here/trouble" || cannot 'no compiler works any more'
        got 'exit status %s' "$status"
        ! wants_network || fail 'make fails: the build wants a network, and the grader has none'
        fail 'make fails'
    fi
    expected 'an executable file %s' "$program"
    if [ ! -f "$copy/$program" ]; then
        got '%s' "$(cd "$copy" && echo * | head -c 1000)"
        fail "make builds no program $program"
    elif [ ! -x "$copy/$program" ]; then
        got 'a file %s that is not executable' "$program"
        fail 'the program is not executable: chmod +x makes it so'
    fi
    expected=
}

# Where make would find no makefile, the reason is said.
find_makefile() {
    local file found other=()
    for file in "$copy"/{GNUmakefile,makefile,Makefile}; do
        [ ! -e "$file" ] || return 0
    done
    log=
    expected 'a Makefile, GNUmakefile or makefile in the directory'
    found=$(cd "$copy" && find . -mindepth 2 -maxdepth 3 -name '[Mm]akefile' | sort | head -n 1)
    for file in "$copy"/{CMakeLists.txt,meson.build,Cargo.toml,go.mod,package.json,pom.xml,build.gradle*}; do
        [ ! -e "$file" ] || other+=("${file##*/}")
    done
    for file in "$copy"/*.{zip,tar,tgz,tar.?z,tar.bz2,tar.zst,7z,rar}; do
        [ ! -f "$file" ] || other=("the archive ${file##*/}")
    done
    got '%s' "$(cd "$copy" && echo * | head -c 1000)"
    if [ -n "$found" ]; then
        found=${found%/*}
        got 'one in the directory %s' "${found#./}"
        fail "there is no makefile here, but one a directory deeper: grade that one"
    elif [ "${#other[@]}" -gt 0 ]; then
        got 'only %s' "${other[*]}"
        [[ ${other[*]} != 'the archive'* ]] || fail 'there is no makefile, but an archive: unpack it'
        fail "there is no makefile: write one that builds the program, with other tools if need be"
    fi
    fail 'there is no makefile'
}

# make has been at it for too long: does it run what it has built?
still_builds() {
    local where
    where=$(listening)
    got 'after %s seconds it is still at it' "$1"
    if [ -n "$where" ]; then
        got 'after %s seconds it is still at it, and something that it has started listens on %s' \
            "$1" "${where//$'\n'/, }"
        fail 'make does not end: does it run the program? Its first target has to build it only'
    fi
    fail 'make does not end'
}

# Whether the end of what make has printed looks as if there was no network.
wants_network() {
    tail -n 100 "$log" | grep -aqiE 'could(n.t| not) resolve|failure in name resolution|'\
'network is unreachable|getaddrinfo|ENOTFOUND|EAI_AGAIN|no such host|name or service not known|'\
'failed to lookup address|unable to access .https?:|UnknownHostException|dial (tcp|udp)|'\
'no route to host|download.*failed|failed to download'
}

# Prints where the program listens, a line each, as /proc/net/tcp has it.
listening() {
    local pids pid
    processes
    for pid in "${pids[@]}"; do
        ls -l "/proc/$pid/fd" 2>/dev/null
    done | awk '
        /socket:\[/ { sub(/.*socket:\[/, ""); sub(/\].*/, ""); mine[$0] = 1; next }
        $4 == "0A" && ($10 in mine) { print $2 }
        ' - /proc/net/tcp /proc/net/tcp6 | sort -u | while IFS=: read -r hex at; do
        hex=${hex#0000000000000000FFFF0000} # an IPv4 address in the table of IPv6
        case $hex in
        00000000000000000000000000000000) hex='[::]' ;;
        00000000000000000000000001000000) hex='[::1]' ;;
        ????????) hex=$((16#${hex:6:2})).$((16#${hex:4:2})).$((16#${hex:2:2})).$((16#${hex:0:2})) ;;
        esac
        echo "$hex:$((16#$at))"
    done
}

# A free port of $listen_at, which no other check is given; it may be somebody else's a moment later.
free_address() {
    while :; do
        address=$("$PEER" -f "$listen_at:0") || cannot 'no port is free'
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
    local attempt elsewhere
    for attempt in 1 2 3; do
        free_address
        start "$address" "$@"
        soon listens_or_ended || break
        # Where it has ended, somebody may have taken the port meanwhile.
        if ! ended "$runner" || "$PEER" -f "$address" >/dev/null 2>&1; then
            break
        fi
    done
    listens && ! ended "$runner" && return
    expected 'within %s seconds it listens on %s' "$patience" "$address"
    if ended "$runner"; then
        how_it_ended
        why_it_ended
    elif elsewhere=$(listening) && [ -n "$elsewhere" ]; then
        got 'the program listens on %s' "${elsewhere//$'\n'/, }"
        fail 'the program listens, but not at the address that is its first argument'
    else
        got 'the program runs, and does not listen there'
    fi
    fail 'the program does not listen'
}

# Fails the check with a reason where one can be seen.
why_it_ended() {
    if [[ $got = *'exit status 0'* ]] && grep -q '^\[the program has ended, and left' "$log"; then
        got 'its first process ended, and another one went on in the background'
        fail 'the program goes to the background: it has to stay in the foreground'
    elif [[ $got = *'exit status 12'[67]* ]]; then
        local what
        what=$(machine "$copy/$program")
        [ -z "$what" ] || fail "the program does not start here: it is $what"
        what=$(sed -n '1s/^#! *\([^ ]*\).*/\1/p' "$copy/$program" | head -c 200)
        [ -z "$what" ] || [ -x "$what" ] ||
            fail "there is no $what here, which the first line of $program names"
        fail 'the program cannot be started'
    fi
}

# machine FILE: what a file is that this machine can't run: "for another ...", or nothing.
machine() {
    local magic own
    magic=$(head -c 20 "$1" | od -An -v -tx1 | tr -d ' \n')
    own=$(head -c 20 "$BASH" | od -An -v -tx1 | tr -d ' \n')
    case $magic in
    7f454c46*)
        # The class, the order of the bytes, and the machine.
        [ "${magic:8:4}${magic:36:4}" = "${own:8:4}${own:36:4}" ] || echo 'for another machine'
        ;;
    4d5a*) echo 'a program for Windows' ;;
    feedface* | feedfacf* | cefaedfe* | cffaedfe*) echo 'a program for macOS' ;;
    esac
}

listens_or_ended() {
    listens || ended "$runner"
}

# Whether a program listens on $port.  It would see a connection, so the kernel
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

# Sets got to how the program has ended.
how_it_ended() {
    local status=0
    wait "$runner" || status=$?
    not_contained
    got="the program ended: $(end_of "$status")"
}

# end_of STATUS: how the program has ended, for a report; signals are 128 and more.
end_of() {
    local name last
    if [ "$1" -gt 128 ] && name=$(kill -l "$(($1 - 128))" 2>/dev/null); then
        echo "killed by signal $(($1 - 128)) (SIG$name)"
        return
    fi
    last=$(tail -n 20 "$log" | grep -av '^\[.*\]$' | grep -a . | tail -n 1 | cut -c 1-200)
    echo "exit status $1${last:+, last line: $last}"
}

# Sets death to how the program has ended, where it has, or is about to: that explains more than
# what a client saw of it.
find_death() {
    local status=0 i
    [ -n "$runner" ] && [ -n "$server_pid" ] || return 0
    for i in {1..100}; do
        if ended "$runner"; then
            wait "$runner" || status=$?
            # That signal is the grader's own.
            [ "$status" -eq 143 ] || death=$(end_of "$status")
            return 0
        fi
        # It ends a moment after its connections have.
        [ "$i" -lt 5 ] || ! alive "$server_pid" || return 0
        sleep 0.02
    done
}

# Waits for the program's own end, and sets got to how that was.
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
    ! alive "${client_pid[$1]}" || kill -USR1 "${client_pid[$1]}" 2>/dev/null || true
}

# done_well NAME: waits for the client's end.
done_well() {
    wait "${client_pid[$1]}" || client_failed "$1"
}

client_failed() {
    local said status=0 who="client $1"
    wait "${client_pid[$1]}" || status=$?
    [ "$status" -le 1 ] || cannot "client $1 ended with exit status $status"
    said=$(grep '^peer: ' "$here/client.$1") || said='it has ended'
    sent=$(sed -n 's/^sent: //p' "$here/client.$1" | head -n 1)
    [ -n "$got" ] || got '%s' "${said#peer: }"
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
#
# A process that has been stopped between vfork and exec keeps its parent from stopping, so another
# try begins with SIGCONT.
freeze() {
    local tries=1
    signal_all STOP
    until patience=$((tries++)) soon stopped_or_ended; do
        [ "$SECONDS" -lt $((seconds - 5)) ] || cannot 'the program does not stop for SIGSTOP'
        signal_all CONT
        nap 0
        signal_all STOP
    done
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
stopped_or_ended() {
    stopped || ended "$runner"
}

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
    got=
}

has_at_most() {
    local what sum=0
    for what in "${@:2}"; do
        sum=$((sum + $("$what")))
    done
    got '%s' "$sum"
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

# shellcheck disable=SC2120  # an exercise may call it with arguments
# listens_only_there ARGUMENT...: starts the program at another address of this machine than
# 127.0.0.1, which would be reached at 0.0.0.0 too, and fails the check where it listens elsewhere.
listens_only_there() {
    local where
    listen_at=127.0.0.2
    serve "$@"
    expected 'it listens on %s, as its argument says, and nowhere else' "$address"
    where=$(listening)
    got 'it listens on %s' "${where//$'\n'/, }"
    [ "$where" = "$address" ] || fail 'the program does not listen where it should'
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

# keeps_nothing COMMAND...: runs the command, with which clients come and go, again and again; its
# last argument says how many times as many clients as at first.  What a program sets up with its
# first clients, or leaves to a garbage collector for a while, is no leak: the check fails where
# something grows each time.
keeps_nothing() {
    local factor measure now left=(kept memory addresses) still
    local -A most=() slack=([kept]=8 [addresses]=8192)
    local -A name=([kept]='descriptors and threads' [memory]='KiB of memory'
        [addresses]='KiB of addresses')
    for factor in 1 1 2 4 8 12; do
        "$@" "$factor"
        still=() slack[memory]=$((256 * factor))
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
    expected 'what the program has stays the same while clients come and go'
    got '%s %s, and each time more' "${most[${left[0]}]}" "${name[${left[0]}]}"
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
    got 'it runs on'
    if ! soon sleeps || ! soon sleeps_on; then
        fail 'the program does not rest'
    fi
    got=
}

# A loop with a nap in it sleeps nearly always, and wakes up for nothing.
sleeps_on() {
    local before
    before=$(switches)
    sleep 2
    got 'in 2 seconds it was woken up %s times' $(($(switches) - before))
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

# shellcheck disable=SC2119
check_address() {
    listens_only_there
}
