# Clients that misbehave at random, for a few seconds; make soak runs for ten minutes.  A failure
# prints its seed: SEED=… make soak repeats the same clients.

load helpers

soak() {
    needs_proc
    needs_descriptors 1000
    SERVERS=$1 "$ROOT/tests/soak/run" 1 1000 3>&-
}

@test "simple-server withstands misbehaving clients" {
    soak simple
}

@test "iterative-server withstands misbehaving clients" {
    soak iterative
}

@test "threaded-server withstands misbehaving clients" {
    soak threaded
}

@test "async-server withstands misbehaving clients" {
    soak async
}

@test "processes, pool and loops withstand misbehaving clients" {
    for server in processes pool loops; do
        soak "$server"
    done
}

# --- The clients report a faulty server --------------------------------------------------

# One client (wait 10, read, send 16, finish, end) connects to a server that performs the verbs.
run_against() {
    needs_descriptors 400
    start_peer "$@"
    run "$ROOT/tests/bin/soak/clients" "$address" 8 0 1
    echo "$output"
}

@test "the clients accept a server that echoes" {
    run_against mirror finish
    [ "$output" = "1 16 16" ]
    [ "$status" -eq 0 ]
}

@test "the clients report wrong bytes, missing bytes, an extra byte, an early end, a reset" {
    run_against take 16 put 0123456789abcdef hold
    [[ $status = 1 && $output = *': wrong bytes received' ]]
    run_against take 16 finish hold
    [[ $status = 1 && $output = *': the stream ended too early' ]]
    run_against mirror put x hold
    [[ $status = 1 && $output = *': more bytes received than sent' ]]
    run_against take 1 reset
    [[ $status = 1 && $output = *': the connection failed: Connection reset by peer' ]]
    [[ $output = 'clients: seed 8, client 0 (wait 10, read, send 16, finish, *end), '* ]]
}

@test "a server that leaks memory is reported" {
    needs_proc
    needs_descriptors 1000
    no_sanitizer "a sanitizer keeps freed memory for a while"
    cp -R "$ROOT" "$SCRATCH/copy"
    cd "$SCRATCH/copy"
    sed -i.before 's/^    free(client);$//' async-server/main.c
    ! cmp -s async-server/main.c.before async-server/main.c || return
    make -s -C async-server
    SERVERS=async run tests/soak/run 0 2000 3>&-
    echo "$output"
    [ "$status" -eq 1 ]
    [[ $output = *'uses more memory than before'* ]]
}
