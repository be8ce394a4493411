# What the visible checks of shared-counter do; checks.tsv says what they are worth.

# shellcheck disable=SC2034,SC2154  # the grader sets and takes them

check_counts() {
    serve
    expected '3 and the end of the stream, for a client that has sent three lines and ended'
    peer put 'one\x0atwo\x0athree\x0a' finish get '3\x0a' ended
    expected '3 again, for a client that sends nothing'
    peer finish get '3\x0a' ended
}

check_asks() {
    serve
    expected '1, 2 and 2, for a question behind the first line and two behind the second'
    peer put 'one\x0a?\x0atwo\x0a?\x0a?\x0a' get '1\x0a2\x0a2\x0a' finish get '2\x0a' ended
    local text
    printf -v text '%300s' ''
    expected '302, for a question behind three hundred more lines, which come together'
    peer put "${text// /a\\n}?\\n" get '302\x0a' close
}

# All of B is counted between A's two lines; A's second total has to know of it.
check_clients() {
    serve
    client A put 'one\x0a' say sent hold put 'two\x0a' finish get '4\x0a' ended
    said A sent
    soon all_is_read || fail 'the server does not read what clients have sent'
    expected '3 for B, who has sent two lines after A had sent one'
    peer put 'b\x0ac\x0a' finish get '3\x0a' ended
    release A
    expected '4 for A, who has sent a line before B and one after B; B has sent two'
    done_well A
    expected '4 for a client that comes when both have left'
    peer finish get '4\x0a' ended
}

check_silent() {
    serve
    client A put 'not a whole' say sent hold put ' line\x0a' finish line ended
    said A sent
    soon all_is_read || fail 'the server does not read what a client has sent'
    expected 'a total for B, while A is connected and has sent no newline'
    peer put 'one\x0atwo\x0a' finish line ended
    expected 'a total for A, who has ended the line at last'
    release A
    done_well A
}

check_threads() {
    serve
    client A -n 30 put 'half' say sent hold
    said A sent
    expected 'thirty threads in a process while thirty clients are connected'
    soon has_threads 30 || fail 'the server does not serve each client in a thread'
    got=
    expected 'a total for a client that comes while thirty are silent'
    peer put 'one\x0a' finish line ended
}

# has_threads COUNT: in one of its processes, for several processes are something else.
has_threads() {
    local pids pid all most=0
    processes
    for pid in "${pids[@]}"; do
        all=(/proc/"$pid"/task/[0-9]*)
        [ "${#all[@]}" -le "$most" ] || most=${#all[@]}
    done
    got '%s' "$most"
    [ "$most" -ge "$1" ]
}

# The clients wait for one another, so that their lines come at the same time, each in a segment of
# its own: a thread adds as often as it can.  One of the threads creeps: while it adds one line,
# the others add many, so what is done in two steps goes wrong, not just now and then.
check_exact() {
    local lines name total=0
    serve
    for name in A B C D E F G H; do
        lines=$((4000 + $(random 500)))
        [ "$name" != H ] || lines=100
        total=$((total + 1 + lines))
        client "$name" put 'first\x0a' say sent hold single "$lines" 'x\x0a' finish drain
        said "$name" sent
    done
    soon all_is_read || fail 'the server does not read what clients have sent'
    "$ROOT/tests/bin/grader/creep" "$(busiest)" 3000 >"$here/client.creep" 2>&1 &
    client_pid[creep]=$!
    eventually said_or_ended creep creeps
    for name in A B C D E F G H; do
        release "$name"
    done
    expected 'a server that takes all lines'
    for name in A B C D E F G; do
        done_well "$name"
    done
    release creep
    done_well H
    peer finish line ended
    expected '%s lines, after eight clients have got their totals and left' "$total"
    got '%s' "$(cat "$here/client.alone")"
    [ "$got" = "$total" ] || fail 'lines were lost, or counted twice'
}

# The process with the most threads.
busiest() {
    local pids pid all most=0 busiest=$server_pid
    processes
    for pid in "${pids[@]}"; do
        all=(/proc/"$pid"/task/[0-9]*)
        if [ "${#all[@]}" -gt "$most" ]; then
            most=${#all[@]} busiest=$pid
        fi
    done
    echo "$busiest"
}

# A program of one line comes first, outside the submission, which may have any files.
check_sanitizer() {
    local box=$here/box/probe
    mkdir "$box" || cannot 'no room for a program of one line'
    if ! echo 'int main(void) { return 0; }' |
        "${CC:-cc}" -fsanitize=thread -x c -o "$box/probe" - ||
        ! (memory=unlimited contained "$box" ./probe); then
        cannot 'a program with the thread sanitizer does not build or run here'
    fi
    build -B SANITIZE=thread
    expected 'a program with the thread sanitizer in it'
    grep -q __tsan_ "$copy/$program" || {
        got 'the program is the same with and without SANITIZE=thread'
        fail 'the Makefile takes no notice of SANITIZE, so the check "race" is not run'
    }
}

# C's thread is there before the others have counted anything, and shares nothing with them
# but the total: nothing else can put its look at the total into an order with theirs.
check_race() {
    local name
    build -B SANITIZE=thread
    memory=unlimited serve
    client C say connected hold put '?\x0a' finish drain
    said C connected
    for name in A B; do
        client "$name" put 'first\x0a' say sent hold repeat 20000 'a line\x0a?\x0a' finish drain
        said "$name" sent
    done
    soon all_is_read || fail 'the server does not read what clients have sent'
    for name in C A B; do
        release "$name"
    done
    expected 'a server that takes all lines'
    for name in C A B; do
        ! grep -q ThreadSanitizer:DEADLYSIGNAL "$log" || fail 'it crashes under the sanitizer'
        done_well "$name"
    done
    # At its end all that it has to say is in the log.
    kill -TERM "$server_pid"
    eventually ended "$runner"
    expected 'no report of the thread sanitizer'
    if grep -q 'WARNING: ThreadSanitizer\|WARNING: DATA RACE' "$log"; then
        grep -A 9 -m 1 'WARNING: ThreadSanitizer\|WARNING: DATA RACE' "$log" >"$here/race"
        got '%s' "$(grep -m 1 'SUMMARY: ThreadSanitizer\|WARNING: DATA RACE' "$log")"
        log=$here/race # the report shows its lines, the last of which is not the first access
        fail 'two threads touch the same data, and nothing keeps them apart'
    fi
}

# Whether the program has read all that its clients have sent, as Linux counts it.
all_is_read() {
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk -v port=":$(printf %04X "$port")" '
        $2 ~ port "$" && $4 ~ /^0[18]$/ && $5 !~ /:00000000$/ { unread++ }
        END { exit unread > 0 }'
}
