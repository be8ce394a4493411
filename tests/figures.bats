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
    for server in iterative-server threaded-server async-server; do
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
