# tests/run reports each test, whatever happens.

load helpers

# suite NAME: writes standard input to NAME.bats, in a separate folder.  There %test means @test,
# which bats would take for a test of this file.
suite() {
    mkdir -p "$SCRATCH/tests"
    cp "$ROOT/tests/run" "$ROOT/tests"/*.bash "$SCRATCH/tests"
    sed 's/^%test/@test/' >"$SCRATCH/tests/$1.bats"
}

run_suite() {
    run env -u MAKEFLAGS "$@" "$SCRATCH/tests/run" 3>&-
    echo "$output"
}

@test "a test that hangs is killed and named, wherever it hangs, and the others run" {
    suite hanging <<'END'
load helpers
%test "in a child" {
    sleep 1000
}
%test "in itself" {
    while :; do :; done
}
%test "in a child whose death it ignores" {
    sleep 1000 || true
}
%test "whatever the signal (it's \"stubborn\")" {
    trap '' ABRT
    while :; do sleep 0.1 || true; done
}
%test "not at all" {
    true
}
END
    run_suite TEST_TIMEOUT=1
    [ "$status" -eq 1 ]
    for name in 'in a child' 'in itself' 'in a child whose death it ignores' \
        'whatever the signal (it'"'"'s "stubborn")'; do
        [[ $output = *"not ok "[1-4]" $name"* ]]
    done
    [[ $output = *'timed out after 1 seconds'* && $output = *'ok 5 not at all'* ]]
    [[ $output = *'1 passed, 4 failed, 0 skipped' ]]
}

@test "a process that a test leaves behind, with its output open, does not block the run forever" {
    suite leaving <<'END'
load helpers
%test "leaves one" {
    sleep 1000 >&3 &
    echo $! >../left
}
END
    run_suite TEST_TIMEOUT=1 TEST_SILENCE=3
    kill "$(cat "$SCRATCH/left")" 2>/dev/null || true
    [ "$status" -eq 0 ] || [[ $output = *'left a process'* ]] # newer versions of bats may not wait for it
    [[ $output = *'1 leaves one'* ]]
}

@test "a file that runs no test is an error, such as a link in a checkout without symbolic links" {
    suite fine <<<'%test "fine" { true; }'
    suite linked <<<concurrent-server.suite
    suite broken <<<'%test "broken" { ('
    run_suite JOBS=1
    [ "$status" -eq 1 ]
    [[ $output = *'not ok: tests/linked.bats contains no test'* ]]
    [[ $output = *'not ok: broken # did not run'* && $output = *'1 passed, '[23]' failed, 0 skipped' ]]
    run "$SCRATCH/tests/run" nothing 3>&-
    [[ $status -eq 1 && $output = *'tests/nothing.bats contains no test'* ]]
}

@test "results appear in the order of files and tests, whichever ends first" {
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

@test "exported shell and make settings change nothing" {
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

@test "what runs on a Mac needs no bash newer than 3.2 and no GNU extensions" {
    cd "$ROOT"
    files='tests/run tests/helpers.bash tests/process.bash tests/watchdog.bash
        tests/concurrent-server.suite tests/[^g]*.bats tests/soak/run tests/bench/run
        tests/bench/plot tests/bench/report docs/tools/site docs/tools/quotes
        docs/figures/record docs/figures/draw'
    # The bracketed letters keep the pattern from matching itself.
    # shellcheck disable=SC2086  # a list
    run grep -nE '(mapfil[e]|readarra[y]) |(declare|local|typeset) -[a-z]*[An]|EPOCH(REALTIM[E]|SECOND[S])|^ *;;?[&]|\$\{[a-zA-Z_]+(\[[^]]*\])?(\^|,)|wait -[n]|copro[c] |[&][>]>|\|[&]|(^|[^a-z_-])timeou[t] [0-9]|base6[4] |sed -[i] |oflag[=]|date \+.*%[N]|readlink -[f]|grep -[P]|xargs -[r]|stat -[c]|== ?[@?+*!][(]|[^=]= [@?+*!][(]' $files
    echo "$output"
    [ "$status" -eq 1 ]
}
