# How the tests themselves are run (tests/run): whatever happens, each is accounted for.

load helpers

# A folder of tests of its own: suite NAME writes the file NAME.bats from standard input, in which
# %test stands for @test, or bats would take it for one of this file.
suite() {
    mkdir -p "$SCRATCH/tests"
    cp "$ROOT/tests/run" "$ROOT/tests"/*.bash "$SCRATCH/tests"
    sed 's/^%test/@test/' >"$SCRATCH/tests/$1.bats"
}

run_suite() {
    run env -u MAKEFLAGS "$@" "$SCRATCH/tests/run" 3>&-
    echo "$output"
}

@test "a test that hangs is ended and named, wherever it stands, and the others are run" {
    suite hanging <<'END'
load helpers
%test "in a child" {
    sleep 1000
}
%test "in itself" {
    while :; do :; done
}
%test "in a child that it does not mind" {
    sleep 1000 || true
}
%test "whatever is done (it's \"stubborn\")" {
    trap '' ABRT
    while :; do sleep 0.1 || true; done
}
%test "not at all" {
    true
}
END
    run_suite TEST_TIMEOUT=1
    [ "$status" -eq 1 ]
    for name in 'in a child' 'in itself' 'in a child that it does not mind' \
        'whatever is done (it'"'"'s "stubborn")'; do
        [[ $output = *"not ok "[1-4]" $name"* ]]
    done
    [[ $output = *'ran out of time: a test has 1 seconds'* && $output = *'ok 5 not at all'* ]]
    [[ $output = *'1 passed, 4 failed, 0 skipped' ]]
}

@test "a process that a test leaves behind, with its output open, holds nothing up for ever" {
    suite leaving <<'END'
load helpers
%test "leaves one" {
    sleep 1000 >&3 &
}
END
    run_suite TEST_TIMEOUT=1 TEST_SILENCE=3
    [ "$status" -eq 0 ] || [[ $output = *'has left a process'* ]] # newer ones may not wait for it
    [[ $output = *'1 leaves one'* ]]
}

@test "a file that runs no test is an error: a link in a checkout without links, say" {
    suite fine <<<'%test "fine" { true; }'
    suite linked <<<concurrent-server.suite
    suite broken <<<'%test "broken" { ('
    run_suite JOBS=1
    [ "$status" -eq 1 ]
    [[ $output = *'not ok: there is no test in tests/linked.bats'* ]]
    [[ $output = *'not ok: broken # did not run'* && $output = *'1 passed, '[23]' failed, 0 skipped' ]]
    run "$SCRATCH/tests/run" nothing 3>&-
    [[ $status -eq 1 && $output = *'no test in tests/nothing.bats'* ]]
}

@test "the order is that of the files and their tests, whichever ends first" {
    suite a <<'END'
%test "late" {
    until [ -e ../early ]; do sleep 0.02; done
}
END
    suite b <<'END'
%test "early" {
    : >../early
}
END
    run_suite JOBS=2
    [ "$status" -eq 0 ]
    [ "$(head -n 4 <<<"$output")" = $'# a\nok 1 late\n# b\nok 1 early' ]
}

@test "what a user has exported changes nothing" {
    suite settings <<'END'
load helpers
%test "is as always" {
    [ "$(cd tests 2>/dev/null && pwd)" = '' ] # no CDPATH
    [[ ! -o posix && ! -o noglob && ! -o noclobber && ! -o nounset ]]
    ! shopt -q nullglob
    [[ I != [a-z] && i = [a-z] ]]
    [ -z "${MAKEFLAGS:-}" ]
}
END
    run_suite SHELLOPTS=braceexpand:noclobber:noglob:nounset BASHOPTS=nullglob POSIXLY_CORRECT=1 \
        CDPATH="$ROOT" BASH_ENV=/nonexistent LC_ALL=tr_TR.UTF-8 MAKEFLAGS=w 2>/dev/null
    [ "$status" -eq 0 ]
}

@test "what runs on a Mac needs no bash newer than 3.2, and nothing of GNU's" {
    cd "$ROOT"
    files='tests/run tests/helpers.bash tests/process.bash tests/watchdog.bash
        tests/concurrent-server.suite tests/[^g]*.bats tests/soak/run tests/bench/run
        tests/bench/plot tests/bench/report docs/tools/site docs/tools/quotes
        docs/figures/record docs/figures/draw'
    # One item of a class is written so that this file does not find itself.
    # shellcheck disable=SC2086  # a list
    run grep -nE '(mapfil[e]|readarra[y]) |(declare|local|typeset) -[a-z]*[An]|EPOCH(REALTIM[E]|SECOND[S])|^ *;;?[&]|\$\{[a-zA-Z_]+(\[[^]]*\])?(\^|,)|wait -[n]|copro[c] |[&][>]>|\|[&]|(^|[^a-z_-])timeou[t] [0-9]|base6[4] |sed -[i] |oflag[=]|date \+.*%[N]|readlink -[f]|grep -[P]|xargs -[r]|stat -[c]' $files
    echo "$output"
    [ "$status" -eq 1 ]
}
