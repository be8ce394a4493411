# What the figures share: an SVG's head with its style, and the shapes in it.
#
# Usage: awk -v name=NAME -f svg.awk -f SCRIPT.awk ...
#
# Colours are never alone in carrying a meaning: there is a pattern, a shape or a word too.
# Text is 16 high in a picture 720 wide, and 14 where there is much of it.

function escape(s) {
    gsub(/&/, "\\&amp;", s)
    gsub(/</, "\\&lt;", s)
    gsub(/>/, "\\&gt;", s)
    return s
}

# Shapes are kept until the picture's height and description are known.
function add(s) {
    body = body s "\n"
}

function rect(class, x, y, w, h, round) {
    add(sprintf("<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"%s/>",
        class, x, y, w, h, round ? " rx=\"" round "\"" : ""))
}

# CLASS: middle, end; small, bold, code, on (a dark bar)
function text(class, x, y, s) {
    if (s != "")
        add(sprintf("<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>", class, x, y,
            escape(s)))
}

function path(class, d) {
    add("<path class=\"" class "\" d=\"" d "\"/>")
}

function line(class, x1, y1, x2, y2) {
    path(class, sprintf("M%.1f %.1fL%.1f %.1f", x1, y1, x2, y2))
}

# A line with a head at its end.
function arrow(class, d) {
    add("<path class=\"" class "\" marker-end=\"url(#" name "-head)\" d=\"" d "\"/>")
}

function milliseconds(t) {
    return sprintf("%.2f ms", t * 1000)
}

# How often, in words.
function times(n) {
    return n == 1 ? "once" : n == 2 ? "twice" : n " times"
}

function style() {
    print "<style>"
    print "svg { --text: #1f2328; --page: #fff; --bar: #0550ae; --on: #fff; --wait: #cfe2ff;"
    print "  --idle: #e6e9ed; --hatch: #9a6700; --line: #59636e; --grid: #d0d7de;"
    print "  font: 16px system-ui, sans-serif }"
    print "@media (prefers-color-scheme: dark) {"
    print "  svg { --text: #e6edf3; --page: #15181d; --bar: #79b8ff; --on: #15181d;"
    print "    --wait: #1c3f6e; --idle: #30363d; --hatch: #d29922; --line: #9198a1;"
    print "    --grid: #30363d } }"
    print "text { fill: var(--text) } .on { fill: var(--on) }"
    print ".small { font-size: 14px } .code { font: 14px ui-monospace, monospace }"
    print ".bold { font-weight: 600 }"
    print ".middle { text-anchor: middle } .end { text-anchor: end }"
    print ".page { fill: var(--page) } .bar { fill: var(--bar) }"
    print ".wait { fill: var(--wait); stroke: var(--line); stroke-width: 0.7 }"
    print ".idle { fill: var(--idle); stroke: var(--line); stroke-width: 0.7 }"
    print ".open { fill: var(--page); stroke: var(--text) }"
    print ".mark { fill: var(--text); stroke: var(--page) } .grid { stroke: var(--grid) }"
    print ".line { stroke: var(--line); stroke-width: 1.5; fill: none }"
    print ".box { fill: var(--page); stroke: var(--line); stroke-width: 1.5 }"
    if (name == "buffers")
        print ".stop { stroke: var(--text); stroke-width: 3 }"
    print ".dash { stroke-dasharray: 5 4 } .head { fill: var(--line) }"
    print ".hatch { fill: url(#" name "-hatch); stroke: var(--hatch) }"
    print ".strip { stroke: var(--hatch); stroke-width: 4 }"
    print "</style>"
}

# Writes the whole picture.
function finish(height, title, description) {
    printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 %d\"", height
    printf " role=\"img\" aria-labelledby=\"%s-title %s-desc\">\n", name, name
    printf "<title id=\"%s-title\">%s</title>\n", name, escape(title)
    printf "<desc id=\"%s-desc\">%s</desc>\n", name, escape(description)
    style()
    printf "<defs><pattern id=\"%s-hatch\" width=\"7\" height=\"7\"", name
    print " patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
    print "<path class=\"strip\" d=\"M0 0V7\"/></pattern>"
    printf "<marker id=\"%s-head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\"", name
    print " orient=\"auto\" markerUnits=\"userSpaceOnUse\" markerWidth=\"9\""
    print " markerHeight=\"9\">"
    print "<path class=\"head\" d=\"M0 0L10 5L0 10z\"/></marker></defs>"
    printf "<rect class=\"page\" width=\"720\" height=\"%d\" rx=\"6\"/>\n", height
    printf "%s</svg>\n", body
}
