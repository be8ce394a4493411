# shellcheck disable=SC1090,SC1091,SC2016  # sourced by name; texts of other shells

# The grader's own tests: submissions that misbehave, outputs that must be valid, and faults
# that are nobody's but the grader's.

load helpers

GRADE=$ROOT/tests/grade
SOLUTION=$ROOT/tests/exercises/echo-to-eof/solution

setup_file() {
    [ -r /proc/self/stat ] || return 0
    unset MAKEFLAGS MFLAGS MAKEOVERRIDES
    "$BATS_TEST_DIRNAME/grade" --build
    "$BATS_TEST_DIRNAME/grade" --namespaces || export GRADE_NAMESPACES=no # they do not work here
    cp -R "$BATS_TEST_DIRNAME/exercises/echo-to-eof/solution" "$BATS_FILE_TMPDIR/server"
    env -u SANITIZE make -s -C "$BATS_FILE_TMPDIR/server" COMMON="$BATS_TEST_DIRNAME/../common/"
}

setup() {
    needs_proc # the grader needs Linux
    needs_descriptors 1024
    unset MAKEFLAGS MFLAGS MAKEOVERRIDES
    export TMPDIR=$SCRATCH/tmp # what a run leaves there is seen
    mkdir "$TMPDIR"
    export GRADE_SILENCE=2 # what the grader does is tested here, not what the checks find
}

# submission NAME: a program whose text is standard input; ./server is a good one.
submission() {
    mkdir -p "$SCRATCH/$1"
    cat >"$SCRATCH/$1/program"
    cp "$BATS_FILE_TMPDIR/server/echo-to-eof" "$SCRATCH/$1/server"
    printf 'echo-to-eof: program\n\tcp program $@ && chmod +x $@\n' >"$SCRATCH/$1/Makefile"
    submitted=$SCRATCH/$1
}

# graded STATUS [OPTION...]: grades what was submitted last; the results are in $output.
graded() {
    run "$GRADE" echo-to-eof "$submitted" "${@:2}" 3>&-
    echo "$output"
    [ "$status" -eq "$1" ]
    [ -z "$(ls -A "$TMPDIR")" ]
}

# With namespaces, where there are any, and without.
each_way() {
    "$@"
    if [[ $output != *bubblewrap* ]]; then
        GRADE_NAMESPACES=no "$@"
    fi
}

needs_namespaces() {
    needs bwrap
    bwrap --dev-bind / / --unshare-net --unshare-user true || skip "no namespaces here"
}

good() {
    submission good <<<'#!/bin/sh
exec ./server "$@"'
}

@test "full points are status 0, lost points 1, wrong usage 2" {
    good
    graded 0
    [[ $output = *'100 of 100 points; 19 passed, 0 failed, 0 not run'* ]]
    GRADE_NAMESPACES=no graded 0 --only leak
    submitted=$ROOT/tests/exercises/echo-to-eof/starter
    graded 1
    [[ $output = *'failed    0 of  10  again:'* && $output = *'not run   0 of   5  long:'* ]]
    for words in '' echo-to-eof "nothing $submitted" 'echo-to-eof /nowhere' \
        "echo-to-eof $submitted --only nothing" "echo-to-eof $submitted --seed x" \
        "echo-to-eof $submitted --tap" "echo-to-eof $submitted --colour"; do
        # shellcheck disable=SC2086  # words
        run "$GRADE" $words
        [ "$status" -eq 2 ]
        [[ $output = *'Usage: grade EXERCISE DIRECTORY'* ]]
    done
    run "$GRADE" --help
    [[ $status -eq 0 && ${lines[0]} = 'Usage: grade EXERCISE DIRECTORY'* ]]
    [[ ${lines[-1]} = 'work, and nothing'* ]]
}

@test "a lost point comes with what was expected, what came, a hint, and the way to it" {
    submission wrong <<<'#!/bin/sh
echo "my own line"
exec ./server 127.0.0.1:0'
    GRADE_PATIENCE=4 graded 1
    for text in 'failed    0 of   5  listens: it listens on' 'but not at the address' 'expected: within' \
        'got:      the program listens on 127.0.0.1:' '| my own line' 'hint:     The address' \
        'see:      docs/2-simple-server.md#the-servers-start' \
        "rerun:    tests/grade echo-to-eof $submitted --only listens --seed 1" \
        'not run   0 of  10  echoes' 'needs listens'; do
        [[ $output = *"$text"* ]]
    done
}

@test "what does not build loses the points for that, and the rest is not run" {
    submission broken </dev/null
    printf 'all:\n\techo stops here; false\n' >"$submitted/Makefile"
    graded 1
    [[ $output = *'0 passed, 1 failed, 18 not run'* && $output = *'make fails'*'| stops here'* ]]
    printf 'all:\n' >"$submitted/Makefile"
    graded 1
    [[ $output = *'make builds no program echo-to-eof'* ]]
}

@test "a program that ends at once, by itself or by a signal" {
    submission quick <<<'#!/bin/sh
exit 7'
    graded 1 --only listens
    [[ $output = *'the program ended: exit status 7'* ]]
    submission quick <<<'#!/bin/sh
kill -SEGV $$'
    graded 1 --only listens
    [[ $output = *'killed by signal 11 (SIGSEGV)'* ]]
}

@test "a failure tells what was sent, expected and got, and how the program died" {
    # A client that sends "Two" finds that the server has died of its first client.
    submission fragile </dev/null
    cat >"$submitted/once.c" <<'END'
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    char byte[100];

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    address.sin_port = htons(atoi(strrchr(argv[argc - 1], ':') + 1));
    bind(listener, (struct sockaddr *)&address, sizeof address);
    listen(listener, 5);
    for (int i = 0; i < 400000; i++)
        printf("line %d\n", i);
    puts("the very last");
    fflush(stdout);
    int fd = accept(listener, 0, 0);
    write(fd, byte, read(fd, byte, 100));
    read(fd, byte, 1);
    if (ENDS_WITH == 0)
        raise(SIGPIPE);
    return ENDS_WITH;
}
END
    for how in 0 7; do
        printf 'echo-to-eof: once.c\n\t$(CC) -w -DENDS_WITH=%s -o $@ once.c\n' "$how" >"$submitted/Makefile"
        graded 1 --only again
        [[ $output = *'failed    0 of  10  again'*'sent:     "Two\n"'*'expected: 3 lines'* ]]
        [[ $output = *'got:      get: expected "Two\n", got nothing, then'*'| the very last'* ]]
        case $how in
        0) [[ $output = *'program:  killed by signal 13 (SIGPIPE)'* ]] ;;
        *) [[ $output = *'program:  exit status 7, last line: the very last'* ]] ;;
        esac
    done
}

# refused TEXT...: the submission fails its first check, with these texts in the report.
refused() {
    graded 1 --only "${only:-build}"
    for text; do
        [[ $output = *"$text"* ]]
    done
}

@test "a program that cannot be started says why" {
    needs_file=$BATS_FILE_TMPDIR/server/echo-to-eof
    submission odd <<<'#!/bin/sh'
    printf 'echo-to-eof: program\n\tcp program $@ && chmod -x $@\n' >"$submitted/Makefile"
    refused 'not executable: chmod +x' 'expected: an executable file echo-to-eof'
    only=listens
    submission odd </dev/null
    printf 'all:\n' >"$submitted/Makefile"
    # The machine's number stands at byte 18: here it is one that there is no longer.
    { head -c 18 "$needs_file" && printf '\x05\x00' && tail -c +21 "$needs_file"; } >"$submitted/echo-to-eof"
    chmod +x "$submitted/echo-to-eof"
    each_way refused 'does not start here: it is for another machine' 'exit status 126'
    { printf 'MZ' && head -c 1000 /dev/zero; } >"$submitted/echo-to-eof"
    refused 'it is a program for Windows'
    { printf '\xcf\xfa\xed\xfe' && head -c 1000 /dev/zero; } >"$submitted/echo-to-eof"
    refused 'it is a program for macOS'
    printf '#!/nowhere/python\n' >"$submitted/echo-to-eof"
    refused 'no /nowhere/python here, which the first line of echo-to-eof names' 'exit status 12'
}

@test "a program that leaves the foreground, or listens elsewhere, is told so" {
    only=listens
    submission daemon <<<'#!/bin/sh
./server "$@" &'
    each_way refused 'goes to the background: it has to stay in the foreground'
    submission daemon <<<'#!/bin/sh
(setsid ./server "$@" >/dev/null 2>&1 </dev/null &)
exit 0'
    each_way refused 'goes to the background'
    submission daemon <<<'#!/bin/sh
exec ./server 127.0.0.1:0'
    GRADE_PATIENCE=2 each_way refused 'not at the address that is its first argument' \
        'got:      the program listens on 127.0.0.1:'
    port=$(sed -n 's/.*got:  .*127.0.0.1:\([0-9]*\)$/\1/p' <<<"$output")
    [[ $output = *"| Listening on 127.0.0.1:$port"* ]]
}

@test "a directory that make cannot build says why" {
    only=build
    submission runs <<<'#!/bin/sh
exec ./server "$@"'
    printf 'run: echo-to-eof\n\t./echo-to-eof 127.0.0.1:0\n' >>"$submitted/Makefile"
    sed -i.old 's/^echo-to-eof:/.DEFAULT_GOAL = run\n&/' "$submitted/Makefile"
    changed </dev/null
    sed -i.old '/^build/s/	150	/	8	/' "$SCRATCH/copy/tests/exercises/echo-to-eof/checks.tsv"
    each_way refused 'does it run the program?' 'listens on 127.0.0.1:'
    printf 'all:\n\tsleep 100\n' >"$submitted/Makefile"
    refused 'make does not end' 'got:      after 4 seconds'
    GRADE=$ROOT/tests/grade

    rm "$submitted"/*
    refused 'there is no makefile'
    touch "$submitted/CMakeLists.txt"
    refused 'there is no makefile: write one' 'got:      only CMakeLists.txt'
    mkdir "$submitted/deep"
    touch "$submitted/deep/Makefile"
    refused 'one a directory deeper' 'one in the directory deep'
    rm -r "${submitted:?}"/*
    touch "$submitted/work of mine.zip"
    refused 'an archive: unpack it' 'only the archive work of mine.zip'
    rm "$submitted"/*
    printf 'all:\n\techo "curl: (6) Could not resolve host: example.org"; exit 6\n' \
        >"$submitted/Makefile"
    refused 'the build wants a network, and the grader has none' '| curl: (6)'
}

@test "no path of this machine is in what a student reads elsewhere" {
    submission shows </dev/null
    printf 'all:\n\tpwd; ls -d $(COMMON) ../common; echo $(CURDIR)/main.c:3: error; false\n' \
        >"$submitted/Makefile"
    graded 1 --gradescope "$SCRATCH/json"
    report=$output
    run grep -F -e "$SCRATCH" -e "$TMPDIR" -e "$ROOT" -e 'grade.' "$SCRATCH/json"
    [ "$status" -eq 1 ]
    grep -F '| main.c:3: error' "$SCRATCH/json"
    grep -F 'rerun:    tests/grade echo-to-eof DIRECTORY --only build --seed 1' "$SCRATCH/json"
    [[ $report = *"rerun:    tests/grade echo-to-eof $submitted --only build"* ]]
}

@test "whatever a program prints, all outputs are valid" {
    submission noisy <<<'#!/bin/bash
for i in {0..255}; do printf -v x %x "$i" && printf "\\x$x"; done
printf "\n]]></failure>\x1b[2J\n# \"\\ not ok\nok 1\n"
exit 1'
    GRADE_PATIENCE=60 graded 1 --only echoes --tap "$SCRATCH/tap" --junit "$SCRATCH/xml" \
        --gradescope "$SCRATCH/json" --classroom "$SCRATCH/classroom"
    LC_ALL=C
    [[ $output = *'|   \x00\x01'* || $output = *'\xFF'* ]]
    [[ ! $output =~ [^[:print:][:space:]] ]]
    grep -q '^ok 1 - build' "$SCRATCH/tap"
    [ "$(grep -c '^ok\|^not ok' "$SCRATCH/tap")" -eq 3 ]
    [ "$(head -n 2 "$SCRATCH/tap" | tail -n 1)" = 1..3 ]
    if command -v xmllint; then
        xmllint --noout "$SCRATCH/xml"
    fi
    if command -v python3; then
        python3 - "$SCRATCH/json" "$SCRATCH/classroom" <<'END'
import json, sys
g = json.load(open(sys.argv[1]))
assert g["score"] == 5 and [t["score"] for t in g["tests"]] == [5, 0, 0]
assert [t.get("status") for t in g["tests"]] == ["passed", "failed", None]
assert g["tests"][1]["max_score"] == 5 and g["tests"][1]["visibility"] == "visible"
assert "\\x1B[2J" in g["tests"][1]["output"] and "execution_time" in g
c = json.load(open(sys.argv[2]))
assert c["status"] == "fail" and c["max_score"] == 20 and c["tests"][0]["score"] == 5
assert [t["status"] for t in c["tests"]] == ["pass", "fail", "fail"]
END
    fi
}

@test "megabytes of output neither stop a program nor fill anything" {
    submission loud <<<'#!/bin/sh
head -c 100000000 /dev/zero
exec ./server "$@"'
    GRADE_PATIENCE=30 graded 0 --only listens
    submission loud <<<'#!/bin/sh
head -c 100000000 /dev/zero
exit 1'
    GRADE_PATIENCE=30 graded 1 --only listens
    [[ $output = *'bytes of output were cut]'* ]]
    [ "${#output}" -lt 20000 ]
}

# marked: the processes of a submission that have stayed.
marked() {
    grep -lsz "^MARK=$SCRATCH\$" /proc/[0-9]*/environ || true
}

stays() {
    graded 1 --only listens
    [ -z "$(marked)" ]
}

@test "nothing stays: not what has left its session, nor what ignores SIGTERM" {
    needs setsid
    submission stayer <<END
#!/bin/bash
trap '' TERM HUP INT
export MARK=$SCRATCH
setsid bash -c 'trap "" TERM; while :; do sleep 100; done' &
(setsid setsid ./server 127.0.0.1:0 &)
echo started
exit 1
END
    each_way stays
    submission stubborn <<END
#!/bin/bash
trap '' TERM HUP INT
export MARK=$SCRATCH
while :; do sleep 1; done
END
    GRADE_PATIENCE=1 each_way stays
}

# interrupted PREFIX SIGNAL...: grade, in a session of its own, gets the signal; with the prefix
# "-" its whole process group does.
interrupted() {
    setsid "$GRADE" echo-to-eof "$submitted" --tap "$SCRATCH/tap" >"$SCRATCH/out" 2>&1 3>&- &
    local pid=$!
    eventually has_started
    kill "-$2" -- "$1$pid"
    status=0
    wait "$pid" || status=$?
    output=$(cat "$SCRATCH/out")
    if [ "$2" = KILL ]; then # it can't clean up, but what it has started ends
        eventually nothing_marked
        rm -rf "$TMPDIR"/[!.]*
    else
        [ "$status" -eq 3 ]
        [ -z "$(marked)$(ls -A "$TMPDIR")" ]
        [ ! -e "$SCRATCH/tap" ]
    fi
}

nothing_marked() {
    [ -z "$(marked)" ]
}

has_started() {
    [ -n "$(marked)" ]
}

@test "nothing stays either where grade is interrupted, or killed" {
    needs setsid
    submission stubborn <<END
#!/bin/bash
trap '' TERM HUP INT
export MARK=$SCRATCH
bash -c 'while :; do sleep 0.1; done'
END
    export GRADE_PATIENCE=25
    each_way interrupted '' TERM
    # What has been started by nohup ignores SIGHUP.
    hangup=$(sh -c 'kill -HUP $$; echo TERM' 2>/dev/null) || hangup=HUP
    each_way interrupted - "$hangup"
    each_way interrupted '' KILL
}

@test "contain ends all of the group, and tells by its status what happened" {
    contain() {
        run "$ROOT/tests/bin/grader/contain" "$@" 3>&-
        echo "$output"
    }
    export MARK=$SCRATCH
    contain bash -c 'trap "" TERM; sleep 1000 & exit 7'
    [ "$status" -eq 7 ]
    [ -z "$(marked)" ]
    contain -s 1 bash -c 'trap "" TERM; sleep 1000 & sleep 1000'
    [ "$status" -eq 124 ]
    [ -z "$(marked)" ]
    contain -s 1 -g 10 bash -c 'trap "echo at last; exit" TERM; while :; do sleep 0.1; done'
    [[ $status -eq 124 && $output = *'at last' ]]
    contain bash -c 'kill -KILL $$'
    [ "$status" -eq 137 ]
    contain "$SCRATCH/nothing"
    [ "$status" -eq 125 ]
    contain -o 3 echo abcdef
    [ "$output" = $'abc\n[1 bytes of output were cut]\nef' ]
    exec 9>"$SCRATCH/open"
    contain bash -c 'read -r || echo reads nothing; echo inherited >&9'
    exec 9>&-
    [[ $status -eq 1 && $output = 'reads nothing'* && ! -s $SCRATCH/open ]]
}

greedy() {
    graded 1 --only listens
    [[ $output = *'refused'* ]]
}

@test "memory, files and processes are limited" {
    no_sanitizer "the submission is not built with it"
    submission greedy <<<'#!/bin/bash
head -c 300000000 /dev/zero | tail -c 300000000 >/dev/null || echo refused memory
head -c 300000000 /dev/zero >big
[ "$(wc -c <big)" -gt 100000000 ] || echo refused file
exit 1'
    GRADE_MEMORY=100000 GRADE_PATIENCE=20 each_way greedy
    [[ $output = *'refused memory'* && $output = *'refused file'* ]]
}

@test "a program that never listens is given up, and so is a check whose time is up" {
    submission silent <<<'#!/bin/sh
exec sleep 1000'
    GRADE_PATIENCE=1 graded 1 --only echoes
    [[ $output = *'the program runs, and does not listen there'* ]]
    cp -R "$ROOT/common" "$ROOT/tests" "$SCRATCH"
    sed -i.old '/^listens/s/	30	/	1	/' "$SCRATCH/tests/exercises/echo-to-eof/checks.tsv"
    GRADE=$SCRATCH/tests/grade graded 1 --only listens
    [[ $output = *"the check's time limit of 1 seconds expired"* ]]
}

@test "a submission that deletes its files harms itself only, and is graded by what it does" {
    submission vandal <<<'#!/bin/sh
rm -rf ./[!s]* ../submission/[!s]* "$HOME"/[!s]*
mv server .gone
exec ./.gone "$@"'
    graded 0 --only echoes
    [ -e "$submitted/program" ]
}

@test "a program sees no solution, no other submission, no network; it can write nowhere else" {
    needs_namespaces
    submission other <<<secret
    mkdir "$SCRATCH/home"
    echo key >"$SCRATCH/home/key"
    # A name may hold anything.
    submission $'spy\nor \n' <<END
#!/bin/bash
for file in $ROOT/tests/exercises $ROOT/README.md $SCRATCH/other/program $SCRATCH/spy*/x \
    $SCRATCH/home/key $HOME/. /run/. /var/. /etc/grade.$$ $TMPDIR/*/results \$HOME/../x; do
    [ ! -e "\$file" ] && ! (>"\$file") 2>/dev/null || echo "sees \$file"
done
touch /etc/grade 2>/dev/null && echo writes /etc
[ "\$(grep -c : /proc/net/dev)" -eq 1 ] || echo sees a network
[ "\$(ls -d /proc/[0-9]* | wc -l)" -lt 9 ] || echo sees processes
tr '\0' '\n' </proc/1/environ | grep SECRET
grep 'other\|spy' /proc/self/mountinfo
ls -l /proc/self/fd | grep -v 'pipe\|null\|/proc/'
echo looked around
exit 1
END
    SECRET=1 HOME=$SCRATCH/home graded 1 --only listens
    [[ $output = *'| looked around'* && $output != *sees* && $output != *writes* ]]
    [[ $output != *SECRET* && $output != *mnt* && $output != *bubblewrap* ]]
}

@test "the same seed gives the same choice, another seed another" {
    here=$SCRATCH id=long
    . "$ROOT/tests/grader/checks.bash"
    numbers() {
        rm -f "$here/random"
        seed=$1
        for _ in 1 2 3 4 5; do random 1000; done | xargs
    }
    [ "$(numbers 1)" = "$(numbers 1)" ]
    [ "$(numbers 1)" != "$(numbers 2)" ]
    [ "$(numbers 1 | tr ' ' '\n' | sort -u | wc -l)" -gt 3 ]
}

# changed: a copy of the grader that a test may change, and whose checks of echo-to-eof after
# "listens" are those of standard input: rows of the table, an empty line, and functions.
changed() {
    mkdir -p "$SCRATCH/copy"
    cp -R "$ROOT/common" "$ROOT/tests" "$SCRATCH/copy"
    GRADE=$SCRATCH/copy/tests/grade
    local exercise=$SCRATCH/copy/tests/exercises/echo-to-eof
    sed -i.old '/^\(id\|build\|listens\)	/!d' "$exercise/checks.tsv"
    awk -v table="$exercise/checks.tsv" -v functions="$exercise/checks.bash" '
        /^$/ { text = 1 }
        { gsub(/ \| /, "\t"); print >> (text ? functions : table) }'
}

@test "checks that wait run side by side, others alone, and none before those that it needs" {
    changed <<'END'
one | 1 | 20 | visible | listens | 1-sockets.md | one | hint | waits
two | 1 | 20 | visible | listens | 1-sockets.md | two | hint | waits
three | 1 | 20 | visible | listens | 1-sockets.md | three | hint
four | 1 | 20 | visible | listens | 1-sockets.md | four | hint
five | 1 | 20 | visible | two,four | 1-sockets.md | five | hint | waits

meets() {
    touch "$GRADE_SCRATCH/met.$id"
    eventually [ -e "$GRADE_SCRATCH/met.$1" ]
}
check_one() { meets two; meets three; }
check_two() { meets one; meets three; }
check_three() { meets one; meets two; alone; }
check_four() { alone; [ -e "$GRADE_SCRATCH/met.one" ]; }
check_five() { [ -e "$GRADE_SCRATCH/met.three" ] && [ ! -e "$GRADE_SCRATCH/check.four" ]; }
alone() {
    mkdir "$GRADE_SCRATCH/alone"
    sleep 0.5
    rmdir "$GRADE_SCRATCH/alone"
}
END
    good
    each_way graded 0
    [[ $output = *'15 of 15 points; 7 passed'* ]]
    [[ $output = *'one: one'*'two: two'*'three: three'*'four: four'*'five: five'* ]]
    sed -i.old 's/	waits$//' "$SCRATCH/copy/tests/exercises/echo-to-eof/checks.tsv"
    sed -i.old 's/	20	/	1	/' "$SCRATCH/copy/tests/exercises/echo-to-eof/checks.tsv"
    graded 1
    [[ $output = *'failed    0 of   1  one: one'* ]]
    # --only goes through the table from its end, and would not run what is needed, but below.
    sed -i.old '/^two/s/	listens	/	three	/' "$SCRATCH/copy/tests/exercises/echo-to-eof/checks.tsv"
    graded 3 --only two
    [[ $output = *'two needs three, which is not above it'* ]]
    sed -i.old '/^two/s/	three	/	two	/' "$SCRATCH/copy/tests/exercises/echo-to-eof/checks.tsv"
    graded 3
    [[ $output = *'two needs two, which is not above it'* ]]
    sed -i.old '/^two/s/	two	/	listens	/; /^one/s/$/	beside/' "$SCRATCH/copy/tests/exercises/echo-to-eof/checks.tsv"
    graded 3
    [[ $output = *'a 9th that says waits'* ]]
}

@test "where one check is a fault, those that run beside it end with it" {
    changed <<END
one | 1 | 20 | visible | listens | 1-sockets.md | one | hint | waits
two | 1 | 20 | visible | listens | 1-sockets.md | two | hint | waits

check_one() { trap '' TERM; export MARK=$SCRATCH; serve; sleep 1000 & touch "\$GRADE_SCRATCH/runs"; wait; }
check_two() { eventually [ -e "\$GRADE_SCRATCH/runs" ]; cannot do this; }
END
    good
    each_way graded 3
    [[ $output = *'do this'* && -z $(marked) ]]
}

@test "freeze stops all of a program, and thaw lets it go on" {
    changed <<'END'
one | 1 | 20 | visible | listens | 1-sockets.md | one | hint

check_one() {
    local before
    serve
    freeze
    before=$(switches)
    client late put Hello get Hello
    sleep 1
    [ "$(switches)" -eq "$before" ]
    [ ! -s "$here/client.late" ] && alive "${client_pid[late]}"
    thaw
    done_well late
}
END
    submission family <<'END'
#!/bin/sh
(./server "$@" &
wait) &
while :; do sleep 0.1; done
END
    each_way graded 0
    # One that is stopped in vfork waits for its child, which has stopped: only to continue helps.
    cat >"$submitted/vforks.c" <<'END'
#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    if (fork() == 0)
        execv("./server", argv);
    for (;;) {
        if (vfork() == 0) {
            usleep(600000);
            _exit(0);
        }
        usleep(200000);
    }
}
END
    printf 'echo-to-eof: vforks.c\n\t$(CC) -w -o $@ vforks.c\n' >"$submitted/Makefile"
    each_way graded 0
}

@test "a number that was a client's, and is another process's by now, is left alone" {
    sleep 100 3>&- &
    other=$!
    changed <<END
one | 1 | 20 | visible | listens | 1-sockets.md | one | hint

check_one() {
    serve
    client_pid[old]=$other
    release old
    [ -z "\$runner" ] || ended $other
}
END
    good
    GRADE_NAMESPACES=no graded 0
    run kill "$other"
    [ "$status" -eq 0 ]
}

@test "ten runs give one score" {
    submission tardy <<<'#!/bin/sh
./server "$@" &
wait'
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        "$GRADE" echo-to-eof "$submitted" --only echoes --tap - | grep '^ok\|^not ok' || true
    done | sort | uniq -c >"$SCRATCH/lines"
    cat "$SCRATCH/lines"
    [ "$(awk '{ print $1 }' "$SCRATCH/lines" | sort -u)" = 10 ]
}

@test "--only runs a check and what it needs, --visible no hidden one, --program another name" {
    good
    graded 0 --only next --seed 7
    [[ $output = *'40 of 40 points; 5 passed'* ]]
    graded 0 --visible
    [[ $output = *'60 of 60 points; 8 passed'* && $output != *hidden* ]]
    submitted=$ROOT/threaded-server
    graded 0 --program threaded-server --only half-close
    mkdir "$SCRATCH/a ü"
    printf 'all:\n' >"$SCRATCH/a ü/Makefile"
    submitted="$SCRATCH/a ü"
    graded 1 --program 'a server'
    again=$(sed -n 's/.*rerun:    tests.grade //p' <<<"$output")
    [[ $again != *ü* ]]
    eval "run '$GRADE' $again" 3>&-
    [[ $status -eq 1 && $output = *"builds no program a server"* ]]
}

@test "the report for people has colours on a terminal only" {
    needs_terminals
    good
    graded 0 --only build
    [[ $output != *$'\033'* ]]
    export GRADE submitted
    run script -qec '"$GRADE" echo-to-eof "$submitted" --only build' /dev/null
    [[ $output = *$'\033[32mpassed'* ]]
}

@test "a fault of the grader is status 3, and never a zero" {
    good
    TMPDIR=$SCRATCH/nowhere run "$GRADE" echo-to-eof "$submitted" 3>&-
    [[ $status -eq 3 && $output = *'not the fault of the submission'* ]]
    echo old >"$SCRATCH/json"
    CC=no-such-compiler graded 3 --gradescope "$SCRATCH/json"
    [[ $output = *'the compiler does not work'* && ! -e $SCRATCH/json ]]
    cp -R "$ROOT/common" "$ROOT/tests" "$SCRATCH"
    echo 'check_echoes() { cannot do this; }' >>"$SCRATCH/tests/exercises/echo-to-eof/checks.bash"
    GRADE=$SCRATCH/tests/grade graded 3
    [[ $output = *'do this'* && $output != *points* ]]
    printf '#!/bin/sh\nexit 1\n' >"$SCRATCH/tests/bin/peer"
    GRADE=$SCRATCH/tests/grade graded 3
    [[ $output = *'no port is free'* ]]
}

@test "a relative PATH runs nothing of the submission's, and a fault deletes plain files only" {
    good
    printf '#!/bin/sh\necho taken >%s\n' "$SCRATCH/taken" >"$submitted/env"
    chmod +x "$submitted/env"
    PATH=.:$PATH each_way graded 0 --only listens
    [ ! -e "$SCRATCH/taken" ]
    mkfifo "$SCRATCH/fifo"
    CC=no-such-compiler graded 3 --tap "$SCRATCH/fifo"
    [ -p "$SCRATCH/fifo" ]
    if [ "$(id -u)" -ne 0 ]; then
        chmod 000 "$submitted"
        graded 2
        chmod 755 "$submitted"
        [[ $output = *'cannot be entered'* ]]
    fi
}

@test "a bubblewrap that fails is the grader's trouble" {
    needs_namespaces
    good
    mkdir "$SCRATCH/bin"
    bwrap=$(command -v bwrap)
    for call in grader/check 'make -s COMMON' ./echo-to-eof; do
        printf '%s\n' '#!/bin/bash' "[[ \$* != *'$call'* ]] || { echo bwrap: no >&2; exit 1; }" \
            "exec $bwrap \"\$@\"" >"$SCRATCH/bin/bwrap"
        chmod +x "$SCRATCH/bin/bwrap"
        PATH=$SCRATCH/bin:$PATH graded 3 --only listens
        [[ $output = *'bwrap: no'* && $output != *points* ]]
    done
}

blames_the_grader() {
    graded 1 --only build
    [[ $output = *'make fails'*'bwrap: no'* ]]
}

@test "a bubblewrap that does not work here is a fault, and no reason to do without it" {
    good
    mkdir "$SCRATCH/bin"
    # As where AppArmor forbids the namespaces of ordinary users.
    printf '#!/bin/sh\necho "bwrap: setting up uid map: Permission denied" >&2\nexit 1\n' \
        >"$SCRATCH/bin/bwrap"
    chmod +x "$SCRATCH/bin/bwrap"
    unset GRADE_NAMESPACES
    PATH=$SCRATCH/bin:$PATH graded 3 --only listens
    [[ $output = *'uid map: Permission denied'*'GRADE_NAMESPACES=no'* && $output != *points* ]]
    PATH=$SCRATCH/bin:$PATH run "$GRADE" --batch echo-to-eof "$submitted" 3>&-
    [[ $status -eq 3 && $output = *'uid map: Permission denied'* ]]
    GRADE_NAMESPACES=no PATH=$SCRATCH/bin:$PATH graded 0 --only listens
}

# with_tools OMITTED [NAME=PROGRAM...]: sets tools to a directory that has what the grader needs
# and what make and the compiler do, without bubblewrap and without OMITTED; PROGRAM stands in the
# place of NAME.
with_tools() {
    local entry name
    tools=$SCRATCH/tools
    rm -rf "$tools" && mkdir "$tools"
    while read -r -d : entry; do
        ln -s "$entry"/* "$tools" 2>/dev/null || true # those of the same name stay
    done <<<"$PATH:"
    for name in bwrap $1; do
        rm -f "$tools/$name"
    done
    for entry in "${@:2}"; do
        printf '#!/bin/sh\nexec %s "$@"\n' "${entry#*=}" >"$tools/${entry%%=*}.new"
        chmod +x "$tools/${entry%%=*}.new" && mv -f "$tools/${entry%%=*}.new" "$tools/${entry%%=*}"
    done
}

@test "a tool that is missing is a fault that names it" {
    good
    unset GRADE_NAMESPACES
    for tool in awk sed make od; do
        with_tools "$tool"
        PATH=$tools graded 3
        [[ $output = *"grade: it needs $tool, which is not installed"* && $output != *points* ]]
    done
    with_tools "cc c99 gcc clang tcc"
    PATH=$tools graded 3
    [[ $output = *'the compiler does not work'* ]]
    with_tools ''
    PATH=$tools graded 0 --only listens
    [[ $output = *'warning: without bubblewrap'* ]]
}

@test "whatever the caller exports, the score is the same" {
    good
    "$GRADE" echo-to-eof "$submitted" --only echoes --classroom "$SCRATCH/expected" >"$SCRATCH/out" 3>&-
    # In Turkish, [a-z] has no i.
    localedef -i tr_TR -f UTF-8 "$SCRATCH/tr_TR.UTF-8" || echo 'that locale cannot be made here'
    odd() { # NAME=VALUE...
        run env "$@" "$GRADE" echo-to-eof "$submitted" --only echoes --classroom "$SCRATCH/odd" 3>&-
        echo "$*: $output"
        [[ $status -eq 0 && $output = *'20 of 20 points'* ]]
        cmp "$SCRATCH/expected" "$SCRATCH/odd"
    }
    odd LC_ALL=tr_TR.UTF-8 LOCPATH="$SCRATCH"
    for setting in LC_ALL=nowhere SHELLOPTS=errexit:nounset:noglob:pipefail:posix \
        SHELLOPTS=physical:keyword:noclobber BASHOPTS=nocasematch:failglob:nullglob:extglob \
        POSIXLY_CORRECT=1 CDPATH=.:/ MAKEFLAGS=n MAKEFLAGS=-j8 'MAKEOVERRIDES=CC=false' MAKEFILES=/etc/passwd \
        GREP_OPTIONS=-v GREP_COLORS=mt=1 'BASH_FUNC_grep%%=() { false; }' AWKPATH=/ POSIX_ME_HARDER=1 \
        here=/ log=/etc/passwd runner=1 patience=0 CFLAGS=-fsyntax-only LDFLAGS=-lnothing COMMON=/ \
        GRADE_RUN=/ GRADE_SCRATCH=/ GRADE_SUBMISSION=/ CONTAIN=/bin/false ROOT=/ seconds=0 IFS=0123; do
        odd "$setting"
    done
    # The shell's own work with what stays: a mask, signals that are ignored, a limit.
    signals='PIPE HUP'
    ! env --default-signal=CHLD true || signals+=' CHLD'
    run bash -c "umask 777; trap '' $signals; ulimit -Ss 256; exec '$GRADE' echo-to-eof \
        '$submitted' --only echoes" 3>&-
    echo "$output"
    [[ $status -eq 0 && $output = *'20 of 20 points'* ]]
}

@test "any awk, and the tools of busybox, give the same score and the same report" {
    submission broken </dev/null
    printf 'all:\n\tprintf '"'"'<&"\\\\\\303\\274\\001>\\n'"'"'; false\n' >"$submitted/Makefile"
    graded 1 --tap "$SCRATCH/tap" --junit "$SCRATCH/xml" --gradescope "$SCRATCH/json"
    for awk in gawk mawk original-awk 'busybox awk'; do
        command -v "${awk%% *}" || continue
        unset GRADE_NAMESPACES
        with_tools '' "awk=$awk"
        PATH=$tools graded 1 --tap "$SCRATCH/tap.1" --junit "$SCRATCH/xml.1" \
            --gradescope "$SCRATCH/json.1"
        for kind in tap xml json; do # but for the time that it took
            diff <(sed 's/time=*.: *[0-9]*//g; s/time="[0-9]*"//g' "$SCRATCH/$kind") \
                <(sed 's/time=*.: *[0-9]*//g; s/time="[0-9]*"//g' "$SCRATCH/$kind.1")
        done
    done
}

@test "a submission that belongs to another user, or is read-only, gets what it deserves" {
    good
    chmod -R a-w "$submitted"
    each_way graded 0 --only listens
    chmod -R u+w "$submitted"
    if [ "$(id -u)" -eq 0 ] && command -v setpriv; then
        chown -R 12345:54321 "$submitted"
        chmod -R go-rwx "$submitted"
        each_way graded 0 --only listens
        [ "$(stat -c %u "$submitted/program")" -eq 12345 ]
        # An ordinary user may not read it: that is no reason to lose points.
        chmod 755 "$submitted"
        mkdir -m 777 "$SCRATCH/other"
        chmod -R a+rX "$SCRATCH" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR" && chmod go-rwx "$submitted/program"
        chmod a+X "${BATS_RUN_TMPDIR%/*}"
        other=(setpriv --reuid 23456 --regid 23456 --clear-groups)
        "${other[@]}" test -x "$GRADE" || return 0 # the repository is out of that user's reach
        run "${other[@]}" env GRADE_NAMESPACES=no HOME=/ TMPDIR="$SCRATCH/other" "$GRADE" \
            echo-to-eof "$submitted" 3>&-
        echo "$output"
        [[ $status -eq 3 && $output = *'you may not read it'*'program'* ]]
    fi
}

@test "a submission cannot pass its own failure off as the grader's" {
    mkdir "$SCRATCH/liar"
    submitted=$SCRATCH/liar
    printf 'all:\n\t@%s\n\t@%s\n' 'echo bwrap: no; echo contain: no >&2' \
        '! grep -q contain /proc/1/comm || echo bwrap: no >/proc/1/fd/2; exit 1' >"$submitted/Makefile"
    each_way blames_the_grader
}

@test "odd settings are wrong usage, and no lost points" {
    good
    for setting in GRADE_MEMORY=0 GRADE_MEMORY=4G GRADE_SILENCE=0 GRADE_PATIENCE=0 GRADE_PATIENCE=long \
        GRADE_NAMESPACES=maybe; do
        run env "$setting" "$GRADE" echo-to-eof "$submitted" 3>&-
        [[ $status -eq 2 && ${lines[0]} = "grade: ${setting%%=*} is"* ]]
    done
    graded 2 --tap "$SCRATCH/nowhere/tap"
    [[ ${lines[0]} = *'nowhere/tap cannot be written' ]]
    graded 2 --tap - --junit -
    [[ ${lines[0]} = *'takes one result' ]]
    mkdir "$SCRATCH/a b"
    TMPDIR="$SCRATCH/a b" run "$GRADE" echo-to-eof "$submitted" 3>&-
    [[ $status -eq 3 && ${lines[0]} = *'TMPDIR needs'* ]]
    TMPDIR=$submitted run "$GRADE" echo-to-eof "$submitted" 3>&-
    [[ $status -eq 3 && ${lines[0]} = *'TMPDIR needs'* ]]
    [ -z "$(find "$SCRATCH" -name 'grade.*')" ]
}

@test "what a submission does to its files is lost points, and no fault of the grader" {
    good
    (cd "$submitted" && for _ in {1..30}; do
        name=$(printf '%0200d' 0) && mkdir "$name" && cd "$name" || exit
    done)
    graded 1
    [[ $output = *'cannot be copied'*'0 passed, 1 failed, 18 not run'* ]]
    submission many <<<'exit 1'
    printf 'echo-to-eof: program\n\t%s\n' \
        'mkdir many && cd many && seq 60000 | xargs touch && cd .. && cp program $@ && chmod +x $@' \
        >"$submitted/Makefile"
    graded 1
    [[ $output = *'50000 files'*'0 passed, 1 failed, 18 not run'* ]]
    submission names </dev/null
    printf 'all:\n\t%s\n' "touch \"\$\$(printf 'a\\n::notice::b')\"" >"$submitted/Makefile"
    graded 1
    [[ $output = *'got:      '*'a\n::notice::b'* ]]
    rm "$submitted/Makefile"
    printf 'all:\n\tmkdir echo-to-eof\n' >"$submitted/Makefile"
    graded 1
    [[ $output = *'make builds no program'* ]]
}

@test "who fills the disk loses the check" {
    needs_namespaces
    submission full <<<'#!/bin/sh
for i in 1 2 3 4; do head -c 60000000 /dev/zero >$i; done
exit 1'
    run bwrap --dev-bind / / --size 200000000 --tmpfs "$TMPDIR" \
        "$GRADE" echo-to-eof "$submitted" 3>&-
    echo "$output"
    [[ $status -eq 1 && $output = *'the disk is full of what it has written'* ]]
}

@test "no name of a process looks like the state of one" {
    . "$ROOT/tests/process.bash"
    local name=$SCRATCH/$'x) S 1\ny) S'
    ln -s "$(command -v bash)" "$name"
    "$name" -c 'while :; do :; done' 3>&- &
    server_pid=$!
    eventually grep -q '^x)' "/proc/$server_pid/comm"
    run sleeps
    kill "$server_pid"
    server_pid=
    [ "$status" -ne 0 ]
}

@test "what is copied is counted as it is copied" {
    good
    make_with() {
        printf 'echo-to-eof: program\n\t%s\n\tcp program $@ && chmod +x $@\n' "$1" \
            >"$submitted/Makefile"
    }
    # Each of the two would be small if a file's second name cost nothing, or a long name little.
    make_with 'head -c 50000000 /dev/zero >1; for i in `seq 30`; do ln 1 l$$i; done'
    graded 1
    [[ $output = *'more than 1 GiB or'*'0 passed, 1 failed'* ]]
    make_with 'for i in `seq 15`; do d=$$d`printf %0200d 0`/; done; mkdir -p $$d && cd $$d && \
	seq 4000 | xargs touch'
    graded 1
    [[ $output = *'more than 1 GiB or'*'0 passed, 1 failed'* ]]
}

@test "nobody in the sandbox makes namespaces of its own" {
    needs_namespaces
    bwrap --help | grep -qe --disable-userns || skip "this bubblewrap cannot forbid it"
    submission nested <<<'#!/bin/sh
unshare --user true && echo made one
exit 1'
    graded 1 --only listens
    [[ $output = *unshare* && $output != *'| made one'* ]]
}

@test "the way to the repository does not matter: what it holds is not seen" {
    needs_namespaces
    mkdir -p /opt/course.$$ || skip "/opt takes no files"
    cp -R "$ROOT/common" "$ROOT/tests" "/opt/course.$$"
    ln -s "/opt/course.$$" "$SCRATCH/link"
    submission spy <<END
#!/bin/sh
ls /opt/course.$$/tests && echo sees it
exit 1
END
    GRADE=$SCRATCH/link/tests/grade graded 1 --only listens || failed=1
    rm -rf "/opt/course.$$"
    [[ -z ${failed:-} && $output != *'| sees it'* && $output = *'No such file'* ]]
}

@test "what the machine lacks is a fault, and patience makes time longer" {
    good
    for limit in 'n 100' 'v 100000'; do
        run bash -c "ulimit -$limit && exec '$GRADE' echo-to-eof '$submitted'" 3>&-
        [[ $status -eq 3 && ${lines[0]} = 'grade: it needs '*"${limit% *})" ]]
    done
    for words in "echo-to-eof $submitted --only build" "--batch echo-to-eof $submitted"; do
        # shellcheck disable=SC2086  # words
        "$GRADE" $words >/dev/full 2>"$SCRATCH/out" 3>&- || status=$?
        [ "$status" -eq 3 ]
    done
    cp -R "$ROOT/common" "$ROOT/tests" "$SCRATCH"
    sed -i.old '/^listens/s/	30	/	2	/' "$SCRATCH/tests/exercises/echo-to-eof/checks.tsv"
    submission tardy <<<'#!/bin/sh
sleep 4
exec ./server "$@"'
    GRADE=$SCRATCH/tests/grade graded 1 --only listens
    GRADE_PATIENCE=80 GRADE=$SCRATCH/tests/grade graded 0 --only listens
}

@test "a full disk is status 3" {
    needs_namespaces
    good
    for size in 4096 20000 100000 200000 300000 500000; do
        run bwrap --dev-bind / / --size "$size" --tmpfs "$TMPDIR" \
            "$GRADE" echo-to-eof "$submitted" --only echoes 3>&-
        echo "$size bytes: $output"
        [[ $size -gt 100000 || $status -eq 3 ]]
        [[ $output = *'20 of 20 points'* || ($status -eq 3 && $output != *points*) ]]
    done
    # Whether it has failed by itself or for want of room, nobody knows.
    submission failing <<<'exit 1'
    run bwrap --dev-bind / / --size 500000 --tmpfs "$TMPDIR" \
        "$GRADE" echo-to-eof "$submitted" --only echoes 3>&-
    [[ $status -eq 3 && $output = *'no room'* ]]
}

@test "a batch is a table with a row a submission" {
    good
    mkdir "$SCRATCH/a, \"b\""
    "$GRADE" --batch echo-to-eof "$submitted" "$SCRATCH/a, \"b\"" \
        >"$SCRATCH/table" 2>"$SCRATCH/progress" 3>&-
    cat "$SCRATCH/table"
    diff - "$SCRATCH/table" <<END
submission,score,points,failed,build,listens,echoes,again,partial,half-close,next,nul-bytes,address,taken,prompt,sizes,long,late,reset,rests,waits,slow,leak
"$submitted",100,100,,5,5,10,10,5,10,10,5,5,3,3,3,5,4,5,3,3,2,4
"$SCRATCH/a, ""b""",0,100,build,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0
END
    grep '^1 of 2: ' "$SCRATCH/progress"
    (cd "$SCRATCH" && mkdir -- '-x' && GRADE_NAMESPACES=no "$GRADE" --batch echo-to-eof -x) \
        >"$SCRATCH/table" 2>"$SCRATCH/progress" 3>&-
    grep "^\"'-x\",0,100,build," "$SCRATCH/table"
    grep 'warning: without bubblewrap' "$SCRATCH/progress"
    # Where bubblewrap fails for the second, this one is not run, without it even less.
    if bwrap --dev-bind / / --unshare-net --unshare-user true; then
        mkdir "$SCRATCH/bin"
        bwrap=$(command -v bwrap)
        printf '%s\n' '#!/bin/bash' "[[ ! -e $SCRATCH/broken ]] || exit 1" \
            "exec $bwrap \"\$@\"" >"$SCRATCH/bin/bwrap"
        chmod +x "$SCRATCH/bin/bwrap"
        mkdir "$SCRATCH/first" "$SCRATCH/second"
        printf 'all:\n\tfalse\n' >"$SCRATCH/first/Makefile"
        printf 'all:\n\ttouch %s\n' "$SCRATCH/ran" >"$SCRATCH/second/Makefile"
        PATH=$SCRATCH/bin:$PATH "$GRADE" --batch echo-to-eof "$SCRATCH/first" "$SCRATCH/second" \
            2>"$SCRATCH/progress" 3>&- | while read -r line; do
            [[ $line != *first* ]] || touch "$SCRATCH/broken"
            echo "$line"
        done >"$SCRATCH/table"
        cat "$SCRATCH/table"
        grep 'second",,,"grade: ' "$SCRATCH/table"
        [ ! -e "$SCRATCH/ran" ]
    fi
    run "$GRADE" --batch nothing "$submitted"
    [[ $status -eq 2 && $output = *'no exercise nothing' ]]
    run "$GRADE" --batch echo-to-eof
    [ "$status" -eq 2 ]
    CC=no-such-compiler run "$GRADE" --batch echo-to-eof "$submitted" 3>&-
    [[ $status -eq 3 && $output = *',,,"grade: the compiler does not work'*',,,,,,,,,,,' ]]
}

@test "a batch keeps reports, skips what is no directory, and shows names as they are" {
    changed </dev/null
    good
    mkdir -p "$SCRATCH/all/ü ✓" "$SCRATCH/all/tab"$'\t'"x" "$SCRATCH/all/deep/er"
    cp "$submitted"/* "$SCRATCH/all/ü ✓"
    touch "$SCRATCH/all/notes.txt"
    cd "$SCRATCH/all"
    "$GRADE" --batch --reports "$SCRATCH/reports" echo-to-eof ./* deep/er deep_er nowhere \
        >"$SCRATCH/table" 2>"$SCRATCH/progress" 3>&-
    cat "$SCRATCH/table" "$SCRATCH/progress"
    [ "$(wc -l <"$SCRATCH/table")" -eq 5 ]
    grep -F '"./ü ✓",10,10,,5,5' "$SCRATCH/table"
    grep -F '"deep/er",0,10,build,0,0' "$SCRATCH/table"
    grep -F 'of 4: ./ü ✓' "$SCRATCH/progress"
    grep -F 'of 4: ./tab?x' "$SCRATCH/progress"
    grep -Fx 'grade: skipped, no directory: ./notes.txt' "$SCRATCH/progress"
    grep -Fx 'grade: skipped, no directory: nowhere' "$SCRATCH/progress"
    grep -F '10 of 10 points' "$SCRATCH/reports/ü ✓.txt"
    grep -F 'there is no makefile' "$SCRATCH/reports/deep_er.txt"
    mkdir deep_er
    "$GRADE" --batch --reports "$SCRATCH/reports" echo-to-eof deep/er deep_er 3>&-
    grep -F -e '--only build' "$SCRATCH/reports/deep_er.txt" | grep deep/er
    grep -F -e '--only build' "$SCRATCH/reports/deep_er-2.txt" | grep deep_er
    for words in "--jobs 0 echo-to-eof deep" "--jobs" "--colour echo-to-eof deep" "echo-to-eof nowhere"; do
        # shellcheck disable=SC2086  # words
        run "$GRADE" --batch $words 3>&-
        [[ $status -eq 2 && $output = *'--reports DIR'* ]]
    done
}

@test "a batch side by side gives the same table, and twice it names what differs" {
    changed </dev/null
    good
    for name in a b c; do
        cp -R "$submitted" "$SCRATCH/$name"
    done
    printf 'all:\n\tfalse\n' >"$SCRATCH/b/Makefile"
    # The third run is the second one of b: it is the same; the program of c starts once only.
    printf '#!/bin/sh\nmkdir %s || exit 1\nexec ./server "$@"\n' "$SCRATCH/was" >"$SCRATCH/c/program"
    cd "$SCRATCH"
    export GRADE_NAMESPACES=no
    "$GRADE" --batch --jobs 3 echo-to-eof a b b a >"$SCRATCH/table" 2>"$SCRATCH/progress" 3>&-
    diff - "$SCRATCH/table" <<'END'
submission,score,points,failed,build,listens
"a",10,10,,5,5
"b",0,10,build,0,0
"b",0,10,build,0,0
"a",10,10,,5,5
END
    run "$GRADE" --batch --twice echo-to-eof a c b 3>&-
    echo "$output"
    [[ $status -eq 1 && $output = *'the results of two runs differ, c: listens'* ]]
    [[ ${lines[*]} = *'submission,score,points,failed,differs,build,listens'* ]]
    [[ $output = *'"a",10,10,,,5,5'*'"c",10,10,,listens,5,5'*'"b",0,10,build,,0,0'* ]]
}

@test "the handout builds and grades itself, and holds nothing that is hidden" {
    make -s -C "$ROOT" handout EXERCISE=echo-to-eof
    mkdir "$SCRATCH/a b"
    tar -C "$SCRATCH/a b" -xzf "$ROOT/tests/handout/echo-to-eof.tar.gz"
    cd "$SCRATCH/a b/echo-to-eof"
    [ -z "$(find . -name 'solution*' -o -name 'mutants*' -o -name 'hidden*' -o -name echo.bash -o -name crowd.bash)" ]
    run grep -rn 'hidden	\|check_reset' .
    [ "$status" -eq 1 ]
    make -s -C starter
    run ./grade starter 3>&-
    echo "$output"
    [[ $status -eq 1 && $output = *'20 of 60 points; 3 passed, 1 failed, 4 not run'* ]]
    [[ $output = *'rerun:    ./grade starter --only again --seed 1'* ]]
    run make -s -C "$ROOT" handout EXERCISE=nothing
    [ "$status" -eq 2 ]
}

@test "each table is whole: 100 points, a function for each check, sections that exist" {
    cd "$ROOT/tests/exercises"
    for exercise in *; do
        awk -F '\t' -v name="$exercise" '
            NR == 1 || /^#/ || /^$/ { next }
            (NF != 8 && !(NF == 9 && $9 == "waits")) || $2 !~ /^[0-9]+$/ || $3 !~ /^[0-9]+$/ || $4 !~ /^(visible|hidden)$/ {
                print name ": " $0
                bad = 1
            }
            { n = split($5, needs, ","); seen[$1] = 1; sum += $2 }
            { for (i = 1; i <= n; i++) if (needs[i] != "-" && !(needs[i] in seen)) {
                print name ": " $1 " needs " needs[i] " before it"
                bad = 1
            } }
            END { if (sum != 100) print name ": " sum " points"; exit bad || sum != 100 }
        ' "$exercise/checks.tsv"
        # shellcheck disable=SC1090
        (
            . "$ROOT/tests/grader/checks.bash"
            . "$exercise/checks.bash"
            [ ! -e "$exercise/hidden.bash" ] || . "$exercise/hidden.bash"
            while IFS=$'\t' read -r id _ _ _ _ section _; do
                [[ $id =~ ^(id|#.*|)$ ]] && continue
                declare -F "check_${id//-/_}" >/dev/null || { echo "$exercise: $id" && exit 1; }
                page=$ROOT/docs/${section%%#*}
                [[ -e $page && $section != *#* ]] && continue
                sed -n 's/^##* //p' "$page" | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9\n-' |
                    grep -qx -- "${section##*#}" || { echo "$exercise: $section" && exit 1; }
            done <"$exercise/checks.tsv"
        )
    done
}

@test "the self-test sees a mutant that is not caught, and a solution that is not one" {
    cp -R "$ROOT/common" "$ROOT/tests" "$SCRATCH"
    cd "$SCRATCH/tests"
    exercise=exercises/echo-to-eof
    sed -i.old '/^\(id\|build\|listens\|echoes\|again\|next\|reset\)	/!d' "$exercise/checks.tsv" # a few will do
    rm -rf "$exercise/mutants"/{[!s],st}*
    rm -rf "$exercise/starter" && cp -R "$exercise/solution" "$exercise/starter"
    echo half-close >"$exercise/mutants/sigpipe/EXPECT"
    rm -f "$exercise/mutants/short-read-is-the-end/patch"
    echo '--- nothing' >"$exercise/mutants/short-read-is-the-end/patch"
    run ./grade --self-test echo-to-eof 3>&-
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output = *'ok echo-to-eof solution'* && $output = *'not ok echo-to-eof starter'* ]]
    [[ $output = *'not ok echo-to-eof mutants/sigpipe'* && $output = *'1 passed, 3 failed' ]]
}

# tables ROW...: an exercise with one demand and one check, and these rows of demands.tsv.
tables() {
    mkdir -p "$SCRATCH/grader" "$SCRATCH/exercises/tiny/mutants/bug"
    cp "$ROOT"/tests/grader/demands* "$SCRATCH/grader"
    cat >"$SCRATCH/exercises/tiny/README.md" <<'END'
# tiny: a task

## What to build

Two things:

- The program must echo
  every byte. It can print anything, and must not stop.

      code must not count
- It keeps at most 3 bytes.

| a table | must not count |

## Try it by hand first

Send it at most 3 bytes.
END
    printf 'id\tpoints\nbuild\t1\nechoes\t2\nstays\t3\n' >"$SCRATCH/exercises/tiny/checks.tsv"
    printf 'echoes\nstays\n' >"$SCRATCH/exercises/tiny/mutants/bug/EXPECT"
    printf 'sentence\tchecks\twhy\n' >"$SCRATCH/exercises/tiny/demands.tsv"
    printf '%b\n' "$@" >>"$SCRATCH/exercises/tiny/demands.tsv"
    run "$SCRATCH/grader/demands" tiny
    echo "$output"
}

@test "a sentence that demands something has a check, and a check has a sentence" {
    bytes='The program must echo every byte.\techoes,build'
    stays='and must not stop.\tstays'
    most='It keeps at most 3 bytes.\t-\tit cannot be seen'
    tables "$bytes" '# a comment' "$stays" "$most"
    [ "$status" -eq 0 ]
    tables "$bytes" "$most"
    [[ $status -eq 1 && $output = *'does not have: [...] It can print anything, and must not stop.'* ]]
    [[ $output = *'no demand has the check stays'* && ${#lines[@]} -eq 2 ]]
    tables "$bytes" "$stays"
    [[ $status -eq 1 && $output = 'tiny: demands.tsv does not have: It keeps at most 3 bytes.' ]]
    tables "$bytes" "$stays" "$most" 'The program must echo each byte.\techoes'
    [[ $status -eq 1 && $output = 'tiny: README.md does not say: The program must echo each byte.' ]]
    tables "$bytes,nothing" "$stays" "${most%it*}"
    [[ $status -eq 1 && $output = *'there is no check nothing'*'does not say why'* ]]
    tables "$bytes" "$stays" "$most"
    echo stays >"$SCRATCH/exercises/tiny/mutants/bug/EXPECT"
    run "$SCRATCH/grader/demands" tiny
    [[ $status -eq 1 && $output = 'tiny: no mutant fails the check echoes' ]]
    rm "$SCRATCH/exercises/tiny/demands.tsv"
    run "$SCRATCH/grader/demands"
    [[ $status -eq 1 && $output = 'tiny: there is no demands.tsv' ]]
}

@test "each README demands what its checks check" {
    "$ROOT/tests/grader/demands"
}
