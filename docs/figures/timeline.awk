# Draws what three clients meet at a server, and what the server does meanwhile, from the
# tidy trace (see tidy.awk) of a run.
#
# Usage: awk -v name=NAME -f svg.awk -f timeline.awk NAME.trace
#            a lane for each client, and for the server, or each of its threads, tasks or
#            processes
#        awk -v name=all-servers -f svg.awk -f timeline.awk NAME.trace...
#            the clients' lanes of each server, and the lane that waits for A

BEGIN {
    LEFT = 158      # where the time axis begins
    WIDTH = 545     # and how long it is
    RUN = 3         # a bar that is shorter would not be seen
    AT_ONCE = .002  # a call that is shorter has not waited
    begins = 0      # the window that is drawn, in seconds
    ends = 1.05
    THREAD = "the only thread"
    idea["simple-server"] = "one client at a time"
    idea["iterative-server"] = "one loop waits for all sockets"
    idea["threaded-server"] = "a thread for each client"
    idea["async-server"] = "a task for each client"
    idea["processes"] = "a process for each client"
    idea["pool"] = "a fixed number of threads, here two"
    idea["loops"] = "several loops, here two"
    waits_for_A["simple-server"] = "server"
    waits_for_A["iterative-server"] = "the loop"
    waits_for_A["threaded-server"] = "server/1"
    waits_for_A["async-server"] = "A"
}

# Where a moment is on the time axis.
function across(t) {
    t = t < begins ? begins : t > ends ? ends : t
    return LEFT + (t - begins) * WIDTH / (ends - begins)
}

function open_lane(lane) {
    if (!((panel, lane) in lanes_seen)) {
        lanes_seen[panel, lane] = 1
        lane_at[panel, ++lanes[panel]] = lane
    }
}

# The server's lane LANE waits (WHAT says in which call), or runs (WHAT is empty).
function did(lane, start, end, what) {
    open_lane(lane)
    if (end - start < AT_ONCE && result != "?")
        what = ""
    if (end > latest[panel])
        latest[panel] = end
    if (what == "" && (panel, lane) in tail && D_END[tail[panel, lane]] == start) {
        D_END[tail[panel, lane]] = end
        return
    }
    n++
    D_PANEL[n] = panel
    D_LANE[n] = lane
    D_START[n] = start
    D_END[n] = end
    D_WHAT[n] = what
    if (what == "")
        tail[panel, lane] = n
    else
        delete tail[panel, lane]
}

# What is noteworthy in a lane that serves all: "accepts B".
function note(t, verb, client) {
    notes++
    NOTE_AT[notes] = t
    NOTE_VERB[notes] = verb
    NOTE_CLIENT[notes] = client
}

# In the async-server the socket tells whose turn it is, from the end of the call before on.
function turn(task, start, end) {
    did(THREAD, done, end, "")
    did(task, done, end, "")
    done = end
}

FNR == 1 {
    panel = FILENAME
    sub(/.*\//, "", panel)
    sub(/\.trace$/, "", panel)
    panels[++panel_count] = panel
    if (panel == "loops") {
        open_lane("loop 1")
        open_lane("loop 2")
    }
}

{
    start = $1
    end = $2
    who = $3
    call = $4
    sub(/\(.*/, "", call)
    result = $NF
    socket = ""
    if (match($0, /<[^>]*>/))
        socket = substr($0, RSTART + 1, RLENGTH - 2)
}

who !~ /^server/ {
    if (call == "connect") {
        connected[panel, who] = end
        clients[panel] = clients[panel] who
    } else if (call == "write" && !((panel, who) in sent)) {
        sent[panel, who] = start
    } else if (call == "read" && !((panel, who) in replied)) {
        replied[panel, who] = end
    }
    next
}

call ~ /^accept/ && result ~ /</ {
    match(result, /<.*>/)
    newcomer = substr(result, RSTART + 1, RLENGTH - 2)
    accepted[panel, newcomer] = end
}

# A connection is closed when its last descriptor is: that of the child, which terminates.
panel == "processes" && call == "exit_group" {
    closed[panel, owner[who]] = end
}
call == "close" && !(panel == "processes" && socket ~ /^[A-C]$/) { closed[panel, socket] = end }

panel == "async-server" {
    if (call ~ /^epoll_p?wait/) {
        did(THREAD, start, end, "waits in epoll_wait")
        done = end
    } else if (call == "epoll_ctl" && /_ADD/) {
        split($0, word, /[<>]/)
        open_lane(word[4] == "passive" ? "accepts" : word[4])
        began[word[4] == "passive" ? "accepts" : word[4]] = end
        if (word[4] != "passive")
            turn("accepts", start, end)
    } else {
        if (call == "epoll_ctl") {
            split($0, word, /[<>]/)
            socket = word[4]
        }
        turn(socket in began ? socket : "accepts", start, end)
        if (call == "close")
            ended[socket] = end
    }
    next
}

panel == "iterative-server" || panel == "loops" {
    lane = panel == "loops" ? "loop " substr(who, 8) : "the loop"
    if (call ~ /^epoll_p?wait/) {
        did(lane, start, end, "waits in epoll_wait")
        before[lane] = end
    } else if (lane in before) {
        did(lane, before[lane], end, "")
        before[lane] = end
        if (result ~ /</)
            note(end, "accepts", newcomer)
        else if (call == "write")
            note(end, "echoes", socket)
    }
    next
}

{
    lane = who
    if (who == "server" && panel != "simple-server")
        lane = panel == "processes" ? "the parent" : "main thread"
    if (who != "server" && socket ~ /^[A-C]$/)
        owner[who] = socket
    if (lane in before)
        did(lane, before[lane], start, "")
    before[lane] = end
    if (call ~ /^accept/)
        did(lane, start, end, "waits in accept")
    else if (call == "read" && result > 0)
        did(lane, start, end, "waits in read for " socket)
    else
        did(lane, start, end, "")
    if (panel == "pool" && call == "close")
        delete before[lane] # it waits for the queue
    if (panel == "simple-server" && result ~ /</ && newcomer != "A")
        note(end, "accepts", newcomer)
    else if (panel == "simple-server" && call == "write")
        note(end, "echoes", socket)
}

function block(class, start, end, y, height, least,    w) {
    if (start > ends || end < begins)
        return
    w = across(end) - across(start)
    rect(class, across(start), y, w < least ? least : w, height)
}

# A triangle that points down: at the lane's upper edge it goes in, at the lower one out.
function mark(class, t, y) {
    if (t >= begins)
        path(class, sprintf("M%.1f %.1fh12l-6 9z", across(t) - 6, y))
}

function client_lane(p, c, y, height,    from, end) {
    from = connected[p, c]
    if (accepted[p, c] > from)
        block("hatch", from, accepted[p, c], y, height, 0)
    else
        from = accepted[p, c]
    end = closed[p, c] > replied[p, c] ? closed[p, c] : replied[p, c]
    block("bar", accepted[p, c], end, y, height, RUN)
    mark("open", sent[p, c], y - 7)
    mark("mark", replied[p, c], y + height - 2)
}

function grid(y, bottom, step,    i) {
    for (i = int(begins / step + .999); i * step <= ends; i++)
        line("grid", across(i * step), y, across(i * step), bottom)
}

# Its numbers; returns where the next thing may begin.
function scale(y, step, format,    i) {
    for (i = int(begins / step + .999); i * step <= ends; i++)
        text("small middle", across(i * step), y + 17, sprintf(format, i * step))
    return y + 22
}

function legend(y, p) {
    rect("hatch", 14, y, 26, 14)
    text("small", 46, y + 12, "connected, in the backlog")
    rect("bar", 240, y, 26, 14)
    text("small", 272, y + 12, "accepted")
    path("open", "M372 " y + 3 "h12l-6 9z")
    text("small", 390, y + 12, "the client sends")
    path("mark", "M528 " y + 3 "h12l-6 9z")
    text("small", 546, y + 12, "its reply arrives")
    rect("wait", 14, y + 24, 26, 14)
    text("small", 46, y + 36, "the server waits")
    rect("bar", 240, y + 24, RUN, 14)
    text("small", 272, y + 36, "it runs (drawn wider than it is)")
    if (p == "async-server" || p == "") {
        rect("idle", 528, y + 24, 26, 14)
        text("small", 560, y + 36, "a task awaits")
    }
    return y + 50
}

function lane_name(p, lane) {
    if (p == "threaded-server" && lane ~ /\//)
        return "thread for " owner[lane]
    if (p == "processes" && lane ~ /\//)
        return "child for " owner[lane]
    if (p == "pool" && lane ~ /\//)
        return "thread " substr(lane, 8)
    if (p == "async-server" && lane != THREAD)
        return lane == "accepts" ? "accepting task" : "task for " lane
    return lane
}

# The longest wording that has room.
function label(what, start, end, y,    w) {
    w = across(end) - across(start) - 14
    if (7.3 * length(what) > w)
        sub(/ .*/, "", what)
    if (7.3 * length(what) <= w)
        text("small", across(start) + 9, y, what)
}

# What the server was in when it was stopped would have gone on.
function until(p, t) {
    return t >= latest[p] ? ends : t
}

function server_lane(p, lane, y, height,    i, last) {
    if (lane in began)
        block("idle", began[lane], lane in ended ? ended[lane] : ends, y, height, 0)
    for (i = 1; i <= n; i++)
        if (D_PANEL[i] == p && D_LANE[i] == lane && D_WHAT[i] != "") {
            block("wait", D_START[i], until(p, D_END[i]), y, height, 0)
            label(D_WHAT[i], D_START[i], until(p, D_END[i]), y + height / 2 + 5)
        }
    last = lane in began ? began[lane] : 0
    for (i = 1; i <= n; i++)
        if (D_PANEL[i] == p && D_LANE[i] == lane && D_WHAT[i] == "" && D_END[i] >= begins) {
            block("bar", D_START[i], D_END[i], y, height, RUN)
            if (lane in began)
                label("awaits readable", last, D_START[i], y + height / 2 + 5)
            last = D_END[i]
        }
    if (lane in began && !(lane in ended))
        label("awaits readable", last, ends, y + height / 2 + 5)
}

function exact(t) {
    return sprintf("%.3f s", t < 0 ? 0 : t)
}

function story(p,    i, c, s) {
    for (i = 1; i <= 3; i++) {
        c = substr(clients[p], i, 1)
        s = s "Client " c " connects at " exact(connected[p, c]) ", is accepted at " \
            exact(accepted[p, c]) ", sends at " exact(sent[p, c]) ", gets its reply at " \
            exact(replied[p, c]) ". "
    }
    return s
}

# Waits shorter than this are no news.
function server_story(p,    i, j, lane, s, told) {
    for (j = 1; j <= lanes[p]; j++) {
        lane = lane_at[p, j]
        told = ""
        for (i = 1; i <= n; i++)
            if (D_PANEL[i] == p && D_LANE[i] == lane && D_WHAT[i] != "" &&
                until(p, D_END[i]) - D_START[i] > .005)
                told = told (told == "" ? "" : ", ") D_WHAT[i] \
                    (until(p, D_END[i]) == ends ? " from then on" : " until " exact(D_END[i]))
        if (lane in began)
            told = "awaits readable from " exact(began[lane]) " on" (lane in ended ? \
                ", echoes at " exact(replied[p, lane]) ", ends at " exact(ended[lane]) : \
                ", and runs for a moment for each new client")
        lane = lane_name(p, lane)
        s = s toupper(substr(lane, 1, 1)) substr(lane, 2) ": " told ". "
    }
    return s
}

function client_lanes(p, y, height, pitch,    j, c) {
    for (j = 1; j <= 3; j++) {
        c = substr(clients[p], j, 1)
        text("end", LEFT - 14, y + height / 2 + 6, "client " c)
        client_lane(p, c, y, height)
        y += pitch
    }
    return y
}

# In two rows each note has its middle below the moment.  In as many rows as there are
# notes, each begins at a line down from the moment, the first in the last row: so no line
# crosses a note.
function draw_notes(y, rows,    i, at, row) {
    for (i = 1; i <= notes; i++) {
        at = across(NOTE_AT[i])
        row = rows == 2 ? (NOTE_VERB[i] == "accepts" ? 1 : 2) : rows + 1 - i
        if (rows > 2)
            line("line", at, y - 10, at, y - 10 + row * 19)
        text(rows > 2 ? "small" : "small middle", at + (rows > 2 ? 6 : 0), y - 11 + row * 19, \
            NOTE_VERB[i] " " NOTE_CLIENT[i])
    }
}

# All lanes of one server, with the time axis.
function lanes_of(p, y, step, format, note_rows,    j, bottom) {
    bottom = y + 138 + lanes[p] * 36 + note_rows * 19
    grid(y, bottom, step)
    y = client_lanes(p, y + 14, 24, 40) + 4
    for (j = 1; j <= lanes[p]; j++) {
        text("end", LEFT - 14, y + 18, lane_name(p, lane_at[p, j]))
        server_lane(p, lane_at[p, j], y, 26)
        y += 36
    }
    if (note_rows)
        draw_notes(y, note_rows)
    return scale(bottom, step, format)
}

function one_server(p,    y, more, step) {
    text("bold", 14, 26, p ": " idea[p])
    y = lanes_of(p, 38, .2, "%.1f s", p == "iterative-server" || p == "loops" ? 2 : 0)
    if (p == "simple-server") { # at the end much happens in a moment
        more = story(p) server_story(p)
        begins = NOTE_AT[1] - .0004
        ends = latest[p] + .0004
        step = ends - begins > .0025 ? .001 : ends - begins > .001 ? .0005 : .0002
        text("bold", 14, y + 28, "The end, enlarged")
        y = lanes_of(p, y + 36, step, "%.4f s", notes)
        more = more "Enlarged: the server echoes to A and closes, and only then accepts B," \
            " echoes, closes, and only then accepts C."
    } else {
        more = story(p) server_story(p)
    }
    finish(legend(y + 12, p), p ": " idea[p], more)
}

function all_servers(    i, p, y, told) {
    for (i = 1; i <= panel_count; i++) {
        p = panels[i]
        text("bold", 14, y + 28, p)
        text("", 178, y + 28, idea[p])
        grid(y + 38, y + 164, .2)
        y = client_lanes(p, y + 48, 15, 29) + 3
        text("end", LEFT - 14, y + 15, lane_name(p, waits_for_A[p]))
        server_lane(p, waits_for_A[p], y, 20)
        y += 26
        told = told p ", " idea[p] ": " story(p)
    }
    y = scale(y, .2, "%.1f s")
    finish(legend(y + 12, ""), "The same three clients at each of the four servers",
        "Client A connects first and is silent for a second; B and C connect later and send" \
        " soon. Only the simple server keeps B and C waiting for A. The last lane of each shows who" \
        " waits for A: the whole server, nobody in particular (the loop waits for all), a thread," \
        " a task. " told)
}

END {
    if (panel_count > 1)
        all_servers()
    else
        one_server(panels[1])
}
