# Reduces a tidy trace to the steps of the server's clients: what woke the server, which calls it
# then made for that client, and how often this step was repeated.
#
#     TIME CLIENT COUNT accepted|EVENTS CALL=RESULT...
#
# Usage: awk -f steps.awk < TRACE | sort -n     for a server with epoll
#
# The result of a write is all or part of its bytes, or the error; that of a read is data, end, or
# the error.

function end_turn(    c) {
    for (c in step) {
        if (step[c] == previous[c] && count[c] > 0) {
            count[c]++
        } else {
            flush_step(c)
            previous[c] = step[c]
            since[c] = began
            count[c] = 1
        }
    }
    split("", step)
    split("", event)
}

function flush_step(c) {
    if (count[c] > 0)
        printf "%s %s %d %s\n", since[c], c, count[c], previous[c]
    count[c] = 0
}

# Adds WHAT to the step of a client.
function did(c, what) {
    if (!(c in step))
        step[c] = c in event ? event[c] : "accepted"
    step[c] = step[c] " " what
}

$3 != "server" { next }

{
    call = $4
    sub(/\(.*/, "", call)
    result = $0
    sub(/.*\) = /, "", result)
    error = result
    sub(/^-1 /, "", error)
    sub(/ .*/, "", error)
    client = $0
    sub(/^[^<]*</, "", client)
    sub(/>.*/, "", client)
}

call ~ /^epoll_p?wait/ {
    end_turn()
    began = $2
    rest = $0
    while (match(rest, /events=[A-Z|]+, data=[0-9]+/)) {
        split(substr(rest, RSTART + 7, RLENGTH - 7), word, ", data=")
        event[owner[word[2]]] = word[1]
        rest = substr(rest, RSTART + RLENGTH)
    }
}

call == "epoll_ctl" {
    split($0, word, /[<>]/)
    client = word[4]
    if (match($0, /data=[0-9]+/))
        owner[substr($0, RSTART + 5, RLENGTH - 5)] = client
    interest = ""
    if (match($0, /events=[A-Z|]+/))
        interest = substr($0, RSTART + 7, RLENGTH - 7)
    operation = $0
    sub(/.*EPOLL_CTL_/, "", operation)
    sub(/,.*/, "", operation)
    if (client != "passive")
        did(client, "epoll_ctl=" operation (interest == "" ? "" : ":" interest))
}

call ~ /^accept/ && result ~ /</ {
    split(result, word, /[<>]/)
    did(word[2], "accept")
}

call == "read" { did(client, "read=" (result ~ /^-1/ ? error : result == 0 ? "end" : "data")) }

call == "write" {
    match($0, /, [0-9]+\) = /)
    given = substr($0, RSTART + 2, RLENGTH - 6)
    did(client, "write=" (result ~ /^-1/ ? error : result == given ? "all" : "part"))
}

call == "close" { did(client, "close") }

END {
    end_turn()
    for (c in count)
        flush_step(c)
}
