# Turns what strace and tcpdump have recorded into one trace: a line for each system call
# on a socket or a poller, and for each segment, with its times in seconds since the first
# client called connect, and names in place of process ids, addresses and ports.
#
#     START END WHO CALL      WHO is a client's name, server, or server/N, its thread or child N;
#                             4<A> is the server's socket 4, connected to client A
#     TIME TIME net FROM>TO [FLAGS] BYTES
#
# Usage: awk -v port=PORT -f tidy.awk NAME.strace... server.strace [packets] | sort -n
# where PORT is the server's, and the files come from strace -f -ttt -T, one for each
# process, clients first in the order in which they connected, and from tcpdump -n -tt.

function keep(start, end, who, call) {
    lines++
    START[lines] = start
    END_[lines] = end
    WHO[lines] = who
    CALL[lines] = call
    if (end > last)
        last = end
    if (who !~ /^server/ && (!zero || start < zero))
        zero = start
}

# A thread shares the descriptors of the first one; a child process has copies of those that its
# parent had when it called fork.
function open_table(   name, part) {
    table[who, pid] = forking[who] ? who pid : who
    if (forking[who])
        for (name in copy)
            socket[who pid, name] = copy[name]
    forking[who] = 0
}

function begin_copy(   name, part) {
    forking[who] = call !~ /CLONE_VM/
    delete copy
    for (name in socket) {
        split(name, part, SUBSEP)
        if (part[1] == table[who, pid])
            copy[part[2]] = socket[name]
    }
}

FNR == 1 {
    who = FILENAME
    sub(/.*\//, "", who)
    sub(/\.strace$/, "", who)
    if (who != "server" && who != "packets")
        client[++clients] = who
}

who == "packets" {
    if ($2 != "IP")
        next
    flags = $7
    sub(/,$/, "", flags)
    ends = $3 ~ "\\." port "$" ? "server>" client[1] : client[1] ">server"
    keep($1, $1, "net", ends " " flags " " $NF)
    next
}

# Joins the halves of a call, between which another thread made one.
{
    pid = $1
    start = $2
    call = $0
    sub(/^[0-9]+ +[0-9.]+ /, "", call)
    if (!((who, pid) in thread)) {
        thread[who, pid] = threads[who]++
        open_table()
    }
    if (call ~ /^(v?fork|clone3?)\(/)
        begin_copy()
    home = table[who, pid]
    if (sub(/ *<unfinished \.\.\.>$/, "", call)) {
        half[pid] = call
        since[pid] = start
        next
    }
    if (call ~ /^(---|\+\+\+)/)
        next
    end = start
    if (sub(/^<\.\.\. [a-z0-9_]+ resumed> */, "", call)) {
        call = half[pid] (half[pid] ~ /,$/ ? " " : "") call
        start = since[pid]
    } else if (match(call, / <[0-9.]+>$/)) {
        end = start + substr(call, RSTART + 2, RLENGTH - 3)
    }
    sub(/ <[0-9.]+>$/, "", call)
    sub(/,? *<unfinished \.\.\.>\) = \?$/, ") = ?", call) # the server was killed in this call
    sub(/\) += /, ") = ", call)
    verb = call
    sub(/\(.*/, "", verb)
    fd = call
    sub(/^[a-z0-9_]+\((\[\{fd=)?/, "", fd)
    sub(/[^0-9].*/, "", fd)
    result = call
    sub(/.*\) = /, "", result)
}

verb == "connect" && call ~ "htons\\(" port "\\)" { socket[home, fd] = "server" }
verb == "listen" { socket[home, fd] = "passive" }
verb ~ /^epoll_create/ { socket[home, result] = "poller" }

# The backlog is a queue: clients are accepted in the order in which they have connected.
verb ~ /^accept/ && result ~ /^[0-9]/ {
    result = result + 0
    socket[home, result] = client[++accepted]
    sub(/ = [0-9]+/, "&<" client[accepted] ">", call)
}

verb == "exit_group" || (fd != "" && (home, fd) in socket) {
    if (verb ~ /^epoll_ctl/) {
        other = call
        sub(/^[^,]*, [A-Z_]+, /, "", other)
        sub(/[^0-9].*/, "", other)
        sub(", " other, ", " other "<" socket[home, other] ">", call)
    }
    gsub(/\{sa_family[^}]*\}, (\[[^]]*\]|[0-9]+)/, "...", call)
    gsub(/data=\{u32=[0-9]+, u64=/, "data=", call)
    gsub(/\}\}/, "}", call)
    sub(/, 0x[0-9a-f]+\)/, ")", call)
    if (verb != "exit_group")
        sub(fd, fd "<" socket[home, fd] ">", call)
    keep(start, end, who (thread[who, pid] ? "/" thread[who, pid] : ""), call)
    if (verb == "close")
        delete socket[home, fd]
}

END {
    for (i = 1; i <= lines; i++)
        printf "%.6f %.6f %s %s\n", START[i] - zero, \
            (CALL[i] ~ / = \?$/ && CALL[i] !~ /^exit/ ? last : END_[i]) - zero, WHO[i], CALL[i]
}
