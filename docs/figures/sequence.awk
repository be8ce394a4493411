# Draws one connection, or the last echo on it, from top to bottom: one row per event, in order,
# with its time.
#
# Usage: awk -v name=sequence -f svg.awk -f sequence.awk sequence.trace
#            the system calls of both ends, and the segments between them
#        awk -v name=nagle -f svg.awk -f sequence.awk nodelay.trace nagle.trace
#            the segments of the last echo in two recordings, side by side
#        awk -v table=1 -f svg.awk -f sequence.awk nodelay.trace nagle.trace
#            the same as plain text

BEGIN {
    caption["nodelay"] = "with TCP_NODELAY"
    caption["nagle"] = "with Nagle's algorithm"
}

# Row I of run R is event ROW[R, I].  Events at the same time keep their order.
function happen(t, who, what,    i) {
    AT[++n] = t
    WHO[n] = who
    WHAT[n] = what
    for (i = ++rows[run]; i > 1 && AT[ROW[run, i - 1]] + 0 > t + 0; i--)
        ROW[run, i] = ROW[run, i - 1]
    ROW[run, i] = n
}

FNR == 1 {
    run = FILENAME
    sub(/.*\//, "", run)
    sub(/\.trace$/, "", run)
    runs[++run_count] = run
    alone = run == "sequence"
}

$4 ~ /^(setsockopt|listen)/ { next }

# The last echo starts with the client's last data, and ends before the FIN.
$3 == "net" {
    ending = ending && FNR > 1 || $5 ~ /F/
    if (!alone && ending)
        next
    if (!alone && $4 == "A>server" && $6 > 0)
        rows[run] = 0
    acknowledges = $5 ~ /\./ ? ", ACK" : ""
    if ($5 ~ /S/)
        flags = what = "SYN" acknowledges
    else if ($5 ~ /F/)
        flags = what = "FIN" acknowledges
    else if ($6 > 0) {
        flags = ($5 ~ /P/ ? "PSH" : "") acknowledges
        what = $6 == 1 ? "1 byte" : $6 " bytes"
    } else
        flags = what = $5 ~ /R/ ? "RST" : "ACK"
    happen($1, "net", what)
    RIGHT[n] = $4 == "A>server"
    BYTES[n] = $6
    FLAGS[n] = flags
    next
}

# A call has a row for its start, and one for its return, if it returns.
{
    call = $4
    sub(/\(.*/, "", call)
    result = $0
    sub(/.*\) = /, "", result)
    happen($1, $3, call == "exit_group" ? "exit" : call)
    ENTERS[n] = 1
    if (result == "?")
        next
    if (call == "connect" || call == "shutdown" || call == "close")
        what = call " returns"
    else if (call ~ /^accept/)
        what = call " returns a socket"
    else
        what = call (call == "write" ? " accepts " : " returns ") result \
            (result == "0" ? ", the end" : " bytes")
    happen($2, $3, what)
}

# The server has waited since before the client's first call.
function moment(t) {
    return t < 0 ? "before" : milliseconds(t)
}

function direction(e) {
    return RIGHT[e] ? "client to server" : "server to client"
}

function segment(left, right, e, y) {
    if (RIGHT[e])
        arrow("line", "M" left " " y "H" right)
    else
        arrow("line", "M" right " " y "H" left)
    text("small middle", (left + right) / 2, y - 5, WHAT[e])
}

# The calls are outside the two life lines; a bar on the line lasts as long as the call.
function connection(r,    i, e, y, bottom, x, side, began, desc) {
    x["A"] = 262
    x["server"] = 500
    side["A"] = -12
    side["server"] = 12
    bottom = 74 + rows[r] * 25
    text("bold", 14, 26, "One connection to simple-server")
    text("bold end", x["A"] + 8, 54, "simple-client")
    text("bold", x["server"] - 8, 54, "simple-server")
    line("grid", x["A"], 62, x["A"], bottom)
    line("grid", x["server"], 62, x["server"], bottom)
    for (i = 1; i <= rows[r]; i++) {
        e = ROW[r, i]
        y = 62 + i * 25
        text("small end", 74, y + 5, moment(AT[e]))
        if (WHO[e] == "net") {
            segment(x["A"] + 6, x["server"] - 6, e, y)
            desc = desc "; " moment(AT[e]) ", " direction(e) ": " WHAT[e]
            continue
        }
        text(WHO[e] == "A" ? "small end" : "small", x[WHO[e]] + side[WHO[e]], y + 5, WHAT[e])
        desc = desc "; " moment(AT[e]) ", the " (WHO[e] == "A" ? "client" : "server") ": " \
            WHAT[e]
        if (ENTERS[e]) {
            began[WHO[e]] = y
        } else {
            rect("bar", x[WHO[e]] - 4, began[WHO[e]] - 5, 8, y - began[WHO[e]] + 10)
            delete began[WHO[e]]
        }
    }
    if ("A" in began)
        rect("bar", x["A"] - 4, began["A"] - 5, 8, bottom - began["A"] + 5)
    if ("server" in began)
        rect("bar", x["server"] - 4, began["server"] - 5, 8, bottom - began["server"] + 5)
    text("small", 14, bottom + 26,
        "A bar lasts as long as the call. Rows are in order of time, not to scale.")
    finish(bottom + 40, "One connection to simple-server: system calls and segments",
        "The events, in order of time" desc ".")
}

# One of the two diagrams, with its left edge at LEFT; time is to scale where rows have room.
# Returns a description.
function echo_of(r, left, scale, bottom,    i, e, y, at, last, before, desc) {
    text("bold", left + 14, 58, caption[r])
    text("middle", left + 96, 86, "client")
    text("middle", left + 330, 86, "server")
    line("grid", left + 96, 94, left + 96, bottom)
    line("grid", left + 330, 94, left + 330, bottom)
    last = 92
    for (i = 1; i <= rows[r]; i++) {
        e = ROW[r, i]
        at = AT[e] - AT[ROW[r, 1]]
        y = int(118 + at * scale)
        if (y < last + 26)
            y = last + 26
        if (y > last + 100) {
            text("small middle", left + 213, (y + last) / 2 - 8,
                "nothing for " milliseconds(at - before) ":")
            text("small middle", left + 213, (y + last) / 2 + 12,
                "the last byte waits for an ACK")
        }
        text("small end", left + 84, y + 5, milliseconds(at))
        segment(left + 100, left + 326, e, y)
        desc = desc (i > 1 ? "; after " milliseconds(at) " " : " ") direction(e) ", " WHAT[e]
        last = y
        before = at
    }
    return " " caption[r] ":" desc "."
}

function two_echoes(    i, took, longest, desc) {
    text("bold", 14, 26, "An echo of 161 bytes, which iterative-server writes in two parts")
    for (i = 1; i <= run_count; i++) {
        took = AT[ROW[runs[i], rows[runs[i]]]] - AT[ROW[runs[i], 1]]
        if (took > longest)
            longest = took
    }
    for (i = 1; i <= run_count; i++)
        desc = desc echo_of(runs[i], (i - 1) * 356, 230 / longest, 420)
    finish(436, "One echo with and without Nagle's algorithm", "The segments of one echo of" \
        " 161 bytes, which iterative-server writes in two parts, of 160 bytes and 1;" desc)
}

function print_table(    i, k, r, e) {
    for (k = 1; k <= run_count; k++) {
        r = runs[k]
        printf "%s%s\n", (k > 1 ? "\n" : ""), caption[r]
        printf "%10s  %-16s  %5s  %s\n", "time", "direction", "bytes", "flags"
        for (i = 1; i <= rows[r]; i++) {
            e = ROW[r, i]
            printf "%10s  %-16s  %5d  %s\n", milliseconds(AT[e] - AT[ROW[r, 1]]), direction(e),
                BYTES[e], FLAGS[e]
        }
    }
}

END {
    if (table)
        print_table()
    else if (alone)
        connection(run)
    else
        two_echoes()
}
