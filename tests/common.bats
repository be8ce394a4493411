# The unit tests of common/ and of the runtime, and the fuzz targets over their corpora: C programs
# that exit with status 0.

load helpers

unit() {
    "$ROOT/tests/bin/unit/$1_test" 3>&-
}

# Runs a fuzz target over its corpus (see fuzz/run).
corpus() {
    "$ROOT/tests/bin/fuzz/${1}_fuzz" "$ROOT/tests/fuzz/corpus/$1"/* 3>&-
}

@test "addresses are parsed and formatted" { unit address; }
@test "tokens are unique, and the last one freed is reused first" { unit tokenmanager; }
@test "the poller reports what is ready" {
    needs_descriptors 500
    unit poller
}
@test "startup puts descriptors and signals in order" { unit startup; }
@test "sockets are opened with the options that the servers need" {
    needs_localhost
    unit tcp
}
@test "the runtime runs each task in turn" { unit runtime; }
@test "the address parser passes its fuzz corpus" { corpus address; }
@test "the token manager passes its fuzz corpus" { corpus tokenmanager; }
