# Draws where bytes wait between two processes: in the kernels' buffers, as ss lists them at
# some moments, with the window that each receiver offers.
#
# Usage: awk -v name=NAME -f svg.awk -f buffers.awk NAME.trace
#
# The trace has a line "moment WORDS" for each moment, and behind it a line for each end of the
# connection: WHO RECV-Q SEND-Q SNDBUF RCVBUF WINDOW.  WINDOW is what the other end takes.

BEGIN {
    BAR = 146           # how wide a buffer is drawn
    SEND["A"] = 152     # where: the client's kernel begins at 142, the server's at 412
    SEND["server"] = 422
    CALLS["A"] = 68     # the middles of the two processes
    CALLS["server"] = 652
    split("① ② ③ ④ ⑤", STEP, " ")
}

$1 == "moment" {
    $1 = ""
    moments++
    title[moments] = moments "." $0
    next
}

{
    received[moments, $1] = $2
    to_send[moments, $1] = $3
    send_room[moments, $1] = $4
    receive_room[moments, $1] = $5
    window[moments, $1] = $6
}

# An end has been told to send no more, and has more to send.
function stuck(m, who) {
    return window[m, who] == 0 && to_send[m, who] > 0
}

function size(bytes) {
    return bytes < 1024 ? bytes " bytes" : int(bytes / 1024 + .5) " KiB"
}

# What has stopped has its place in the order in which things stop.
function step(number, words) {
    return (number ? STEP[number] " " : "") words
}

function buffer(what, number, bytes, room, x, y) {
    text("small", x, y, step(number, what))
    rect("box", x, y + 7, BAR, 20)
    if (bytes > 0)
        rect("bar", x, y + 7, (bytes < room ? bytes / room : 1) * BAR, 20)
    text("small end", x + BAR, y + 44, size(bytes))
    told = told ", " what " " size(bytes) (number ? ", which stops as number " number : "")
}

# A call, and what keeps it from being made or from returning.
function call(who, name, number, why, y) {
    text("code bold middle", CALLS[who], y + 12, name)
    if (number)
        text("small middle", CALLS[who], y + 30, step(number, why))
}

function flow(class, from, to, y, stopped) {
    if (!stopped)
        arrow(class, sprintf("M%.1f %.1fH%.1f", from, y, to))
    else {
        line(class " dash", from, y, to - (to > from ? 5 : -5), y)
        line("stop", to - (to > from ? 5 : -5), y - 8, to - (to > from ? 5 : -5), y + 8)
    }
}

# One direction of the stream, from process FROM to process TO; its arrows at height Y + 17.
function lane(m, from, to, y, numbers,    stopped, n, right, start, end, middle) {
    split(numbers, n, " ")
    stopped = stuck(m, from)
    if (!stopped)
        delete n
    right = from == "A"
    told = told "; from " (right ? "client to server" : "server to client")
    buffer("send buffer", n[2], to_send[m, from], send_room[m, from], SEND[from], y)
    told = told ", window " size(window[m, from])
    buffer("receive buffer", n[1], received[m, to], received[m, to] + window[m, from], \
        SEND[to], y)
    start = right ? SEND[from] + BAR : SEND[from]
    end = right ? SEND[to] : SEND[to] + BAR
    flow("line", start + (right ? 2 : -2), end + (right ? -2 : 2), y + 17, stopped)
    middle = (start + end) / 2
    text("small middle", middle, y + 2, "window:")
    text("small middle", middle, y + 38, size(window[m, from]))
    # Between a process and its kernel
    flow("line", right ? 116 : 604, right ? SEND[from] - 2 : SEND[from] + BAR + 2, y + 17, stopped)
    flow("line", right ? SEND[to] + BAR + 2 : SEND[to] - 2, right ? 604 : 116, y + 17, stopped)
    call(from, "write", n[2], right ? "waits" : "EAGAIN", y)
    call(to, "read", n[3], "not called", y)
}

function moment(m, y) {
    text("bold", 14, y, title[m])
    y += 14
    rect("wait", 20, y, 96, 150, 8)
    rect("wait", 604, y, 96, 150, 8)
    rect("idle", 142, y, 166, 150, 8)
    rect("idle", 412, y, 166, 150, 8)
    told = told " " title[m]
    lane(m, "A", "server", y + 24, "4 5 4")
    lane(m, "server", "A", y + 98, "2 3 1")
    told = told "."
    return y + 150
}

END {
    text("bold middle", 68, 26, "client")
    text("middle", 225, 26, "its kernel")
    text("middle", 360, 26, "network")
    text("middle", 495, 26, "its kernel")
    text("bold middle", 652, 26, "server")
    y = 26
    for (m = 1; m <= moments; m++)
        y = moment(m, y + 36)
    text("small", 14, y + 30, "window: how many more bytes the receiving kernel takes; it says so" \
        " in each segment")
    text("small", 14, y + 50, STEP[1] " to " STEP[5] ": the order in which things stop, from the" \
        " reader back to the sender")
    gsub(/\.;/, ":", told)
    finish(y + 64, "Where bytes wait between two processes",
        "What ss lists of both ends of a connection." told)
}
