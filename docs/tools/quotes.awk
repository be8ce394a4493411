# Rewrites one page so that each link to a line has the right line number.  The text decides;
# the number follows it.
#
#   awk -f quotes.awk page.md > corrected.md
#
# A quote is a link alone in its paragraph, followed by a fenced block of exactly the lines that it
# links to; they must occur exactly once in the file:
#
#   [`common/tcp.c`, lines 12–14](../common/tcp.c#L12-L14)
#
# An inline reference is a link whose text is code: [`listen`](../common/tcp.c#L43).  It points at
# the line that defines the name, or else the only one that calls it, or else the only one that
# contains it; in a file of tests, at the test with this name; otherwise at the only line that
# contains the text.
#
# A text that would interrupt the sentence, such as the name of a test, is the link's title
# instead, and the link's text is a short word:
# [test](../tests/start.bats#L57 "port already in use").
#
# Other links within the repository must lead to an existing file, and #heading to a heading of
# the page.  Anything that cannot be corrected, or is written in an unsupported form, is reported
# in one line on standard error, and the exit status is 1.

function fail(message) {
    print FILENAME ":" FNR ": " message >"/dev/stderr"
    failed = 1
}

# A comment may have started on an earlier line.
function without_comments(line,   out, at) {
    while ((at = index(line, commented ? "*/" : "/*")) > 0) {
        if (!commented)
            out = out substr(line, 1, at - 1)
        line = substr(line, at + 2)
        commented = !commented
    }
    return commented ? out : out line
}

# Reads FILE once; its name is relative to the page.
function load(file,   line, count) {
    if (file in length_of)
        return
    commented = 0
    while ((getline line <(folder file)) > 0) {
        text[file, ++count] = line
        bare[file, count] = file ~ /\.[ch]$/ ? without_comments(line) : line
    }
    close(folder file)
    length_of[file] = count + 0
    if (count == 0)
        fail("there is no " file)
}

# The name of FILE relative to the repository's root; pages are there or in docs/.
function full_name(file) {
    return sub(/^\.\.\//, "", file) || folder == "" ? file : "docs/" file
}

function quote_is_at(file, line,   i) {
    for (i = 1; i <= quoted; i++)
        if (text[file, line + i - 1] != quote[i])
            return 0
    return 1
}

# The link line of the quote that was just read, with the right line numbers.
function link_of_quote(link,   file, line, at, hits) {
    file = link
    sub(/^.*\(/, "", file)
    sub(/#.*$/, "", file)
    load(file)
    for (line = 1; line + quoted - 1 <= length_of[file]; line++)
        if (quote_is_at(file, line)) {
            at = line
            hits++
        }
    if (hits != 1 || quoted == 0) {
        fail("found " (hits + 0) " times in " full_name(file) ": " quote[1])
        return link
    }
    line = at + quoted - 1
    if (quoted == 1)
        return "[`" full_name(file) "`, line " at "](" file "#L" at ")"
    return "[`" full_name(file) "`, lines " at "–" line "](" file "#L" at "-L" line ")"
}

# Whether a line of FILE defines CODE: without indentation, and not a prototype, except in a
# header.
function defines(file, line, code) {
    if (line == code " {" || index(line, "#define " code "(") == 1)
        return 1
    if (line !~ /^[a-z]/ || (line ~ /;$/ && file !~ /\.h$/))
        return 0
    return match(line, "[ *]" code "\\(") > 0
}

function calls(line, code) {
    return line !~ /^ *#/ && match(" " line, "[^A-Za-z0-9_]" code "\\(") > 0
}

function names(line, code) {
    return match(" " line " ", "[^A-Za-z0-9_]" code "[^A-Za-z0-9_]") > 0
}

# The number of lines of FILE that define, call, name, test or contain CODE, as HOW says; found is
# the last of them.
function count_lines(file, code, how,   line, hits, yes) {
    for (line = 1; line <= length_of[file]; line++) {
        if (how == "defines")
            yes = defines(file, bare[file, line], code)
        else if (how == "calls")
            yes = calls(bare[file, line], code)
        else if (how == "names")
            yes = names(bare[file, line], code)
        else if (how == "tests")
            yes = index(text[file, line], "@test \"" code "\"") == 1
        else
            yes = index(text[file, line], code)
        if (yes) {
            found = line
            hits++
        }
    }
    return hits + 0
}

function line_of(file, code,   hits) {
    load(file)
    if (code ~ /^(struct )?[A-Za-z_][A-Za-z0-9_]*$/) {
        hits = count_lines(file, code, "defines")
        if (hits == 1 || (hits == 0 && count_lines(file, code, "calls") == 1))
            return found
        hits = count_lines(file, code, "names")
    } else {
        hits = count_lines(file, code, file ~ /\.(bats|suite)$/ ? "tests" : "has")
    }
    if (hits != 1)
        fail("`" code "` is on " hits " lines of " full_name(file))
    return found
}

# The id that code-hosting sites give a heading (in ASCII).
function slug(heading) {
    sub(/^#+ */, "", heading)
    heading = tolower(heading)
    gsub(/[^a-z0-9 _-]/, "", heading)
    gsub(/ /, "-", heading)
    return heading
}

function has_heading(file, name,   line, fenced) {
    load(file)
    for (line = 1; line <= length_of[file]; line++) {
        if (text[file, line] ~ /^```/)
            fenced = !fenced
        else if (!fenced && text[file, line] ~ /^#[ -~]*$/ && slug(text[file, line]) == name)
            return 1
    }
    return 0
}

function is_there(path) {
    gsub(/'/, "'\\''", path)
    return system("test -e '" path "'") == 0
}

function check_target(target,   part) {
    if (target ~ /^https:/)
        return
    part = target
    sub(/^[^#]*#?/, "", part)
    sub(/#.*$/, "", target)
    if (target == "") {
        target = FILENAME
        sub(/^.*\//, "", target)
    }
    if (part != "") {
        if (!has_heading(target, part))
            fail("no heading #" part " in " target)
    } else if (!(target in exists)) {
        exists[target] = is_there(folder target)
        if (!exists[target])
            fail("there is no " target)
    }
}

# A line of prose, with its links corrected.
function prose(line,   out, before, target, title, code) {
    while (match(line, /\]\([^)" ]*( "[^"]+")?\)/)) {
        before = substr(line, 1, RSTART)
        target = substr(line, RSTART + 2, RLENGTH - 3)
        line = substr(line, RSTART + RLENGTH)
        title = code = ""
        if (match(target, / "/)) {
            title = substr(target, RSTART)
            target = substr(target, 1, RSTART - 1)
            code = substr(title, 3, length(title) - 3)
        } else if (match(before, /\[`[^`]+`\]$/)) {
            code = substr(before, RSTART + 2, RLENGTH - 4)
        }
        if (target !~ /#L[0-9]*$/) {
            check_target(target)
        } else if (code == "") {
            fail("a link to a line needs code as its text, on one line, or a title: " target)
        } else {
            sub(/#.*$/, "", target)
            target = target "#L" line_of(target, code)
        }
        out = out before "(" target title ")"
    }
    if (index(line, "]("))
        fail("a link is malformed, or split over two lines")
    return out line
}

FNR == 1 {
    folder = FILENAME
    sub(/[^\/]*$/, "", folder)
}

fence == "quote" && /^```$/ {
    print link_of_quote(link)
    print ""
    print opening
    for (i = 1; i <= quoted; i++)
        print quote[i]
    print
    fence = link = ""
    next
}
fence == "quote" { quote[++quoted] = $0; next }
fence == "other" { if (/^```$/) fence = ""; print; next }

link != "" && /^```[a-z]*$/ { fence = "quote"; opening = $0; quoted = 0; next }
link != "" && /^$/ { next }
link != "" { fail("a quote's link is not followed by its lines"); link = "" }
/^\[`[^`]+`, line[^]]*\]\([^)]*#L[0-9L-]*\)$/ { link = $0; next }

/^```c$/ { fail("C that is not quoted from a file") }
/^```console$/ { fence = "other"; print; next }
/^```(make|text|bash)$/ { fail("text that is not quoted from a file") }
/^[ >*+-]*(```|~~~)/ { fail("a fence of an unsupported form") }
/<(pre|a|img)[ >]/ { fail("unsupported HTML") }
/^ *\[[^]]+\]:/ { fail("a reference link: write the target beside the text") }
{ print prose($0) }
END {
    if (link != "" || fence != "")
        fail("a fence is not closed")
    exit failed
}
