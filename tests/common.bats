# The unit tests of common/ and of the runtime, and what the fuzzer has found worth keeping:
# C programs that end with status 0.

load helpers

unit() {
    "$ROOT/tests/bin/unit/$1_test" 3>&-
}

# Runs a fuzz target over its corpus (see fuzz/run).
corpus() {
    "$ROOT/tests/bin/fuzz/${1}_fuzz" "$ROOT/tests/fuzz/corpus/$1"/* 3>&-
}

@test "addresses are parsed and formatted" { unit address; }
@test "tokens are unique, and come back last freed first" { unit tokenmanager; }
@test "the poller reports what is ready" {
    needs_descriptors 500
    unit poller
}
@test "a program starts with its descriptors and signals in order" { unit startup; }
@test "sockets are opened as the servers need them" {
    needs_localhost
    unit tcp
}
@test "the runtime gives each task its turn" { unit runtime; }
@test "the address parser stands its corpus" { corpus address; }
@test "the token manager stands its corpus" { corpus tokenmanager; }
