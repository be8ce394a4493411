# Hidden checks that the servers of several clients have in common, beside those of echo.bash.

# Whoever has an answer was accepted after all that came before: so the backlog is empty again
# when the next crowd comes, and may be short.
check_crowd() {
    local crowd
    serve
    for crowd in {1..15}; do
        client "$crowd" -n 20 say connected hold put 'Hello\n' get 'Hello\n' say served hold
        said "$crowd" connected
        expected 'an answer for a client that comes after %s silent ones' $((20 * crowd))
        peer put 'Hello\n' get 'Hello\n'
    done
    for crowd in {1..15}; do
        release "$crowd"
    done
    expected 'an answer for each of the 300'
    for crowd in {1..15}; do
        said "$crowd" served
    done
}

# Each of four has its place before one leaves; the others must keep theirs.
check_gap() {
    local leaves name names=(A B C D)
    serve
    for leaves in B A D C; do
        for name in "${names[@]}"; do
            client "$name" put 'Hello\n' get 'Hello\n' say served hold put 'World\n' get 'World\n'
            said "$name" served
        done
        release "$leaves"
        done_well "$leaves"
        for name in D A C B; do
            [ "$name" != "$leaves" ] || continue
            expected 'an answer for %s when %s of A, B, C and D has left' "$name" "$leaves"
            release "$name"
            done_well "$name"
        done
    done
}

# What happens while the program is stopped, it finds in one turn.
check_together() {
    local pair
    serve
    expected 'for each of two clients that come at the same time its own bytes'
    for _ in {1..20}; do
        freeze
        client pair -n 2 -x send 64 say sent receive finish ended
        said pair sent
        thaw
        done_well pair
    done
    for pair in A,B B,C C,D A,D B,D; do
        leave_together "${pair%,*}" "${pair#*,}" close
    done
}

# leave_together NAME NAME VERB: two of A, B, C and D leave in one turn, in which another comes.
leave_together() {
    local name words
    for name in A B C D; do
        words=(put 'World\n' get 'World\n' close)
        [[ $name != "$1" && $name != "$2" ]] || words=("$3" say left)
        client "$name" put 'Hello\n' get 'Hello\n' say served hold "${words[@]}"
        said "$name" served
    done
    freeze
    release "$1"
    said "$1" left
    client newcomer -x -i 5 send 64 say sent receive finish ended
    said newcomer sent
    release "$2"
    said "$2" left
    thaw
    expected 'its own bytes for a client that comes when %s and %s of A, B, C and D leave' "$1" "$2"
    done_well newcomer
    for name in A B C D; do
        expected 'an answer for %s after %s and %s have left at the same time' "$name" "$1" "$2"
        release "$name"
        done_well "$name"
    done
    expected 'an answer for each of three newcomers after that'
    peer -n 3 put 'Hello\n' get 'Hello\n' finish ended
}

check_busy() {
    local name
    serve
    for name in A B C; do
        client "$name" -x -i 1 say begun flood
        said "$name" begun
    done
    expected 'an answer for a client while three others send and read without pause'
    peer -x echo 64
    for name in A B C; do
        release "$name"
        done_well "$name"
    done
}
