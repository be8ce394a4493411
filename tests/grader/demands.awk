# Compares a README with its tables; see demands, which runs it on the ids that mutants lose, on
# checks.tsv, demands.tsv and README.md, in this order.

BEGIN {
    strict = "(must|may not|shall)"
    usual = "(must|may not|shall|never|always|only|exactly|immediately|at most|at least"
    usual = usual "|no (more|less|fewer|later|earlier|longer) than)"
}

FNR == 1 { file++ }

file == 1 { lost[$0] = 1; next }

file == 2 {
    split($0, column, "\t")
    if (column[1] != "id" && column[1] !~ /^(#.*)?$/)
        known[column[1]] = ++checks
    if (column[1] in known)
        check[checks] = column[1]
    next
}

file == 3 { if (FNR > 1 && $0 !~ /^(#.*)?$/) take_row($0); next }

# From here on it is the README.
{ sub(/\r$/, "") }
/^(```|~~~)/ { end_paragraph(); fenced = !fenced; next }
fenced { next }
/^#/ {
    end_paragraph()
    words = $0 ~ /^#+ (Try it by hand|How it is graded)/ ? strict : usual
    next
}
/^[ \t]*$/ { end_paragraph(); after_blank = 1; next }
/^\|/ { end_paragraph(); next }
/^(    |\t)/ && paragraph == "" && !in_list { next }
/^ *([-*+]|[0-9]+\.) / {
    end_paragraph()
    sub(/^ *([-*+]|[0-9]+\.) +/, "")
    in_list = 1
}
/^[^ ]/ && after_blank { in_list = 0 }
{ after_blank = 0; paragraph = paragraph " " $0 }

END {
    end_paragraph()
    for (i = 1; i <= rows; i++)
        if (!found[i])
            complain("README.md does not say: " passage[i])
    for (i = 1; i <= checks; i++) {
        if (!(check[i] in demanded))
            complain("no demand has the check " check[i])
        if (!(check[i] in lost) && check[i] !~ /^(build|listens)$/)
            complain("no mutant fails the check " check[i])
    }
    exit bad > 0
}

function complain(what) {
    print name ": " what
    bad++
}

function normal(text) {
    gsub(/[ \t\n]+/, " ", text)
    gsub(/^ | $/, "", text)
    return text
}

function take_row(line,    column, n, ids, m, i) {
    n = split(line, column, "\t")
    rows++
    passage[rows] = normal(column[1])
    if (n < 2 || split(passage[rows], ids, " ") < 3) {
        complain("demands.tsv: this is no row: " line)
        return
    }
    if (column[2] == "-") {
        if (n < 3 || column[3] == "")
            complain("demands.tsv: it does not say why there is no check: " passage[rows])
        return
    }
    m = split(column[2], ids, ",")
    for (i = 1; i <= m; i++) {
        demanded[ids[i]] = 1
        if (!(ids[i] in known))
            complain("demands.tsv: there is no check " ids[i])
    }
}

# Takes out of the paragraph what rows quote; in what is left no sentence may demand anything.
function end_paragraph(    text, rest, i, k, at, n, quoted, sentence) {
    text = normal(paragraph)
    paragraph = ""
    for (i = 1; i <= rows; i++) {
        if ((at = index(text, passage[i])) == 0)
            continue
        found[i] = 1
        for (k = 0; k < length(passage[i]); k++)
            quoted[at + k] = 1
    }
    for (k = 1; k <= length(text); k++)
        rest = rest (k in quoted ? (k - 1 in quoted ? "" : "\001") : substr(text, k, 1))
    gsub(/[.!?][")*_`]* /, "&\002", rest)
    n = split(rest, sentence, "\002")
    for (i = 1; i <= n; i++) {
        if (tolower(sentence[i]) ~ "(^|[^a-z])" words "([^a-z]|$)") {
            gsub("\001", "[...]", sentence[i])
            complain("demands.tsv does not have: " normal(sentence[i]))
        }
    }
}
