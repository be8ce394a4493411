# Makes a table of what tests/bench/run has measured: of each figure the median over the
# rounds, and how far the middle half of the rounds spreads.
#
# Usage: awk -f table.awk [-v NAME=VALUE]... results.tsv
#   works='64/0/32 1000/0/32'   the rows (default: all that were measured)
#   servers='bare async'        the servers (likewise)
#   base=bare                   the server that ratios are taken to, round by round
#   base_work=10/0/32           or the row of the same server
#   view=figures                ratio is that of the CPU time per echo
#   view=ratios                 each figure as a ratio to the base
#   view=series figure=us       number of connections, a server's figure in each column
#   markdown=1                  a table for a document
#
# The columns of the file: round, work, server, echoes per second, CPU time per echo (us),
# latency p50, p99, p99.9 (us), memory per connection (KiB), why a measurement is void.

BEGIN {
    FS = "\t"
    if (base == "")
        base = "bare"
    base_name = base_work == "" ? base : base_work
    columns = split("rate us p50 p99 p999 kib", column, " ")
}

/^# servers: / && servers == "" { servers = substr($0, 12) }
/^#/ || $1 == "round" { next }

{
    if (!($2 in seen) && works == "")
        work[++work_count] = $2
    seen[$2] = 1
    measured[$2, $3] = 1
    if ($10 != "")
        void[$2, $3] = $10
    for (c = 1; c <= columns; c++)
        value[$2, $3, column[c], $1] = $(3 + c)
    if ($1 > rounds)
        rounds = $1
}

# Sorts v[1] to v[n]; they are few.
function sort(v, n,    i, j, x) {
    for (i = 2; i <= n; i++) {
        x = v[i]
        for (j = i - 1; j > 0 && v[j] > x; j--)
            v[j + 1] = v[j]
        v[j + 1] = x
    }
}

# The value that the given part of the sorted v[1] to v[n] does not exceed.
function quantile(v, n, part,    place, below) {
    place = 1 + (n - 1) * part
    below = int(place)
    return below == n ? v[n] : v[below] + (place - below) * (v[below + 1] - v[below])
}

function is_base(w, s) {
    return base_work == "" ? s == base : w == base_work
}

function usable(w, s) {
    return (w, s) in measured && !((w, s) in void)
}

# Gathers a server's figure of each round in v, or its ratio to that of the base.  Returns
# how many there are: 0 where a measurement is void.
function gather(v, w, s, c, as_ratio,    r, n, bw, bs) {
    bw = base_work == "" ? w : base_work
    bs = base_work == "" ? base : s
    if (!usable(w, s) || (as_ratio && !usable(bw, bs)))
        return 0
    for (r = 1; r <= rounds; r++) {
        if (!((w, s, c, r) in value))
            continue
        if (!as_ratio)
            v[++n] = value[w, s, c, r]
        else if ((bw, bs, c, r) in value && value[bw, bs, c, r] > 0)
            v[++n] = value[w, s, c, r] / value[bw, bs, c, r]
    }
    sort(v, n)
    return n + 0
}

function median(w, s, c, format,    v, n) {
    n = gather(v, w, s, c, 0)
    return n == 0 ? "-" : sprintf(format, quantile(v, n, 0.5))
}

# Half the distance between the quartiles, in percent of the median.
function spread(w, s, c,    v, n, m) {
    n = gather(v, w, s, c, 0)
    m = n == 0 ? 0 : quantile(v, n, 0.5)
    return m == 0 ? "-" : sprintf("%.0f", 50 * (quantile(v, n, 0.75) - quantile(v, n, 0.25)) / m)
}

# The median of the ratios, and their quartiles.
function ratio(w, s, c,    v, n) {
    if (is_base(w, s))
        return 1
    n = gather(v, w, s, c, 1)
    if (n == 0)
        return "-"
    return sprintf("%.2f (%.2f to %.2f)", quantile(v, n, 0.5), quantile(v, n, 0.25),
                   quantile(v, n, 0.75))
}

function line(text,    i, n, cell, out) {
    n = split(text, cell, "\t")
    if (markdown) {
        for (i = 1; i <= n; i++)
            out = out "| " cell[i] " "
        print out "|"
        return
    }
    for (i = 1; i <= n; i++)
        out = out sprintf(i <= 2 ? "%-" width[i] "s" : "%" width[i] "s", cell[i])
    print out
}

function head(text, widths,    n, i, cell) {
    split(widths, width, " ")
    line(text)
    if (markdown) {
        n = split(text, cell, "\t")
        for (i = 1; i <= n; i++)
            printf "%s", (i <= 2 ? "|---" : "|--:")
        print "|"
    }
}

function figures(w, s) {
    line(w "\t" s "\t" median(w, s, "rate", "%.0f") "\t" spread(w, s, "rate") "\t" \
         median(w, s, "us", "%.2f") "\t" ratio(w, s, "us") "\t" median(w, s, "p50", "%.0f") "\t" \
         median(w, s, "p99", "%.0f") "\t" median(w, s, "p999", "%.0f") "\t" \
         median(w, s, "kib", "%.2f"))
}

function ratios(w, s) {
    line(w "\t" s " / " base_name "\t" ratio(w, s, "rate") "\t" ratio(w, s, "us") "\t" \
         ratio(w, s, "p99") "\t" ratio(w, s, "kib"))
}

# A line for each number of connections, with a column for each server.
function series(    i, k, part, out) {
    for (i = 1; i <= work_count; i++) {
        split(work[i], part, "/")
        out = part[1] + part[2]
        for (k = 1; k <= server_count; k++)
            out = out "\t" median(work[i], server[k], figure, "%.3f")
        print out
    }
}

END {
    if (works != "")
        work_count = split(works, work, " ")
    server_count = split(servers, server, " ")
    if (view == "series") {
        series()
        exit
    }
    if (view == "ratios")
        head("busy/idle/size\tserver\techoes/s\tCPU time per echo\tp99\tKiB/connection",
             "17 28 26 26 26 26")
    else
        head("busy/idle/size\tserver\techoes/s\t+-%\tus/echo\tratio to " base_name \
             "\tp50 us\tp99 us\tp99.9 us\tKiB/conn.", "17 16 9 5 10 26 9 9 10 11")
    for (i = 1; i <= work_count; i++)
        for (k = 1; k <= server_count; k++) {
            w = work[i]
            s = server[k]
            if (!((w, s) in measured))
                continue
            if ((w, s) in void)
                line(w "\t" s "\tvoid: " void[w, s])
            else if (view != "ratios")
                figures(w, s)
            else if (!is_base(w, s))
                ratios(w, s)
        }
}
