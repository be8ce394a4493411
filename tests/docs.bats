# The quotes, links, transcripts and listings of the pages are correct.

# shellcheck disable=SC2016  # the backticks are those of Markdown
load helpers

# transcripts PAGE PORT PORT: prints the page's console blocks in clitest's format.  The two ports
# replace 2000 and 2001.  After a program that starts in the background with its output in a file,
# it waits for the first output.
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

# Sets ports to two ports on which no program listens.
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

# Runs the transcripts of a page in a copy of the repository, in a separate process group.
follow() {
    needs clitest setsid
    needs_nc
    no_sanitizer "the transcripts are those of a plain build"
    no_emulator "the transcripts are those of a plain build"
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

@test "each quote is in its file, and each link has a target" {
    cd "$ROOT"
    docs/tools/quotes --check README.md docs/*.md tests/exercises/*/README.md
}

# page LINE...: writes the page docs/page.md, with a C file and another page beside it, and runs
# the tool on it.
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

@test "line numbers that have moved are corrected: of quotes, names and other text" {
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
    # Now --check passes.  With a wrong line it fails, and changes nothing.
    "$ROOT/docs/tools/quotes" --check docs/page.md
    sed -i.before 's/L4-L5/L3-L4/' docs/page.md
    run "$ROOT/docs/tools/quotes" --check docs/page.md
    [ "$status" -eq 1 ]
    grep -q 'L3-L4' docs/page.md
}

@test "the title of a link names what it points at: a test, a line of code" {
    page "True ([test](../x/z.bats#L1 \"a pair's end (or none)\"), [test](../x/z.bats#L \"int done twice\"))." \
        '[check](../x/y.c#L9 "y"), [`its end`](../x/y.c#L9 "int b;"), [o](other.md "The other").'
    [ "$status" -eq 0 ]
    diff - docs/page.md <<'END'
True ([test](../x/z.bats#L4 "a pair's end (or none)"), [test](../x/z.bats#L2 "int done twice")).
[check](../x/y.c#L7 "y"), [`its end`](../x/y.c#L5 "int b;"), [o](other.md "The other").
END
}

# rejected MESSAGE LINE...: the tool rejects the page with this message, and does not change it.
rejected() {
    page "${@:2}"
    [ "$status" -eq 1 ]
    [[ $output = *"docs/page.md:"*"$1"* ]]
    diff <(printf '%s\n' "${@:2}") docs/page.md
}

@test "each outdated quote or link is reported" {
    link='[`y.c`, lines 1–2](../x/y.c#L1-L2)'
    rejected 'found 0 times in x/y.c:     int c;' "$link" '' '```c' '    int c;' '```'
    rejected 'found 0 times' "$link" '' '```c' 'int a;' '```'
    rejected 'found 2 times' "$link" '' '```c' 'int done;' '```'
    rejected 'found 13 times' "$link" '' '```c' '```'
    rejected 'not followed by its lines' "$link" '' 'Text.'
    rejected 'not followed by its lines' "$link" '' "$link" '' '```c' '    int a;' '```'
    rejected 'is not closed' "$link" '' '```c' '    int a;'
    rejected 'not quoted' '```c' 'int a;' '```'
    rejected '`int c;` is on 0 lines' '[`int c;`](../x/y.c#L4)'
    rejected '`int done;` is on 2 lines' '[`int done;`](../x/y.c#L11)'
    rejected 'needs code as its text' '[the pair](../x/y.c#L3)'
    rejected '`a pair` is on 0 lines' '[test](../x/z.bats#L4 "a pair")'
    rejected '`int done` is on 0 lines' '[`int done twice`](../x/z.bats#L2 "int done")'
    rejected 'there is no ../x/z.c' '[`y`](../x/z.c#L1)'
    rejected 'there is no ../x/z.c' '[test](../x/z.c#L1 "y")'
    rejected 'there is no ../x/z.c' '[z](../x/z.c "y")'
    rejected 'there is no ../x/z.c' '[y](../x/z.c)'
    rejected 'no heading #part in other.md' '[y](other.md#part)'
    rejected 'no heading #part in page.md' '# Title' '[y](#part)'
    # Two definitions are ambiguous, comments do not count, and no text runs as a command.
    rejected '`done` is on 2 lines' '[`done`](../x/y.c#L11)'
    rejected '`twice` is on 3 lines' '[`twice`](../x/z.h#L1)'
    rejected '`noted` is on 0 lines' '[`noted`](../x/z.h#L5)'
    rejected '`don` is on 0 lines' '[`don`](../x/y.c#L11)'
    rejected '`int done` is on 0 lines' '[`int done`](../x/z.bats#L1)'
    rejected "there is no ';false" "[y](';false;')"
}

@test "a form of quote or link that the tool does not read is an error" {
    rejected 'an unsupported form' '~~~c' 'int a;' '~~~'
    rejected 'an unsupported form' '``` c' 'int a;' '```'
    rejected 'an unsupported form' '- Text' '' '  ```c' '  int a;' '  ```'
    rejected 'malformed' 'A [`y`](' '../x/y.c#L1).'
    rejected 'malformed' 'A [test](../x/z.bats#L2 "int done' 'twice").'
    rejected 'malformed' 'A [test](../x/z.bats#L2' '"int done twice").'
    rejected 'malformed' 'A [test](../x/z.bats#L2 "").'
    rejected 'malformed' "A [test](../x/z.bats#L2 'int done twice')."
    rejected 'not quoted' '```text' 'int a;' '```'
    rejected 'unsupported HTML' '<a href="gone.md">y</a>'
    rejected 'there is no file:' '[y](file:../x/gone.c)'
    rejected 'reference link' 'A [link][1].' '' '[1]: ../x/y.c#L1'
}

@test "a page in the root folder names files relative to it" {
    mkdir "$SCRATCH/x"
    cd "$SCRATCH"
    echo 'int a;' >x/y.c
    printf '%s\n' '[`y.c`, line 7](x/y.c#L7)' '' '```c' 'int a;' '```' >page.md
    "$ROOT/docs/tools/quotes" page.md
    [ "$(head -n 1 page.md)" = '[`x/y.c`, line 1](x/y.c#L1)' ]
}

@test "each page with transcripts has a test that runs them" {
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

@test "the counter listing loses counts without a mutex, and none with one" {
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
