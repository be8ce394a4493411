# The chapter's figures: each is what its script draws from its trace, and the traces, old
# and new, show the order of events that the chapter tells.

load helpers

FIGURES=$ROOT/docs/figures

# The order of a trace's events, a line each: "B accepted", "B replied" (the client has its
# reply), "B closed" (by the server).
events() {
    awk '
        $4 ~ /^accept/ && match($NF, /<.>/) {
            print $2, substr($NF, RSTART + 1, 1), "accepted"
        }
        $3 ~ /^server/ && $4 ~ /^close/ && match($4, /<.>/) {
            print $2, substr($4, RSTART + 1, 1), "closed"
        }
        $3 ~ /^[A-C]$/ && $4 ~ /^read/ && !seen[$3]++ { print $2, $3, "replied" }' "$1" |
        sort -n | cut -d ' ' -f 2-
}

# in_order TRACE EVENT...: the events stand in the trace, in this order.
in_order() {
    local trace=$1
    shift
    printf '%s\n' "$@" >"$SCRATCH/expected"
    events "$trace" | grep -xF -f "$SCRATCH/expected" >"$SCRATCH/seen"
    diff "$SCRATCH/expected" "$SCRATCH/seen"
}

# simple-server: B waits in the backlog until A is done, and C until B is.
one_after_the_other() {
    in_order "$1" 'A accepted' 'A closed' 'B accepted' 'B closed' 'C accepted'
    in_order "$1" 'A closed' 'B replied'
    in_order "$1" 'B closed' 'C replied'
}

# The others: whoever comes is accepted, and is answered before the silent A.
side_by_side() {
    in_order "$1" 'A accepted' 'B accepted' 'B replied' 'A replied'
    in_order "$1" 'B accepted' 'C accepted' 'C replied' 'A replied'
}

# Records a server's trace anew.
record() {
    needs strace
    no_sanitizer "the leak sanitizer does not run under strace"
    no_emulator "the emulator makes calls of its own"
    strace -o "$SCRATCH/trace" true 2>/dev/null || skip "strace may not trace a process here"
    ADDR=127.0.0.1:0 "$FIGURES/record" "$SCRATCH" "$1" 3>&-
}

@test "each figure is what the script draws from the committed trace" {
    mkdir "$SCRATCH/drawn"
    "$FIGURES/draw" "$SCRATCH/drawn"
    cd "$FIGURES"
    diff <(ls ./*.svg ./*.txt) <(cd "$SCRATCH/drawn" && ls ./*)
    for file in *.svg *.txt; do
        cmp "$file" "$SCRATCH/drawn/$file"
    done
}

# x CLASS NUMBER: where the shape of this class, the NUMBERth of them, stands in the figure.
x() {
    grep "class=\"$1\"" "$SCRATCH/figure.svg" | sed -n "$2p" |
        sed 's/.* x="\([0-9.]*\)".*/\1/; s/.* d="M\([0-9.]*\).*/\1/'
}

# The time axis begins at 158, and 1.05 seconds are 545 wide; a mark's point is 6 further right.
@test "a timeline shows each moment where it was" {
    cat >"$SCRATCH/simple-server.trace" <<'END'
-0.020 0.001 server accept(3<passive>, ...) = 4<A>
0.000 0.001 A connect(3<server>, ...) = 0
0.001 0.800 server read(4<A>, "A", 160) = 1
0.210 0.210 B connect(3<server>, ...) = 0
0.315 0.316 B write(3<server>, "B", 1) = 1
0.420 0.420 C connect(3<server>, ...) = 0
0.525 0.526 C write(3<server>, "C", 1) = 1
0.800 0.801 A write(3<server>, "A", 1) = 1
0.800 0.801 server write(4<A>, "A", 1) = 1
0.801 0.840 A read(3<server>, "A", 160) = 1
0.802 0.802 server close(4<A>) = 0
0.830 0.840 server accept(3<passive>, ...) = 4<B>
0.850 0.851 server write(4<B>, "B", 1) = 1
0.851 0.945 B read(3<server>, "B", 160) = 1
0.852 0.852 server close(4<B>) = 0
0.860 0.861 server accept(3<passive>, ...) = 4<C>
0.861 0.862 server write(4<C>, "C", 1) = 1
0.863 0.990 C read(3<server>, "C", 160) = 1
0.864 0.864 server close(4<C>) = 0
END
    awk -v name=simple-server -f "$FIGURES/svg.awk" -f "$FIGURES/timeline.awk" \
        "$SCRATCH/simple-server.trace" >"$SCRATCH/figure.svg"
    # B and C wait in the backlog, from connect to accept.
    [[ $(x hatch 1) = 267.0 && $(x hatch 2) = 376.0 ]]
    grep -q '<rect class="hatch" x="267.0" y="[0-9.]*" width="327.0"' "$SCRATCH/figure.svg"
    # B and C send; A, B and C have their replies.
    [[ $(x open 2) = 315.5 && $(x open 3) = 424.5 ]]
    [[ $(x mark 1) = 588.0 && $(x mark 2) = 642.5 ]]
    # The server waits for A until it sends.
    grep -q '<rect class="wait" x="158.5" y="[0-9.]*" width="414.7"' "$SCRATCH/figure.svg"
}

# These colours have a contrast of 7:1 or more where text stands on them.
@test "text can be read on what it stands on, by day and by night" {
    for file in "$FIGURES"/*.svg; do
        grep -q '^@media (prefers-color-scheme: dark) {$' "$file"
        grep -q '^svg { --text: #1f2328; --page: #fff; --bar: #0550ae; --on: #fff; --wait: #cfe2ff;$' "$file"
        grep -q '^  svg { --text: #e6edf3; --page: #15181d; --bar: #79b8ff; --on: #15181d;$' "$file"
    done
}

@test "each figure is well-formed, and told in words" {
    for file in "$FIGURES"/*.svg; do
        grep -q '^<title id=".*">..*</title>$' "$file"
        grep -q '^<desc id=".*">..*</desc>$' "$file"
    done
    needs xmllint
    xmllint --noout "$FIGURES"/*.svg
}

@test "no trace names the machine that it was recorded on" {
    run grep -E '/(bin|home|root|tmp|usr|work)/|pid=' "$FIGURES"/*.trace
    [ "$status" -eq 1 ]
}

@test "the committed traces show one client after the other, or clients side by side" {
    one_after_the_other "$FIGURES/simple-server.trace"
    for server in iterative-server threaded-server async-server processes pool loops; do
        side_by_side "$FIGURES/$server.trace"
    done
}

@test "the simple server still serves one client after the other" {
    record simple-server
    one_after_the_other "$SCRATCH/simple-server.trace"
}

@test "the iterative server still serves clients side by side" {
    record iterative-server
    side_by_side "$SCRATCH/iterative-server.trace"
}

@test "the threaded server still serves clients side by side" {
    record threaded-server
    side_by_side "$SCRATCH/threaded-server.trace"
}

@test "the async server still serves clients side by side" {
    record async-server
    side_by_side "$SCRATCH/async-server.trace"
}

@test "processes, a pool and loops still serve clients side by side" {
    for server in processes pool loops; do
        record "$server"
        side_by_side "$SCRATCH/$server.trace"
    done
}

# closed_by TRACE WHO: the descriptors that WHO has closed, by their names, in order.
closed_by() {
    awk -v who="$2" '$3 == who && $4 ~ /^close/ && match($4, /<[^>]*>/) {
        print substr($4, RSTART + 1, RLENGTH - 2)
    }' "$1" | xargs
}

@test "the trace of processes shows which end closes which descriptor" {
    trace=$FIGURES/processes.trace
    [ "$(closed_by "$trace" server)" = 'A B C' ]
    for child in 1 2 3; do
        [ "$(closed_by "$trace" "server/$child")" = passive ]
    done
}

@test "the kernel's list shows the backlog, and a connection that nobody has accepted" {
    run awk '$1 == "moment" { m++ }
        $1 == "LISTEN" { print m, "backlog", $2 }
        $1 == "ESTAB" { print m, (NF == 5 ? "waits" : "accepted") }
        $1 == "TIME-WAIT" { print m, "over" }' "$FIGURES/sockets.trace"
    diff <(printf '%s\n' '1 backlog 0' '2 backlog 1' '2 accepted' '2 waits' '3 backlog 0' \
        '3 accepted' '3 over') <(echo "$output")
}

# First nothing waits and both windows are open; where the client does not read, bytes wait in
# all four buffers, and both windows are closed.
back_pressure() {
    awk '$1 == "moment" { m++; next }
        { right[m] += m == 1 ? !($2 || $3) && $6 > 0 : $2 > 0 && $3 > 0 && $6 == 0 }
        END { exit !(m == 2 && right[1] == 2 && right[2] == 2) }' "$1"
}

@test "the committed trace shows back-pressure: four full buffers, two closed windows" {
    back_pressure "$FIGURES/buffers.trace"
    sed 's/ 0$/ 1/' "$FIGURES/buffers.trace" >"$SCRATCH/open"
    run back_pressure "$SCRATCH/open"
    [ "$status" -eq 1 ]
}

@test "a client that does not read is still made to wait with its writing" {
    needs ss
    record buffers
    back_pressure "$SCRATCH/buffers.trace"
}

@test "where bytes wait, and what stops in which order, is drawn from the queues" {
    draw_buffers() {
        awk -v name=buffers -f "$FIGURES/svg.awk" -f "$FIGURES/buffers.awk" "$1" \
            >"$SCRATCH/figure.svg"
    }
    printf '%s\n' 'moment One' 'A 1000 0 4000 9 3000' 'server 0 512 1024 9 65536' >"$SCRATCH/trace"
    draw_buffers "$SCRATCH/trace"
    # Half of the server's send buffer, a quarter of what the client can take; nothing stops.
    [ "$(grep -c 'class="bar"' "$SCRATCH/figure.svg")" -eq 2 ]
    grep -q '<rect class="bar" x="422.0" .* width="73.0"' "$SCRATCH/figure.svg"
    grep -q '<rect class="bar" x="152.0" .* width="2.2"' "$SCRATCH/figure.svg"
    grep -q '>512 bytes<' "$SCRATCH/figure.svg"
    [ "$(grep -c 'class="stop"' "$SCRATCH/figure.svg")" -eq 0 ]
    # With the server's window closed, the client's sending stops, and no other.
    printf '%s\n' 'moment One' 'A 0 9 9 9 0' 'server 9 9 9 9 9' >"$SCRATCH/trace"
    draw_buffers "$SCRATCH/trace"
    [ "$(grep -c 'class="stop"' "$SCRATCH/figure.svg")" -eq 3 ]
    grep -q '>⑤ send buffer<' "$SCRATCH/figure.svg"
    [ "$(grep -c '③' "$SCRATCH/figure.svg")" -eq 0 ]
}

# Not recorded anew: how long a client must send until an echo finds no room is a matter of speed.
@test "each transition of a client's states, and of a task's life, is in its trace" {
    for transition in 'accepted accept epoll_ctl=ADD:EPOLLIN' 'EPOLLIN read=data write=all' \
        'write=.* epoll_ctl=MOD:EPOLLOUT' 'EPOLLOUT write=all epoll_ctl=MOD:EPOLLIN' \
        'EPOLLIN read=end epoll_ctl=DEL close' 'read=ECONNRESET epoll_ctl=DEL close' \
        'EPOLLOUT.* write=E[A-Z]* epoll_ctl=DEL close'; do
        grep -q "$transition\$" "$FIGURES/client-states.trace"
        grep -q "$transition\$" "$FIGURES/task-life.trace"
    done
}

@test "with Nagle's algorithm the last byte follows an acknowledgement, without it not" {
    run awk '$2 == "ms" { printf "%s ", $6 }' "$FIGURES/nagle.txt"
    [ "$output" = '161 160 1 0 161 160 0 1 0 ' ]
}

@test "make traces says in one line that it needs strace" {
    mkdir "$SCRATCH/bin"
    for tool in bash dirname uname rm; do
        ln -s "$(command -v $tool)" "$SCRATCH/bin/$tool"
    done
    [ "$(uname)" = Linux ] || skip "it needs Linux first"
    run env PATH="$SCRATCH/bin" bash "$FIGURES/record" "$SCRATCH"
    [ "$status" -eq 1 ]
    [[ ${#lines[@]} -eq 1 && $output == *strace* ]]
}
