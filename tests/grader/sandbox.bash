# How the grader runs what it does not trust.  Sourced by ../grade and by check.
#
# Each check has a network of its own, which is loopback only (isolated); in there the
# submission has process numbers of its own, and sees all files read-only but its copy, and
# of this repository only common/, which is beside its copy (contained).  Where bubblewrap is
# missing, or where the system forbids it, the limits and the end of the process group are all
# there is.

# shellcheck disable=SC2154  # ROOT, CONTAIN, GRADE_SCRATCH: from ../grade; seconds: a limit

# Whether bubblewrap can do all that here: GRADE_NAMESPACES is yes or no from then on.
find_namespaces() {
    if [ -z "${GRADE_NAMESPACES:-}" ]; then
        export GRADE_NAMESPACES=yes
        local box=$GRADE_SCRATCH/probe/box
        mkdir -p "$box"
        # shellcheck disable=SC2016  # it is for the inner shell
        (isolated bash -c '. "$0" && seconds=10 contained "$1" true' \
            "$ROOT/tests/grader/sandbox.bash" "$box") >/dev/null 2>&1 || GRADE_NAMESPACES=no
    fi
    export GRADE_NAMESPACES
}

# isolated COMMAND...: becomes the command, in a network that is loopback only.
isolated() {
    local wrap=()
    if [ "$GRADE_NAMESPACES" = yes ]; then
        wrap=(bwrap --dev-bind / / --unshare-net --die-with-parent)
    fi
    exec "${wrap[@]}" "$@"
}

# contained DIRECTORY COMMAND...: becomes the command there, so call it in a subshell.  All
# that it can write to is the directory.  The variables seconds and memory (KiB) are its
# limits; its output goes where ours goes, cut where it gets long.
contained() {
    local directory wrap=()
    directory=$(cd "$1" && pwd) && cd "$directory" || exit
    shift
    [ "$GRADE_NAMESPACES" = no ] || namespaces
    # shellcheck disable=SC2016  # it is for the inner shell
    exec env -i PATH="$PATH" HOME="$directory" TMPDIR="$directory" LANG=C \
        GRADE_RUN="$GRADE_SCRATCH" "${wrap[@]}" "$CONTAIN" -s "$seconds" \
        bash -c 'for limit in $0; do ulimit "-${limit%=*}" "${limit#*=}" 2>/dev/null; done
            exec "$@"' "$(limits)" "$@"
}

# As ulimit takes them: no core file, files of 64 MiB, descriptors, CPU seconds, memory.  The
# processes can only be counted in namespaces: elsewhere all that the user runs count.
limits() {
    echo "c=0 f=65536 n=1024 t=$seconds v=${memory:-4194304}"
    [ "$GRADE_NAMESPACES" = no ] || echo u=1024
}

# Sets wrap for contained.  Hidden are /tmp, what the grader writes, this repository, and the
# submissions as they were handed in: somebody else's is nobody's business.
namespaces() {
    local hidden small=(--size 67108864 --tmpfs) shut=()
    wrap=(bwrap --ro-bind / / --dev /dev --proc /proc
        "${small[@]}" /dev/shm "${small[@]}" /tmp)
    while read -r hidden; do
        wrap+=("${small[@]}" "$hidden")
        shut+=(--remount-ro "$hidden")
    done <"$GRADE_SCRATCH/hide"
    wrap+=(--ro-bind "$CONTAIN" "$CONTAIN" --ro-bind "$ROOT/common" "${directory%/*}/common"
        --bind "$directory" "$directory" --chdir "$directory" "${shut[@]}"
        --unshare-user --unshare-pid --unshare-ipc --as-pid-1 --cap-drop ALL --die-with-parent)
}

# contain_of PID: the process of contain, where PID was started as "isolated contain ..." or
# "contained ...": bwrap stands before it, and does not pass signals on.
contain_of() {
    if [ "$GRADE_NAMESPACES" = yes ]; then
        child_of "$1"
    else
        echo "$1"
    fi
}

# The oldest child of a process.
child_of() {
    cat /proc/[0-9]*/stat 2>/dev/null | sed 's/ (.*)//' |
        awk -v parent="$1" '$3 == parent { print $1 }' | sort -n | head -n 1 | grep .
}

# Ends what has left its process group.  In namespaces nothing can; elsewhere the environment
# tells where a process comes from.
sweep() {
    local file
    [ "$GRADE_NAMESPACES" = no ] || return 0
    for file in /proc/[0-9]*/environ; do
        if tr '\0' '\n' <"$file" 2>/dev/null | grep -qxF "GRADE_RUN=$GRADE_SCRATCH"; then
            file=${file%/environ}
            kill -KILL "${file##*/}" 2>/dev/null
        fi
    done
    return 0
}

# Printable ASCII and newlines stay, any other byte becomes \xHH: what comes out can stand in
# a terminal, in XML and (escaped) in JSON, whatever a submission has printed.
printable() {
    od -An -v -tu1 | LC_ALL=C awk '
        {
            for (i = 1; i <= NF; i++)
                if ($i == 10)
                    printf "\n"
                else if ($i >= 32 && $i < 127)
                    printf "%c", $i + 0
                else
                    printf "\\x%02X", $i
        }'
}
