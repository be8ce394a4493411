# Draws the states of a client or a task, with the transitions of a real run and how often each
# occurred.
#
# Usage: awk -v name=client-states -f svg.awk -f states.awk client-states.trace
#        awk -v name=task-life -f svg.awk -f states.awk task-life.trace
#
# The trace is the output of steps.awk.

# Counts one transition: ID is two states, as in "readable>writable"; WHY is the cause.
function went(id, why) {
    if (!((id, why) in count)) {
        whys[id]++
        reason[id, whys[id]] = why
    }
    count[id, why] += $3
    total += $3
}

# What the server did in this step, in words.
function outcome(    error) {
    if (/=end/)
        return "read returns 0, the end"
    if (match($0, /(read|write)=E[A-Z]*(RESET|PIPE|TIMEDOUT)/)) {
        error = substr($0, RSTART, RLENGTH)
        sub(/=/, " fails, ", error)
        return error
    }
    if (/=part|=EAGAIN/)
        return "partial write, or none"
    if (/=data/)
        return "all bytes echoed"
    return "the rest is written"
}

{
    woken = $4 == "accepted" ? "start" : ($2 in state) ? state[$2] : "readable"
    what = woken == "start" ? "accept, epoll_ctl ADD" : outcome()
    next_state = what ~ /fails|end$/ ? "gone" : what ~ /part/ ? "writable" : "readable"
    state[$2] = next_state
    if (name == "client-states") {
        went(woken ">" next_state, what)
        next
    }
    # A task runs between two awaits.
    if (woken == "start") {
        went("start>running", "runs immediately")
        went("running>readable", "its first await")
    } else {
        went(woken ">running",
            "epoll_wait reports " (woken == "readable" ? "EPOLLIN" : "EPOLLOUT"))
        went("running>" next_state, what)
    }
}

function state_box(id, x, y, w, h, first, second, class) {
    rect(class, x, y, w, h, 10)
    x += w / 2
    y += h / 2
    class = "middle" (class == "bar" ? " on" : "")
    text("bold " class, x, second == "" ? y + 6 : y - 4, first)
    text("small " class, x, y + 16, second)
    called[id] = first
}

# The transition along the path D; its words are at X, Y, with CALL above them.
function edge(id, d, x, y, anchor, call,    i, why, end) {
    if (!(id in whys))
        return
    arrow("line", d)
    split(id, end, ">")
    desc = desc " From " called[end[1]] " to " called[end[2]] ": "
    if (call != "") {
        text("code bold " anchor, x, y, call)
        desc = desc call "; "
        y += 19
    }
    for (i = 1; i <= whys[id]; i++) {
        why = reason[id, i]
        text("small " anchor, x, y, why ": " times(count[id, why]))
        desc = desc (i > 1 ? "; " : "") why ", " times(count[id, why])
        drawn += count[id, why]
        y += 19
    }
    desc = desc "."
}

function client_states() {
    text("bold", 14, 26, "A client of iterative-server")
    called["start"] = "the backlog"
    path("mark", "M118 62a7 7 0 1 0 14 0a7 7 0 1 0 -14 0")
    state_box("readable", 20, 140, 210, 66, "interest: readable", "nothing to echo", "wait")
    state_box("writable", 490, 140, 210, 66, "interest: writable", "echo pending", "wait")
    state_box("gone", 270, 430, 180, 48, "gone", "", "box")
    edge("start>readable", "M125 69V136", 142, 67, "", "")
    edge("readable>readable", "M50 206C30 262 130 262 110 206", 20, 272, "", "read, write")
    edge("readable>writable", "M230 160H486", 360, 128, "middle", "epoll_ctl MOD EPOLLOUT")
    edge("writable>readable", "M490 190H234", 360, 214, "middle", "epoll_ctl MOD EPOLLIN")
    edge("writable>writable", "M620 140C600 84 700 84 680 140", 706, 80, "end", "")
    edge("readable>gone", "M205 206C250 240 320 330 340 426", 20, 352, "",
        "epoll_ctl DEL, close")
    edge("writable>gone", "M595 206C570 280 430 320 390 426", 706, 352, "end",
        "epoll_ctl DEL, close")
    return 494
}

function task_life() {
    text("bold", 14, 26, "A task of async-server")
    state_box("start", 270, 44, 180, 44, "spawned", "", "box")
    state_box("running", 280, 236, 160, 60, "running", "until its next await", "bar")
    state_box("readable", 20, 236, 170, 60, "awaits readable", "EPOLLIN", "wait")
    state_box("writable", 530, 236, 170, 60, "awaits writable", "EPOLLOUT", "wait")
    state_box("gone", 270, 474, 180, 44, "ended", "", "box")
    edge("start>running", "M360 88V232", 372, 110, "", "runtime_spawn")
    edge("running>readable", "M300 236C290 170 115 170 105 232", 14, 116, "", "await_readable")
    edge("readable>running", "M105 296C115 362 290 362 300 300", 14, 370, "", "")
    edge("running>writable", "M420 236C430 170 605 170 615 232", 706, 150, "end",
        "await_writable")
    edge("writable>running", "M615 296C605 362 430 362 420 300", 706, 370, "end", "")
    edge("running>gone", "M360 296V470", 372, 396, "", "task_end")
    return 534
}

END {
    height = name == "client-states" ? client_states() : task_life()
    if (drawn != total) {
        print "states.awk: the picture does not show every transition" > "/dev/stderr"
        exit 1
    }
    finish(height, name == "client-states" ? "The states of a client of iterative-server" : \
        "The life of a task of async-server",
        "The transitions of a run, their causes, and how often each occurred." desc)
}
