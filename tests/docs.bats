# What the pages say: their quotes, their links, their transcripts, their listings.

# shellcheck disable=SC2016  # the backticks are those of Markdown
load helpers

# Prints the transcripts of a page (its console blocks) as clitest takes them.  Ports 2000
# and 2001 become two that the system has chosen.  Behind a program that is started in the
# background with its output in a file it waits until that has begun.
transcripts() {
    awk -v first="$2" -v second="$3" '
        /^```/ && inside { inside = 0; print "$"; next }
        /^```console$/ { inside = 1; next }
        !inside { next }
        {
            # In 127.0.0.1:2000, 127.0.0.1 2000 and /127.0.0.1/2000
            $0 = put(put($0, 2000, first), 2001, second)
            print
        }
        /^\$ .* > [^ ]+ &$/ {
            print "$ until [ -s " $(NF - 1) " ]; do sleep 0.02; done"
        }
        function put(line, port, other) {
            gsub("1:" port, "1:" other, line)
            gsub("1 " port, "1 " other, line)
            gsub("1/" port, "1/" other, line)
            return line
        }' "$1"
}

# Two ports that nobody listens at.
free_ports() {
    ports=()
    for _ in 1 2; do
        start_server simple-server
        ports+=("$port")
        other=$server_pid
        peer_pids+=("$other")
    done
    server_pid=
    for other in "${peer_pids[@]}"; do
        kill -KILL "$other"
        wait "$other" || true
    done
    peer_pids=()
}

# Runs the transcripts of a page in a copy of the repository, in a process group of its own.
follow() {
    needs clitest setsid
    needs_nc
    no_sanitizer "transcripts show the programs as they are"
    no_emulator "transcripts show the programs as they are"
    free_ports
    cp -R "$ROOT" "$SCRATCH/copy"
    cd "$SCRATCH/copy" || return
    unset MAKEFLAGS MFLAGS MAKEOVERRIDES
    transcripts "$1" "${ports[@]}" >"$SCRATCH/transcript"
    grep -q '^\$ ' "$SCRATCH/transcript"
    setsid bash "$(command -v clitest)" --color never "$SCRATCH/transcript" </dev/null 3>&- &
    group=$!
    status=0
    wait "$group" || status=$?
    kill -KILL -- "-$group" 2>/dev/null || true
    return "$status"
}

@test "each quote stands in its file, each link leads somewhere" {
    cd "$ROOT"
    docs/tools/quotes --check README.md docs/*.md tests/exercises/*/README.md
}

# A page of its own, docs/page.md, beside a C file and another page; then the tool's result.
page() {
    mkdir -p "$SCRATCH/tree/docs" "$SCRATCH/tree/x"
    cd "$SCRATCH/tree" || return
    printf '%s\n' '/* y and done */' 'static int y(int z);' 'struct pair {' '    int a;' '    int b;' \
        '};' 'static int y(int z)' '{' '    return y(z);' '}' 'int done;' 'int done;' >x/y.c
    printf '%s\n' 'int twice(int a);' 'int twice(long a);' '/* Says what' '   noted(1) does. */' \
        'int b = twice(1); /* noted(2) */' >x/z.h
    printf '%s\n' '# int done' '@test "int done twice" {' '}' \
        "@test \"a pair's end (or none)\" {" >x/z.bats
    printf '%s\n' '# The other' '## Its part' >docs/other.md
    printf '%s\n' "$@" >docs/page.md
    run "$ROOT/docs/tools/quotes" docs/page.md
    echo "$output"
}

@test "line numbers that have moved are corrected: in quotes, at names, at other text" {
    page 'A [`y`](../x/y.c#L1), a [`struct pair`](../x/y.c#L), [`int b;`](../x/y.c#L999): [o](other.md#its-part)' \
        '' '[`y.c`, lines 1–2](../x/y.c#L1-L2)' '```c' '    int a;' '    int b;' '```'
    [ "$status" -eq 0 ]
    diff - docs/page.md <<'END'
A [`y`](../x/y.c#L7), a [`struct pair`](../x/y.c#L3), [`int b;`](../x/y.c#L5): [o](other.md#its-part)

[`x/y.c`, lines 4–5](../x/y.c#L4-L5)

```c
    int a;
    int b;
```
END
    # Now all is true, and --check content; before, it is not, and changes nothing.
    "$ROOT/docs/tools/quotes" --check docs/page.md
    sed -i.before 's/L4-L5/L3-L4/' docs/page.md
    run "$ROOT/docs/tools/quotes" --check docs/page.md
    [ "$status" -eq 1 ]
    grep -q 'L3-L4' docs/page.md
}

@test "the title of a link says what it means: a test, a line of code" {
    page "True ([test](../x/z.bats#L1 \"a pair's end (or none)\"), [test](../x/z.bats#L \"int done twice\"))." \
        '[check](../x/y.c#L9 "y"), [`its end`](../x/y.c#L9 "int b;"), [o](other.md "The other").'
    [ "$status" -eq 0 ]
    diff - docs/page.md <<'END'
True ([test](../x/z.bats#L4 "a pair's end (or none)"), [test](../x/z.bats#L2 "int done twice")).
[check](../x/y.c#L7 "y"), [`its end`](../x/y.c#L5 "int b;"), [o](other.md "The other").
END
}

# untrue WHAT LINE...: the page is refused with this message, and stays as it is.
untrue() {
    page "${@:2}"
    [ "$status" -eq 1 ]
    [[ $output = *"docs/page.md:"*"$1"* ]]
    diff <(printf '%s\n' "${@:2}") docs/page.md
}

@test "what is no longer true is named" {
    link='[`y.c`, lines 1–2](../x/y.c#L1-L2)'
    untrue 'stands 0 times in x/y.c:     int c;' "$link" '' '```c' '    int c;' '```'
    untrue 'stands 0 times' "$link" '' '```c' 'int a;' '```'
    untrue 'stands 2 times' "$link" '' '```c' 'int done;' '```'
    untrue 'stands 13 times' "$link" '' '```c' '```'
    untrue 'without its lines' "$link" '' 'Text.'
    untrue 'without its lines' "$link" '' "$link" '' '```c' '    int a;' '```'
    untrue 'has no end' "$link" '' '```c' '    int a;'
    untrue 'not quoted' '```c' 'int a;' '```'
    untrue '`int c;` stands on 0 lines' '[`int c;`](../x/y.c#L4)'
    untrue '`int done;` stands on 2 lines' '[`int done;`](../x/y.c#L11)'
    untrue 'has code as its text' '[the pair](../x/y.c#L3)'
    untrue '`a pair` stands on 0 lines' '[test](../x/z.bats#L4 "a pair")'
    untrue '`int done` stands on 0 lines' '[`int done twice`](../x/z.bats#L2 "int done")'
    untrue 'there is no ../x/z.c' '[`y`](../x/z.c#L1)'
    untrue 'there is no ../x/z.c' '[test](../x/z.c#L1 "y")'
    untrue 'there is no ../x/z.c' '[z](../x/z.c "y")'
    untrue 'there is no ../x/z.c' '[y](../x/z.c)'
    untrue 'no heading #part in other.md' '[y](other.md#part)'
    untrue 'no heading #part in page.md' '# Title' '[y](#part)'
    # Of two definitions, or of comments, none is meant; and nothing becomes a command.
    untrue '`done` stands on 2 lines' '[`done`](../x/y.c#L11)'
    untrue '`twice` stands on 3 lines' '[`twice`](../x/z.h#L1)'
    untrue '`noted` stands on 0 lines' '[`noted`](../x/z.h#L5)'
    untrue '`don` stands on 0 lines' '[`don`](../x/y.c#L11)'
    untrue '`int done` stands on 0 lines' '[`int done`](../x/z.bats#L1)'
    untrue "there is no ';false" "[y](';false;')"
}

@test "what is written in a form that is not looked at is refused" {
    untrue 'another form' '~~~c' 'int a;' '~~~'
    untrue 'another form' '``` c' 'int a;' '```'
    untrue 'another form' '- Text' '' '  ```c' '  int a;' '  ```'
    untrue 'broken' 'A [`y`](' '../x/y.c#L1).'
    untrue 'broken' 'A [test](../x/z.bats#L2 "int done' 'twice").'
    untrue 'broken' 'A [test](../x/z.bats#L2' '"int done twice").'
    untrue 'broken' 'A [test](../x/z.bats#L2 "").'
    untrue 'broken' "A [test](../x/z.bats#L2 'int done twice')."
    untrue 'not quoted' '```text' 'int a;' '```'
    untrue 'not looked at' '<a href="gone.md">y</a>'
    untrue 'there is no file:' '[y](file:../x/gone.c)'
    untrue 'apart' 'A [link][1].' '' '[1]: ../x/y.c#L1'
}

@test "a page at the top names files as they are named there" {
    mkdir "$SCRATCH/x"
    cd "$SCRATCH"
    echo 'int a;' >x/y.c
    printf '%s\n' '[`y.c`, line 7](x/y.c#L7)' '' '```c' 'int a;' '```' >page.md
    "$ROOT/docs/tools/quotes" page.md
    [ "$(head -n 1 page.md)" = '[`x/y.c`, line 1](x/y.c#L1)' ]
}

@test "no transcript stands on a page whose transcripts are not followed" {
    cd "$ROOT"
    diff <(sed -n 's/.*follow \([A-Za-z0-9/-]*\.md\).*/\1/p' tests/docs.bats | sort) \
        <(grep -l '^ *```console' README.md docs/*.md tests/exercises/*/README.md | sort)
}

@test "the transcript of the README" { follow README.md; }
@test "the transcripts of the page on sockets" { follow docs/1-sockets.md; }
@test "the transcripts of the page on the simple server" { follow docs/2-simple-server.md; }
@test "the transcripts of the page on concurrent connections" {
    follow docs/3-concurrent-connections.md
}
@test "the transcripts of the page on multiplexing" {
    needs strace
    follow docs/4-multiplexing.md
}
@test "the transcripts of the page on threads" { follow docs/5-threads.md; }
@test "the transcripts of the page on tasks" { follow docs/6-tasks.md; }

@test "the transcripts of the page on more strategies" { follow docs/8-more-strategies.md; }

@test "the counter of the listing loses counts without a mutex, and with one does not" {
    make -s -C "$ROOT/docs/listings"
    eventually loses_counts
}

loses_counts() {
    run "$ROOT/docs/listings/counter"
    [[ ${lines[1]} = 'with a mutex: 200000 of 200000' ]] || exit 1
    [[ ${lines[0]} =~ ^without\ a\ mutex:\ ([0-9]+)\ of\ 200000$ && ${BASH_REMATCH[1]} -lt 200000 ]]
}

@test "the report on the page of the exercises is what the grader prints" {
    needs_proc # the grader needs Linux
    needs_descriptors 1024
    unset MAKEFLAGS MFLAGS MAKEOVERRIDES
    cd "$ROOT"
    tests/grade --namespaces || export GRADE_NAMESPACES=no # they do not work here
    command=$(sed -n 's/^    \(tests\/grade .* --only .*\)/\1/p' docs/exercises.md)
    # shellcheck disable=SC2086  # words
    $command >"$SCRATCH/report" || [ $? -eq 1 ]
    diff <(sed -n '/^    passed /,/^    .*points; /s/^    //p' docs/exercises.md | without_ports) \
        <(without_ports <"$SCRATCH/report")
}

without_ports() {
    sed 's/127\.0\.0\.1:[0-9]*/127.0.0.1:PORT/'
}
