# The benchmark: that it measures, and that its tables tell what was measured.  How fast
# anything is decides nothing here.

load helpers

setup() {
    needs_proc
    no_sanitizer "a benchmark with a sanitizer tells nothing"
    results=$SCRATCH/results.tsv
}

bench() {
    make -s -C "$ROOT/tests" bench 3>&-
    OUT=$SCRATCH "$ROOT/tests/bench/run" 1 0.05 3>&-
}

# Two rounds of two servers, and one that is void.
given() {
    {
        printf '# a machine\n# servers: bare async wrong\n'
        printf 'round\twork\tserver\techoes/s\tus/echo\tp50\tp99\tp99.9\tKiB\tvoid\n'
        printf '%s\n' '1 2/1/32 bare 100 10 5 6 7 1' '1 2/1/32 async 90 12 5 6 7 2' \
            '2 2/1/32 async 110 11 7 8 9 2' '2 2/1/32 bare 100 10 5 6 7 1' \
            '1 2/9/32 async 45 24 5 6 7 2' '2 2/9/32 async 55 22 7 8 9 2' |
            tr ' ' '\t' | sed 's/$/\t/'
        printf '1\t2/1/32\twrong\t\t\t\t\t\t\twrong bytes came back\n'
    } >"$results"
}

table() {
    awk -v works=2/1/32 "$@" -f "$ROOT/tests/bench/table.awk" "$results" | tr -s ' '
}

@test "the benchmark measures each server in each way" {
    WORK='2/1/32 2/0/161 2/0/32/churn 2/0/32/pipe' SERVERS='bare async iterative-poll async-select threaded' bench
    [ "$(grep -c '^1' "$results")" -eq 20 ]
    # The last field tells why a measurement is void.
    grep '^1' "$results" | while IFS=$'\t' read -r _ work server rate us p50 p99 p999 kib why; do
        echo "$work $server $rate $us $p50 $p99 $p999 $kib $why"
        [ "$rate" -gt 0 ] && [[ $us$p50$p99$p999 = *[1-9]* ]] && [ -n "$kib" ] && [ -z "$why" ]
    done
}

@test "a wrong byte, and a connection that is closed, void a row that says so" {
    # shellcheck disable=SC2016  # its shell expands it
    run env WORK=1/0/32 SERVERS=bare PEERS="liar=tests/bin/peer -l {addr} put abc hold; deaf=tests/bin/peer -l {addr} close" \
        OUT="$SCRATCH" bash -c 'make -s -C "$0/tests" bench && "$0/tests/bench/run" 1 0.05' "$ROOT" 3>&-
    echo "$output"
    [[ $output =~ 1/0/32\ +bare\ +[1-9] ]]
    [[ $output =~ 1/0/32\ +liar\ +void:.*wrong\ bytes ]]
    [[ $output =~ 1/0/32\ +deaf\ +void: ]]
}

@test "a program that ends at once, or never listens, does not stop the benchmark" {
    for command in true 'sleep 1000'; do
        WORK=1/0/32 SERVERS=bare PEERS="mute=$command {addr}" OUT=$SCRATCH \
            run "$ROOT/tests/bench/run" 1 0.05 3>&-
        echo "$output"
        [ "$status" -eq 0 ]
        [[ $output =~ 1/0/32\ +mute\ +void:\ it\ does\ not\ listen ]]
    done
}

@test "peers that can't be told apart, or not be told where to listen, are refused" {
    for peers in '=cat {addr}' 'two words=cat {addr}' 'mine=cat' 'bare=cat {addr}'; do
        PEERS=$peers run "$ROOT/tests/bench/run" 1 0.05 3>&-
        [ "$status" -eq 1 ]
        [[ $output = *"PEERS wants NAME=COMMAND"*"$peers" ]]
    done
}

@test "what needs more descriptors than there are is left out, and told" {
    ulimit -n 100
    WORK='4/0/32 100/0/32' SERVERS=bare run bench
    [[ $output = *'bare is left out of 100/0/32: 100 descriptors are the limit here'* ]]
    [ "$(grep -c '^1' "$results")" -eq 1 ]
}

@test "the table shows medians, and ratios round by round" {
    given
    table -v servers='bare async' | sed 1d | diff - <(printf '%s\n' \
        '2/1/32 bare 100 0 10.00 1 5 6 7 1.00' \
        '2/1/32 async 100 5 11.50 1.15 (1.12 to 1.18) 6 7 8 2.00')
    [ "$(table -v servers=wrong | sed 1d)" = '2/1/32 wrong void: wrong bytes came back' ]
    [ "$(table -v servers=async -v view=ratios | sed 1d)" = \
        '2/1/32 async / bare 1.00 (0.95 to 1.05) 1.15 (1.12 to 1.18) 1.17 (1.08 to 1.25) 2.00 (2.00 to 2.00)' ]
    [ "$(table -v works=2/9/32 -v base_work=2/1/32 -v servers=async -v view=ratios | sed 1d)" = \
        '2/9/32 async / 2/1/32 0.50 (0.50 to 0.50) 2.00 (2.00 to 2.00) 1.00 (1.00 to 1.00) 1.00 (1.00 to 1.00)' ]
    [ "$(table -v servers='bare async' -v view=series -v figure=us)" = $'3\t10.000\t11.500' ]
}

@test "a document gets its tables from the measurements" {
    given
    printf '%s\n' Before '<!-- table works="2/1/32" servers="async" -->' old '<!-- end -->' \
        '<!-- run -->' old '<!-- end -->' '<!-- table -->' '<!-- end -->' After \
        >"$SCRATCH/document"
    for _ in 1 2; do
        "$ROOT/tests/bench/report" "$results" "$SCRATCH/document"
    done
    [ "$(grep -c '^| 2/1/32' "$SCRATCH/document")" -eq 4 ]
    sed '/<!-- table -->/,/<!-- end -->/d; /^| busy/d; /^|--/d' "$SCRATCH/document" | diff - <(printf '%s\n' Before \
        '<!-- table works="2/1/32" servers="async" -->' '' \
        '| 2/1/32 | async | 100 | 5 | 11.50 | 1.15 (1.12 to 1.18) | 6 | 7 | 8 | 2.00 |' '' \
        '<!-- end -->' '<!-- run -->' '' '    a machine' '    servers: bare async wrong' '' '<!-- end -->' After)
}

@test "a document with a table that has no end is left as it is" {
    given
    printf '%s\n' '<!-- table -->' Between '<!-- run -->' '<!-- end -->' >"$SCRATCH/document"
    cp "$SCRATCH/document" "$SCRATCH/before"
    run "$ROOT/tests/bench/report" "$results" "$SCRATCH/document"
    [ "$status" -eq 1 ]
    diff "$SCRATCH/before" "$SCRATCH/document"
}

@test "the pages show what the run has measured" {
    for page in performance.md 7-choosing.md; do
        cp "$ROOT/docs/$page" "$SCRATCH/document"
        "$ROOT/tests/bench/report" "$ROOT/docs/performance/results.tsv" "$SCRATCH/document"
        diff "$ROOT/docs/$page" "$SCRATCH/document"
    done
    cp "$ROOT/docs/8-more-strategies.md" "$SCRATCH/document"
    "$ROOT/tests/bench/report" "$ROOT/docs/performance/strategies/results.tsv" "$SCRATCH/document"
    diff "$ROOT/docs/8-more-strategies.md" "$SCRATCH/document"
    for plot in cost idle memory; do
        grep -q "performance/$plot.svg" "$ROOT/docs/performance.md"
        [ -s "$ROOT/docs/performance/$plot.svg" ]
    done
}
