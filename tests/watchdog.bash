# Kills tests that hang.  bats has its own time limit only since version 1.8, and cannot kill
# processes that are not children of the test.

: "${TEST_TIMEOUT:=300}" # seconds for one test; generous, because a machine may be busy

# descendants PID: prints the process ids of its children, their children, and so on.  Some
# containers do not have ps.
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

# Limits the time of the test that runs in this shell.  When the time is up, the watchdog kills
# what the test has started, so that the test stops waiting and fails in that line.  If it does
# not, the watchdog sends its shell SIGABRT, and finally SIGKILL.
start_watchdog() {
    trap 'exit 1' ABRT
    # Not a child of the test, which would wait for it or kill it.
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
    echo "timed out after $TEST_TIMEOUT seconds" | tee -a "$BATS_OUT" >"$SCRATCH/late"
    kill_descendants "$1"
    sleep 2 3>&-
    kill -ABRT "$1" || return
    kill_descendants "$1"
    sleep 8 3>&-
    kill -0 "$1" || return
    name=${BATS_TEST_NAME#test_} # bats writes a blank as "_", other characters as "-" and their code
    name=${name//-5c/} # the source's backslashes
    name=${name//_/ }
    printf "not ok %d ${name//-/\\x} # timed out\n" "$BATS_SUITE_TEST_NUMBER" >&3
    kill_descendants "$1"
    kill -KILL "$1"
}

# Fails if the time was up, even if the test continued.
stop_watchdog() {
    kill "$watchdog" 2>/dev/null || true
    [ ! -e "$SCRATCH/late" ]
}
