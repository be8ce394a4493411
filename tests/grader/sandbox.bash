# How the grader runs what it does not trust.  Sourced by ../grade and by check.
#
# Each check has a network of its own, which is loopback only (isolated); in there the
# submission has process numbers of its own, and sees no files but the system's and its copy,
# with common/ beside it; it can write to its copy, and to an empty /tmp (contained).  Where
# bubblewrap is missing, or where the system forbids it, the limits and the end of the process
# group are all there is.

# shellcheck disable=SC2154  # ../grade sets ROOT, CONTAIN and GRADE_..., who calls sets seconds

# Whether bubblewrap can do all that here: GRADE_NAMESPACES is yes from then on, or no where it is
# not installed; or lax, where it can't forbid that the submission makes namespaces inside of its
# own (before 0.8).  False where it is installed, and fails.
find_namespaces() {
    local box=$GRADE_SCRATCH/probe/box
    export GRADE_NAMESPACES
    [ -z "${GRADE_NAMESPACES:-}" ] || return 0
    GRADE_NAMESPACES=no
    command -v bwrap >/dev/null || return 0
    mkdir -p "$box"
    for GRADE_NAMESPACES in yes lax; do
        # shellcheck disable=SC2016  # it is for the inner shell
        ! (isolated bash -c '. "$0" && seconds=60 memory=unlimited && contained "$1" true' \
            "$ROOT/tests/grader/sandbox.bash" "$box") >"$GRADE_SCRATCH/probe.log" 2>&1 || return 0
    done
    return 1
}

# isolated COMMAND...: becomes the command, in a network that is loopback only.
isolated() {
    local wrap=()
    if [ "$GRADE_NAMESPACES" != no ]; then
        wrap=(bwrap --dev-bind / / --unshare-net --die-with-parent)
    fi
    exec "${wrap[@]}" "$@"
}

# contained DIRECTORY COMMAND...: becomes the command there, so call it in a subshell.  The
# variables seconds and memory (KiB) are its limits; its output goes where ours goes, and is cut
# after 16 MiB, but for its last lines.
contained() {
    local directory contain_at=$CONTAIN wrap=()
    directory=$(cd "$1" && pwd) && cd "$directory" || exit
    shift
    [ "$GRADE_NAMESPACES" = no ] || namespaces
    # shellcheck disable=SC2016  # it is for the inner shell
    exec env -i PATH="$PATH" HOME="$directory" TMPDIR="$directory" LANG=C \
        GRADE_RUN="${here:-$GRADE_SCRATCH}" "${wrap[@]}" "$contain_at" -s "$seconds" -o 16777216 \
        bash -c 'for limit in $1; do ulimit "-${limit%=*}" "${limit#*=}" 2>/dev/null; done
            shift && exec "$@"' program "$(limits)" "$@"
}

# As ulimit takes them: no core file, files of 64 MiB, descriptors, a stack, CPU seconds, and memory
# that is written to: some languages reserve addresses by the gigabyte.  The processes can only
# be counted in namespaces: elsewhere all that the user runs count.
limits() {
    echo "c=0 f=65536 n=1024 s=8192 t=$seconds d=${memory:-4194304}"
    [ "$GRADE_NAMESPACES" = no ] || echo u=1024
}

# Sets wrap and contain_at for contained.  Seen are the places of compilers, libraries and
# settings; but nothing of one that holds this repository or submissions: they are nobody's
# business.
namespaces() {
    local place small=(--size 67108864 --tmpfs) strict=(--disable-userns)
    [ "$GRADE_NAMESPACES" = yes ] || strict=()
    wrap=(bwrap --dev /dev --proc /proc "${small[@]}" /dev/shm "${small[@]}" /tmp)
    for place in /bin /etc /gnu /lib* /nix /opt /sbin /usr; do
        [[ ! -d $place || $ROOT/ == "$place"/* || $GRADE_SUBMISSION/ == "$place"/* ]] ||
            wrap+=(--ro-bind "$place" "$place")
    done
    contain_at=/contain
    wrap+=("${small[@]}" "$GRADE_SCRATCH" --ro-bind "$CONTAIN" "$contain_at"
        --ro-bind "$ROOT/common" "${directory%/*}/common" --bind "$directory" "$directory"
        --remount-ro "$GRADE_SCRATCH" --remount-ro / --chdir "$directory"
        --unshare-user "${strict[@]}" --unshare-pid --unshare-ipc --as-pid-1 --cap-drop ALL
        --die-with-parent)
}

# contain_of PID: the process of contain, where PID was started as "isolated contain ..." or
# "contained ...": bwrap stands before it, and does not pass signals on.
contain_of() {
    if [ "$GRADE_NAMESPACES" != no ]; then
        child_of "$1"
    else
        echo "$1"
    fi
}

# is_running PID: whether this child of the shell's still runs.  To look for the number alone is not
# enough: on a busy machine another process soon has it.
is_running() {
    local text=
    { read -r -d '' text <"/proc/$1/stat"; } 2>/dev/null || true # no NUL byte comes
    [[ ${text##*) } == [!ZX]" $$ "* ]]
}

# The oldest child of a process.
child_of() {
    local child=
    { read -r child _ <"/proc/$1/task/$1/children"; } 2>/dev/null
    [ -n "$child" ] && echo "$child"
}

# Whether a program of one line can be compiled and run in the directory, which it makes.
control() {
    mkdir -p "$1" && echo 'int main(void) { return 0; }' >"$1/control.c" &&
        # make knows how to build a program of one file.
        (seconds=60 memory=unlimited && contained "$1" make -s ${CC:+CC="$CC"} control) &&
        (seconds=60 && contained "$1" ./control)
}

# Ends what has left its process group.  In namespaces nothing can; elsewhere the environment
# tells which check a process comes from.
sweep() {
    local file
    [ "$GRADE_NAMESPACES" = no ] || return 0
    while read -r file; do
        file=${file%/environ}
        kill -KILL "${file##*/}" 2>/dev/null
    done < <(grep -lsxzF "GRADE_RUN=$here" /proc/[0-9]*/environ)
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
