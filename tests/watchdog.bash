# Ends what hangs.  bats has a limit of its own only since version 1.8, and it cannot end a
# test whose processes are not its own children.

: "${TEST_TIMEOUT:=300}" # seconds for one test; it is generous, for machines that are busy

# descendants PID: the process ids of its children, of their children, and so on.  Containers
# may have no ps.
descendants() {
    {
        ps -A -o pid= -o ppid= 2>/dev/null ||
            sed -n 's/^\([0-9]*\) (.*) [A-Z] \([0-9]*\) .*/\1 \2/p' /proc/[0-9]*/stat 2>/dev/null
    } | awk -v root="$1" '
        { parent[$1] = $2 }
        END {
            below[root]
            do {
                more = 0
                for (pid in parent)
                    if (!(pid in below) && (parent[pid] in below)) {
                        below[pid]
                        print pid
                        more = 1
                    }
            } while (more)
        }'
}

kill_descendants() {
    local pids
    pids=$(descendants "$1")
    # shellcheck disable=SC2086  # several words
    [ -z "$pids" ] || kill -KILL $pids 2>/dev/null || true
}

# Watches over the test that runs in this shell.  When its time is up, all that it has started
# is killed: the test can no longer wait for it, and fails in the line where it stood.  If that
# does not end it, its shell is told to exit, and at last killed.
start_watchdog() {
    trap 'exit 1' ABRT
    # Its parent is not the test, which neither waits for it nor kills it.
    watchdog=$(watch_over $$ </dev/null >/dev/null 2>&1 & echo $!)
}

watch_over() {
    local end=$((SECONDS + TEST_TIMEOUT)) name
    trap - ERR EXIT DEBUG ABRT
    set +eET
    while [ "$SECONDS" -lt "$end" ]; do
        sleep 1 3>&- # bats would wait for it
        kill -0 "$1" || return
    done
    echo "ran out of time: a test has $TEST_TIMEOUT seconds" | tee -a "$BATS_OUT" >"$SCRATCH/late"
    kill_descendants "$1"
    sleep 2 3>&-
    kill -ABRT "$1" || return
    kill_descendants "$1"
    sleep 8 3>&-
    kill -0 "$1" || return
    name=${BATS_TEST_NAME#test_} # a blank is "_" in it, and another sign "-" and its code
    name=${name//-5c/} # the backslashes of the source
    name=${name//_/ }
    printf "not ok %d ${name//-/\\x} # ran out of time\n" "$BATS_SUITE_TEST_NUMBER" >&3
    kill_descendants "$1"
    kill -KILL "$1"
}

# Fails where its time was up, even if it could go on afterwards.
stop_watchdog() {
    kill "$watchdog" 2>/dev/null || true
    [ ! -e "$SCRATCH/late" ]
}
