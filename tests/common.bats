# The unit tests of common/ and of the runtime: C programs that end with status 0.

load helpers

unit() {
    timeout 60 "$ROOT/tests/bin/unit/$1_test" 3>&-
}

@test "addresses are parsed and formatted" { unit address; }
@test "tokens are unique, and come back last freed first" { unit tokenmanager; }
@test "the poller reports what is ready" { unit poller; }
@test "a program starts with its descriptors and signals in order" { unit startup; }
@test "sockets are opened as the servers need them" { unit tcp; }
@test "the runtime gives each task its turn" { unit runtime; }
