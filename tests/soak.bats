# Clients that misbehave at random, for a few seconds; make soak does it for ten minutes.
# What fails tells its seed: SEED=… make soak sends the same clients again.

load helpers

soak() {
    needs_proc
    needs_descriptors 1000
    SERVERS=$1 "$ROOT/tests/soak/run" 1 1000 3>&-
}

@test "simple-server stands clients that misbehave" {
    soak simple
}

@test "iterative-server stands clients that misbehave" {
    soak iterative
}

@test "threaded-server stands clients that misbehave" {
    soak threaded
}

@test "async-server stands clients that misbehave" {
    soak async
}

@test "processes, pool and loops stand clients that misbehave" {
    for server in processes pool loops; do
        soak "$server"
    done
}

# --- They notice a server that is wrong ------------------------------------------------

# One client (wait 10, read, send 16, finish, end) meets a server that does what
# the verbs say.
meets() {
    needs_descriptors 400
    start_peer "$@"
    run "$ROOT/tests/bin/soak/clients" "$address" 8 0 1
    echo "$output"
}

@test "the clients are content with a server that echoes" {
    meets mirror finish
    [ "$output" = "1 16 16" ]
    [ "$status" -eq 0 ]
}

@test "the clients notice wrong bytes, missing bytes, one too many, an early end, a reset" {
    meets take 16 put 0123456789abcdef hold
    [[ $status = 1 && $output = *': wrong bytes came back' ]]
    meets take 16 finish hold
    [[ $status = 1 && $output = *': the stream ended too early' ]]
    meets mirror put x hold
    [[ $status = 1 && $output = *': more came back than should' ]]
    meets take 1 reset
    [[ $status = 1 && $output = *': the connection failed: Connection reset by peer' ]]
    [[ $output = 'clients: seed 8, client 0 (wait 10, read, send 16, finish, *end), '* ]]
}

@test "a server that keeps a client's memory is noticed" {
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
    [[ $output = *'it uses more memory than before'* ]]
}
