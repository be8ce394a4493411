# Draws the sockets of a server at several moments, as ss lists them.
#
# Usage: awk -v name=NAME -f svg.awk -f sockets.awk NAME.trace
#
# The trace has a line "moment WORDS" for each moment, followed by what ss prints for the server's
# port: STATE RECV-Q SEND-Q LOCAL PEER [OWNER DESCRIPTOR].

function client_of(peer) {
    if (!(peer in letter))
        letter[peer] = substr("ABC", ++clients, 1)
    return letter[peer]
}

function header(y) {
    text("small", 56, y, "State")
    text("small", 182, y, "Recv-Q")
    text("small", 250, y, "Local address")
    text("small", 396, y, "Peer address")
    text("small", 548, y, "Owner")
}

$1 == "moment" {
    $1 = ""
    text("bold", 14, y + 32, ++moments "." $0)
    header(y + 60)
    y += 70
    story = story " " moments "." $0 ":"
    next
}

{
    passive = $1 == "LISTEN"
    rect(passive ? "wait" : "box" ($6 == "" ? " dash" : ""), 46, y, 660, 32, passive ? 0 : 16)
    # A passive socket is drawn as an opening, an active one as the end of a line to a client.
    if (passive) {
        path("line", "M34 " y + 4 "H16V" y + 28 "H34")
    } else {
        text("bold", 14, y + 22, client_of($5))
        path("line", "M30 " y + 16 "H46")
    }
    text("code bold", 58, y + 21, $1)
    text("code end", 222, y + 21, $2)
    text("code", 250, y + 21, $4)
    text("code", 396, y + 21, $5)
    note = $1 == "ESTAB" ? "none (in backlog)" : "none (closed)"
    if ($6 != "")
        note = "server, descriptor " $7
    text("small", 548, y + 21, note)
    y += 40
    story = story (passive ? " a passive socket, Recv-Q " $2 : " an active socket to client " \
        client_of($5)) ", state " $1 ", owner " note ";"
}

END {
    y += 12
    rect("wait", 46, y, 36, 18)
    path("line", "M34 " y + 2 "H24V" y + 16 "H34")
    text("small", 92, y + 14, "passive: Recv-Q counts its backlog")
    rect("box", 372, y, 36, 18, 9)
    text("small", 418, y + 14, "active")
    rect("box dash", 490, y, 36, 18, 9)
    text("small", 536, y + 14, "active, without an owner")
    gsub(/;$/, ".", story)
    gsub(/; ([0-9])/, ".&", story)
    gsub(/\.; /, ". ", story)
    finish(y + 32, "The sockets of simple-server at three moments",
        "What ss lists for the server's port." story)
}
