# Prints the results of one submission.
#
# Usage: awk -f report.awk -v format=FORMAT -v exercise=NAME -v texts=DIRECTORY
#            -v seconds=N -v colour=yes|no RESULTS
#
# FORMAT is people, tap, junit, gradescope or classroom.  RESULTS has a line for each check:
# id, outcome, points, earned, seconds, visibility, section, title, hint, the command that runs it
# again, the same with no path of this machine; what there is to tell of it stands in
# DIRECTORY/ID.text.  All of it is printable ASCII by now.

BEGIN { FS = "\t" }

{
    n++
    id[n] = $1; outcome[n] = $2; points[n] = $3; earned[n] = $4; took[n] = $5
    visibility[n] = $6; section[n] = $7; title[n] = $8; hint[n] = $9; rerun[n] = $10; anywhere[n] = $11
    text[n] = read_all(texts "/" $1 ".text")
    total += $4
    max += $3
    count[$2]++
}

END {
    if (format == "people") people()
    if (format == "tap") tap()
    if (format == "junit") junit()
    if (format == "gradescope") gradescope()
    if (format == "classroom") classroom()
}

function read_all(file,    line, all) {
    while ((getline line < file) > 0)
        all = all line "\n"
    close(file)
    return all
}

# All that is said of a check, a line each.
function detail(i,    all) {
    all = text[i]
    if (outcome[i] == "failed") {
        if (all == "")
            all = "the time limit expired\n"
        all = all "hint:     " hint[i] "\nsee:      docs/" section[i] "\n"
        all = all "rerun:    " (format == "gradescope" ? anywhere[i] : rerun[i]) "\n"
    }
    return all
}

function indented(all, by) {
    sub(/\n$/, "", all)
    gsub(/\n/, "\n" by, all)
    return by all "\n"
}

function painted(what, code) {
    return colour == "yes" ? "\033[" code "m" what "\033[0m" : what
}

function people(    i, word) {
    for (i = 1; i <= n; i++) {
        word = sprintf("%-7s", outcome[i])
        if (outcome[i] == "passed") word = painted(word, 32)
        if (outcome[i] == "failed") word = painted(word, 31)
        printf "%s %3d of %3d  %s: %s%s\n", word, earned[i], points[i], id[i], title[i],
            (visibility[i] == "hidden" ? " (hidden)" : "")
        if (detail(i) != "")
            printf "%s", indented(detail(i), "            ")
    }
    printf "%s: %d of %d points; %d passed, %d failed, %d not run\n", exercise, total, max,
        count["passed"], count["failed"], count["not run"]
}

function tap(    i) {
    printf "TAP version 13\n1..%d\n", n
    for (i = 1; i <= n; i++) {
        printf "%s %d - %s: %s%s", (outcome[i] == "failed" ? "not ok" : "ok"), i,
            id[i], title[i], (outcome[i] == "not run" ? " # SKIP " text[i] : "\n")
        printf "# %d of %d points\n", earned[i], points[i]
        if (outcome[i] == "failed")
            printf "%s", indented(detail(i), "# ")
    }
}

function xml(all) {
    gsub(/&/, "\\&amp;", all)
    gsub(/</, "\\&lt;", all)
    gsub(/>/, "\\&gt;", all)
    gsub(/"/, "\\&quot;", all)
    return all
}

function junit(    i) {
    print "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
    printf "<testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" skipped=\"%d\" time=\"%d\">\n",
        xml(exercise), n, count["failed"], count["not run"], seconds
    for (i = 1; i <= n; i++) {
        printf "<testcase classname=\"%s\" name=\"%s: %s\" time=\"%d\">", xml(exercise),
            id[i], xml(title[i]), took[i]
        if (outcome[i] == "failed")
            printf "<failure message=\"%d of %d points\">%s</failure>", earned[i], points[i],
                xml(detail(i))
        if (outcome[i] == "not run")
            printf "<skipped message=\"%s\"/>", xml(text[i])
        print "</testcase>"
    }
    print "</testsuite>"
}

function json(all) {
    gsub(/\\/, "&&", all)
    gsub(/"/, "\\\"", all)
    gsub(/\n/, "\\n", all)
    return "\"" all "\""
}

# https://gradescope-autograders.readthedocs.io/en/latest/specs/: a status is passed or failed
# or left out, as it is for what did not run.
function gradescope(    i) {
    printf "{\"score\": %d, \"execution_time\": %d, ", total, seconds
    printf "\"output\": %s, \"output_format\": \"text\", \"tests\": [\n",
        json(exercise ": " total " of " max " points")
    for (i = 1; i <= n; i++) {
        printf "{\"name\": %s, \"score\": %d, \"max_score\": %d, ", json(id[i] ": " title[i]),
            earned[i], points[i]
        if (outcome[i] != "not run")
            printf "\"status\": %s, ", json(outcome[i])
        printf "\"output\": %s, \"output_format\": \"text\", \"visibility\": %s, ",
            json(outcome[i] "\n" detail(i)), json(visibility[i])
        printf "\"extra_data\": {\"execution_time\": %d}}%s\n", took[i], (i < n ? "," : "")
    }
    print "]}"
}

# What classroom-resources/autograding-grading-reporter takes (there as base64).  It shows name
# and test_code in its log, where a line_no of 0 is none.  The student reads it: of a hidden
# check it tells the points only.
function classroom(    i, hidden) {
    printf "{\"version\": 1, \"status\": %s, \"max_score\": %d, \"tests\": [\n",
        json(total == max ? "pass" : "fail"), max
    for (i = 1; i <= n; i++) {
        hidden = visibility[i] == "hidden"
        printf "{\"name\": %s, \"status\": %s, \"score\": %d, \"line_no\": 0, ",
            json(hidden ? "a hidden check" : id[i] ": " title[i]),
            json(outcome[i] == "passed" ? "pass" : "fail"), earned[i]
        printf "\"test_code\": %s}%s\n",
            json(hidden ? "" : outcome[i] "\n" substr(detail(i), 1, 3000)), (i < n ? "," : "")
    }
    print "]}"
}
