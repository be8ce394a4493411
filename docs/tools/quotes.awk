# Rewrites one page so that each of its links to a line points at the line that it means.
# The text itself is the anchor; the line numbers follow it.
#
#   awk -f quotes.awk page.md > true.md
#
# A quote is a link alone in its paragraph, followed by a fenced block of exactly the lines
# that it links; they must stand once in the file:
#
#   [`common/tcp.c`, lines 12–14](../common/tcp.c#L12-L14)
#
# An inline reference is a link whose text is code: [`listen`](../common/tcp.c#L43).  It
# means the line that defines the name, or else the one that calls it, or else the one that
# has it; in a file of tests, the test of this name; or else the one line with this text.
#
# Where such a text would interrupt a sentence, as the name of a test does, it is the link's
# title, and the link's text is a short word: [test](../tests/start.bats#L57 "port taken").
#
# Other links in the repository must lead to a file that is there, and a part of a page
# (#heading) to a heading.  What can't be made true, or is written in a form that is not
# looked at here, is told in one line on standard error, and the exit status is 1.

function fail(message) {
    print FILENAME ":" FNR ": " message >"/dev/stderr"
    failed = 1
}

# A comment may have begun on an earlier line.
function without_comments(line,   out, at) {
    while ((at = index(line, commented ? "*/" : "/*")) > 0) {
        if (!commented)
            out = out substr(line, 1, at - 1)
        line = substr(line, at + 2)
        commented = !commented
    }
    return commented ? out : out line
}

# Reads FILE, named as the page names it, once.
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

# The name of FILE from the top of the repository; pages lie there or in docs/.
function full_name(file) {
    return sub(/^\.\.\//, "", file) || folder == "" ? file : "docs/" file
}

function stands_at(file, line,   i) {
    for (i = 1; i <= quoted; i++)
        if (text[file, line + i - 1] != quote[i])
            return 0
    return 1
}

# The link line of the quote that has just been read, with its line numbers.
function link_of_quote(link,   file, line, at, hits) {
    file = link
    sub(/^.*\(/, "", file)
    sub(/#.*$/, "", file)
    load(file)
    for (line = 1; line + quoted - 1 <= length_of[file]; line++)
        if (stands_at(file, line)) {
            at = line
            hits++
        }
    if (hits != 1 || quoted == 0) {
        fail("stands " (hits + 0) " times in " full_name(file) ": " quote[1])
        return link
    }
    line = at + quoted - 1
    if (quoted == 1)
        return "[`" full_name(file) "`, line " at "](" file "#L" at ")"
    return "[`" full_name(file) "`, lines " at "–" line "](" file "#L" at "-L" line ")"
}

# Whether a line of FILE defines CODE: at its left edge, and not a mere prototype, unless
# in a header.
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

# How many lines of FILE have CODE in the way HOW tells; the last of them is in found.
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
        fail("`" code "` stands on " hits " lines of " full_name(file))
    return found
}

# As the code-hosting sites make them, of headings in ASCII.
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

# A line of prose, with its links made true.
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
            fail("a link to a line has code as its text, not broken, or a title: " target)
        } else {
            sub(/#.*$/, "", target)
            target = target "#L" line_of(target, code)
        }
        out = out before "(" target title ")"
    }
    if (index(line, "]("))
        fail("a link is broken over two lines, or its target is")
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
link != "" { fail("a quote's link stands without its lines"); link = "" }
/^\[`[^`]+`, line[^]]*\]\([^)]*#L[0-9L-]*\)$/ { link = $0; next }

/^```c$/ { fail("C that is not quoted from a file") }
/^```console$/ { fence = "other"; print; next }
/^```(make|text|bash)$/ { fail("text that is not quoted from a file") }
/^[ >*+-]*(```|~~~)/ { fail("a fence of another form") }
/<(pre|a|img)[ >]/ { fail("HTML that is not looked at") }
/^ *\[[^]]+\]:/ { fail("a link's target stands apart from it") }
{ print prose($0) }
END {
    if (link != "" || fence != "")
        fail("a fence has no end")
    exit failed
}
