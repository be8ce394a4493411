# The make targets, as the README has them.

load helpers

setup() {
    make_pid=
}

# Starts "make -C NAME run", in a process group of its own.
start_make() {
    needs setsid
    log=$SCRATCH/log
    : >"$log"
    setsid make --no-print-directory -C "$ROOT/$1" run "${@:2}" >"$log" 2>"$SCRATCH/errors" 3>&- &
    make_pid=$!
    find_address
}

stop_make() {
    kill -TERM -- "-$make_pid" 2>/dev/null || true
    wait "$make_pid" 2>/dev/null || true
}

@test "make -C NAME run ADDR=… runs each server, and simple-client against it" {
    for server in simple-server iterative-server threaded-server async-server; do
        start_make "$server" ADDR=127.0.0.1:0
        run make -s --no-print-directory -C "$ROOT/simple-client" run ADDR="$address" MSG=Hello
        stop_make
        [ "$status" -eq 0 ]
        [ "$output" = Hello ]
    done
}

@test "a message goes through make as it was typed" {
    local make=(make -s --no-print-directory -C "$ROOT/simple-client" run)
    start_server iterative-server
    for message in '' ' x' '  ' 'x ' ' MSG=  y' \
        "it's \"quoted\"; echo \`no\` \\ * é \$HOME \$(shell echo no) \$\$ #"; do
        run "${make[@]}" ADDR="$address" MSG="$message"
        [ "$output" = "$message" ]
        ADDR=$address MSG=$message run "${make[@]}"
        [ "$output" = "$message" ]
    done
}

@test "the address, and the poller, from the environment; and make -e" {
    export ADDR=127.0.0.1:0
    start_make simple-server
    stop_make
    [ "$port" != 2000 ]
    cp -R "$ROOT" "$SCRATCH/copy"
    cd "$SCRATCH/copy"
    unset MAKEFLAGS MFLAGS MAKEOVERRIDES POLLER CFLAGS LDFLAGS
    POLLER=poll make -C iterative-server -B | grep poller_poll.c
    POLLER='' make -e -C iterative-server | grep poller_
    CFLAGS=-DX make -e -C iterative-server | grep -- ' -DX '
    # shellcheck disable=SC2016  # make expands it
    printf 'all:; @echo "$$POLLER"\ninclude common/build.mk\nexport POLLER\n' >top.mk
    [ "$(POLLER=poll make -s -f top.mk all)" = poll ]
    [ -n "$(make -e -s -f top.mk all)" ]
}

@test "a poller that does not exist, or whose header is missing, is one line and a failure" {
    unset MAKEFLAGS MFLAGS MAKEOVERRIDES POLLER CFLAGS LDFLAGS
    for name in selct 'poll select' %; do
        for option in -s -n -k; do
            run make "$option" --no-print-directory -C "$ROOT" POLLER="$name"
            [ "$status" -ne 0 ]
            [[ ${#lines[@]} -eq 1 && $output = *"POLLER=$name is unknown: choose one of "* ]]
        done
    done
    for directory in . tests iterative-server; do
        run make --no-print-directory -C "$ROOT/$directory" POLLER=kqueue CPPFLAGS=-nostdinc
        [ "$status" -ne 0 ]
        [[ ${#lines[@]} -eq 1 && $output = *'POLLER=kqueue needs sys/event.h'* ]]
    done
}

@test "CFLAGS with quotes and parentheses" {
    cp -R "$ROOT" "$SCRATCH/copy"
    cd "$SCRATCH/copy"
    unset MAKEFLAGS MFLAGS MAKEOVERRIDES POLLER CFLAGS LDFLAGS
    local flags="-DX='(1 << 4)' -DY=\"'\\''\" -DZ=\"\\\"it's\\\"\""
    make -C simple-server CFLAGS="$flags" | grep main.c
    [ -x simple-server/simple-server ]
    [ "$(make -s -C simple-server CFLAGS="$flags" | grep -c main.c)" -eq 0 ]
}

@test "threaded-server prints the right reasons with either strerror_r" {
    for flags in -UX -D_GNU_SOURCE; do
        rm -rf "$SCRATCH/copy"
        cp -R "$ROOT" "$SCRATCH/copy"
        make -s -C "$SCRATCH/copy/threaded-server" CPPFLAGS="$flags"
        log=$SCRATCH/log
        "$SCRATCH/copy/threaded-server/threaded-server" 127.0.0.1:0 >"$log" 2>"$SCRATCH/errors" 3>&- &
        server_pid=$!
        find_address
        peer "$address" echo 10 reset
        eventually logged '^Error reading from .*: Connection reset by peer$'
        stop_server
    done
}

@test "make help tells all targets" {
    run make -s --no-print-directory -C "$ROOT" help
    [ "$status" -eq 0 ]
    targets=$(sed -n 's/^\([a-z]*\):.*/\1/p' "$ROOT/Makefile")
    [ "$(wc -l <<<"$targets")" -gt 10 ]
    for target in $targets; do
        [[ $target =~ ^(all|help)$ || $output == *"make $target "* ]]
    done
    [[ $output == *'make  '* && $output == *'make -C NAME '* && $output == *'run ADDR='* ]]
}

@test "make fuzz says in one line that it needs clang" {
    run env CC=false "$ROOT/tests/fuzz/run"
    [ "$status" -eq 1 ]
    [[ ${#lines[@]} -eq 1 && $output == *clang* ]]
}

@test "builds one example alone, anew only when its command changes, and cleans up" {
    cp -R "$ROOT" "$SCRATCH/copy"
    cd "$SCRATCH/copy"
    unset MAKEFLAGS MFLAGS MAKEOVERRIDES POLLER CFLAGS LDFLAGS
    make clean
    make -C iterative-server POLLER=poll | grep poller_poll.c
    [ -x iterative-server/iterative-server ]
    [ "$(make -C iterative-server POLLER=poll | grep -c poller_)" -eq 0 ]
    make -C iterative-server POLLER=poll CPPFLAGS=-DX | grep poller_poll.c
    touch common/tcp.h
    make -C iterative-server POLLER=poll CPPFLAGS=-DX | grep poller_poll.c
    make clean
    [ -z "$(find . -type f '(' -name '*-server' -o -name .command ')')" ]
}
