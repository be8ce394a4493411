# The HTML that docs/tools/site makes of a small sample chapter, and of the real one.

load helpers

setup() {
    needs pandoc
    docs=$SCRATCH/repository/docs
    site=$SCRATCH/site
}

# Writes a repository with a chapter of three pages.
chapter() {
    mkdir -p "$docs/figures" "$docs/../server"
    cd "$docs" || return
    printf '%s\n' '/* Line 1' '   "and" <2> */' 'int three;' 'int four = 4 & 4;' 'int five;' \
        'int six;' 'int seven;' 'int eight;' >../server/main.c
    ln -s main.c ../server/link.c
    printf 'all:\n\techo $@\n' >../server/Makefile
    seq 700 >../server/long
    echo '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 72 9"/>' >figures/x.svg
    cat >README.md <<'END'
# The chapter

An invitation.

![The picture](figures/x.svg)

- **[Practice](exercises.md)** soon.

1. [One & two](1-one.md), and [a section of the next](2-two.md#the-second-section).
2. [Two](2-two.md)
END
    cat >1-one.md <<'END'
# One & `two`

Before [`three`](../server/main.c#L3), and [the next page](2-two.md).

## Of code

Introduction of the first.

[`server/main.c`, lines 4–5](../server/main.c#L4-L5)

```c
a fence that is out of date
```

After the first.

Introduction of the second:

[`server/Makefile`, line 1](../server/Makefile#L1)

```make
all:
```

### Below

| a | b |
|---|---|
| 1 | [link](../server/link.c#L8) |

![A figure](figures/x.svg)

Of the figure.

Introduction of the console:

```console
$ echo "<hi>"
<hi>
```
END
    cat >2-two.md <<'END'
# Two

[Back](README.md), [main.c](../server/main.c), [long](../server/long), [folder](../server/),
[listen(2)](https://man7.org/linux/man-pages/man2/listen.2.html).

## The second section

[`line 650`](../server/long#L650)

This makes it:

    make it

It is made [test](../server/main.c#L3 "int three; & more").
END
    printf '%s\n' '# Exercises' 'None.' >exercises.md
}

build() {
    "$ROOT/docs/tools/site" "$docs" "$site"
}

# Prints what is wrong with the pages in a folder: broken links, duplicate ids, headings that
# skip a level, anything loaded from elsewhere.
faults() (
    cd "$1" || return
    awk -v RS='<' '
        FNR == 1 { page = substr(FILENAME, 3); pages[page]; level = 0 }
        { id = attribute("id") }
        id != "" && seen[page, id]++ { print page ": duplicate id " id }
        /^script/ { print page ": a script" }
        /^h[1-6][ \n>]/ {
            if (substr($0, 2, 1) > level + 1)
                print page ": skips a heading level: " substr($0, 1, 60)
            level = substr($0, 2, 1)
            titles[page] += level == 1
        }
        { note(attribute("href")); note(attribute("src")) }
        function attribute(name) {
            if (!match($0, "[ \n]" name "=\"[^\"]*"))
                return ""
            return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
        }
        # Only links that the reader follows may lead elsewhere.
        function note(link) {
            if (link != "" && !(/^a[ \n]/ && link ~ /^https?:/))
                links[++count] = page SUBSEP link
        }
        END {
            for (i = 1; i <= count; i++) {
                split(links[i], part, SUBSEP)
                file = fragment = part[2]
                sub(/#.*/, "", file)
                if (!sub(/^[^#]*#/, "", fragment))
                    fragment = ""
                if (file == "")
                    file = part[1]
                if (!(file in pages) && (getline line <file) < 0 ||
                    fragment != "" && !((file, fragment) in seen))
                    print part[1] ": broken link " part[2]
            }
            for (page in pages)
                if (titles[page] != 1)
                    print page ": " titles[page] + 0 " titles"
            if (!count)
                print "no links"
        }' ./*.html
    ! grep -n 'url(\|@import' ./*.css
)

# Prints a page without its tags, as one line.
text() {
    sed 's/<[^>]*>//g; s/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&amp;/\&/g' | tr '\n' ' '
}

# Prints the rows of a page, one per line.
rows() {
    tr '\n' ' ' <"$1" | awk '{ gsub(/<div class="row">|<div class="wide">|<nav class="pages"/, "\n&"); print }'
}

@test "a quote shows the file's own lines, highlighted and numbered, with two lines of context" {
    chapter
    build
    grep -o 'class="[a-z]*" data-n="[0-9]*"' "$site/1-one.html" | diff - <(printf \
        'class="%s" data-n="%d"\n' context 2 context 3 quoted 4 quoted 5 context 6 context 7 \
        quoted 1 context 2)
    [ "$(grep 'class="quoted" data-n="4"' "$site/1-one.html" | text)" = 'int four = 4 & 4; ' ]
    # It is highlighted as part of the whole file: here, of a comment.
    grep -q 'class="context" data-n="2"><span class="co">' "$site/1-one.html"
    [ "$(grep -c 'out of date' "$site/1-one.html")" -eq 0 ]
}

@test "a quote shares a row with its introduction and the text after it" {
    chapter
    build
    rows "$site/1-one.html" >"$SCRATCH/rows"
    first=$(grep 'data-n="5"' "$SCRATCH/rows" | grep quoted | text)
    [[ $first == *"first."*"lines 4–5"*"int five;"*"After the first."* ]]
    [[ $first != *second* ]]
    second=$(grep 'class="quoted" data-n="1"' "$SCRATCH/rows" | text)
    [[ $second == *"Introduction of the second:"*"line 1"*"all:"* && $second != *Below* ]]
    # So does a figure.  The keyboard reaches what scrolls.
    figure=$(grep 'alt="A figure"' "$SCRATCH/rows")
    [[ $figure == '<div class="row">'*Below*'<div class="code">'*"A figure"*"Of the figure."* ]]
    [[ $figure != *console* ]]
    grep -q '<div class="table" tabindex="0" role="region" aria-label=' "$site/1-one.html"
    [ "$(grep -c '<pre' "$site/1-one.html")" -eq \
        "$(grep -c '<pre [^>]*tabindex="0" role="region" aria-label=' "$site/1-one.html")" ]
    grep -q '<span class="command">$ echo &quot;&lt;hi&gt;&quot;</span>' "$site/1-one.html"
}

@test "a page with little code has one column: commands below their sentences, contents beside them" {
    chapter
    build
    grep -q '<body class="beside">' "$site/1-one.html"
    grep -q '<body class="alone">' "$site/2-two.html"
    page=$(text <"$site/2-two.html")
    [[ $page =~ "This makes it:"\ +"make it"\ +"It is made" ]]
    side=$(sed -n '/<div class="side">/,/<\/div>/p' "$site/2-two.html" | text)
    [[ $side == *"The second section"*"The files"* ]]
    [ "$(grep -c '<div class="code">' "$site/2-two.html")" -eq 0 ]
}

@test "a page with few quotes for its length has one column" {
    chapter
    for section in 2 3 4 5 6 7 8 9; do
        printf '\n## Section %d\n\nText.\n' "$section"
    done >>"$docs/1-one.md"
    build
    grep -q '<body class="beside">' "$site/1-one.html"
    printf '\n## Section 10\n\nText.\n' >>"$docs/1-one.md"
    build
    grep -q '<body class="alone">' "$site/1-one.html"
}

@test "a quote far below its heading starts beside its introduction" {
    chapter
    build
    rows "$site/1-one.html" | grep 'Of code' | grep -q 'data-n="5"'
    long=$(printf 'word%.0s ' {1..100})
    awk -v long="$long" '/^Introduction of the first/ { print long "\n" } { print }' \
        "$docs/1-one.md" >"$SCRATCH/page"
    cp "$SCRATCH/page" "$docs/1-one.md"
    build
    rows "$site/1-one.html" >"$SCRATCH/rows"
    [ "$(grep 'Of code' "$SCRATCH/rows" | grep -c 'data-n="5"')" -eq 0 ]
    grep 'Introduction of the first' "$SCRATCH/rows" | grep -q 'data-n="5"'
}

@test "a line does not end within an option, and a cell extends over the empty ones after it" {
    chapter
    # shellcheck disable=SC2016  # the backticks are those of Markdown
    printf '%s\n' '' 'Run `ls -l /proc/self/task/1/fd | less`.' '' '| a | b | c |' '|---|--:|--:|' \
        '| 1 | void: no answer |' '| 1 | | 3 |' >>"$docs/2-two.md"
    build
    grep -qF '<code>ls <span class="short">-l</span> /proc/self/task/1/fd | less</code>' \
        "$site/2-two.html"
    grep -q '<td[^>]*colspan="2"[^>]*>void: no answer</td>' "$site/2-two.html"
    [ "$(grep -c colspan "$site/2-two.html")" -eq 1 ]
}

@test "the index shows its picture beside the text, and its doors" {
    chapter
    build
    grep -q '<body class="index">' "$site/index.html"
    index=$(tr '\n' ' ' <"$site/index.html")
    [[ $index == *'An invitation.'*'<div class="code">'*'alt="The picture"'*'<div class="doors">'* ]]
    [[ $index == *'<div class="doors"> <ul> <li><strong><a href="exercises.html">Practice'* ]]
    [ "$(grep -c 'class="row"' "$site/index.html")" -eq 1 ]
}

@test "a link to a test is a short word, with the test's name as its title and label" {
    chapter
    build
    grep -q 'made <a href="#server-main.c-3" class="proof" aria-label="test: int three; &amp; more" title="int three; &amp; more">test</a>' \
        "$site/2-two.html"
    [ "$(grep -c 'class="proof"' "$site/1-one.html")" -eq 0 ]
}

@test "each file that a page refers to appears at its end, every line a link target" {
    chapter
    build
    for number in 1 2 3 4 5 6 7 8; do
        line=$(grep "id=\"server-main.c-$number\" data-n=\"$number\"" "$site/1-one.html" |
            text)
        [ "${line% }" = "$(sed -n "${number}p" "$docs/../server/main.c")" ]
    done
    grep -q '<a href="#server-main.c-3"><code class="short">three</code></a>' "$site/1-one.html"
    grep -q '<a href="#server-main.c-4"><code class="short">server/main.c</code>, lines 4–5</a>' \
        "$site/1-one.html"
    grep -q '<a href="#server-link.c-8">' "$site/1-one.html"
    # A long file appears only if a link names one of its lines, and then whole; a folder never.
    grep -q '<a href="#server-main.c">main.c</a>' "$site/2-two.html"
    grep -q 'id="server-long-700"' "$site/2-two.html"
    sed -i.before '/650/d' "$docs/2-two.md"
    build
    grep -q ', long, folder, ' <(text <"$site/2-two.html")
    [ "$(grep -c 'id="server-long' "$site/2-two.html")" -eq 0 ]
}

@test "links and ids are sound, and previous and next follow the order of the index" {
    chapter
    build
    faults "$site"
    [ -z "$(faults "$site")" ]
    [ "$(cd "$site" && echo *)" = \
        '1-one.html 2-two.html exercises.html figures index.html style.css' ]
    grep -q '<title>One &amp; two – The chapter</title>' "$site/1-one.html"
    grep -q 'href="2-two.html#the-second-section"' "$site/index.html"
    grep -q '<a href="#below">\|<a href="#of-code">' "$site/1-one.html"
    # The numbered pages are first.  Each link is at the top and at the bottom.
    for link in 'index next 1-one' '1-one prev index' '1-one next 2-two' '2-two prev 1-one' \
        '2-two next exercises' 'exercises prev 2-two'; do
        read -r page which other <<<"$link"
        [ "$(grep -c "<a rel=\"$which\" href=\"$other.html\">" "$site/$page.html")" -eq 2 ]
        [ "$(sed '/<main/,$d' "$site/$page.html" | grep -c "rel=\"$which\"")" -eq 1 ]
    done
    [ "$(grep -c 'rel="prev"' "$site/index.html")" -eq 0 ]
    [ "$(grep -c 'rel="next"' "$site/exercises.html")" -eq 0 ]
}

@test "pages support screen readers, the keyboard and a dark scheme" {
    chapter
    build
    for page in "$site"/*.html; do
        grep -q '^<html lang="en">$' "$page"
        grep -q '^<a class="skip" href="#the-text">' "$page"
        grep -q '^<main id="the-text">$' "$page"
        [ "$(grep -c '<img ' "$page")" -eq "$(grep -c '<img [^>]*alt="[^"]' "$page")" ]
        # Each region has a unique name.
        [ -z "$(grep -o 'role="region" aria-label="[^"]*"' "$page" | sort | uniq -d)" ]
    done
    grep -q '<img src="figures/x.svg" width="72" height="9" alt="A figure" />' "$site/1-one.html"
    grep -q '<div class="figure" tabindex="0" role="region" aria-label="Figure: Below">' \
        "$site/1-one.html"
    grep -q '^@media screen and (prefers-color-scheme: dark) {$' "$site/style.css"
    grep -A 1 '^\.code > .*only-child {$' "$site/style.css" | grep -q 'position: sticky;'
}

# Compares each text colour of the style sheet with each background, in both schemes.  Prints the
# pairs that fall short, and the worst contrast of each scheme (as WCAG 2 defines it).
contrasts() {
    awk '
        function linear(hex) {
            hex = (index(digits, substr(hex, 1, 1)) - 1) * 16 + index(digits, substr(hex, 2, 1)) - 1
            return hex <= 10 ? hex / 255 / 12.92 : ((hex / 255 + .055) / 1.055) ^ 2.4
        }
        function luminance(c) {
            if (length(c) == 3)
                c = substr(c, 1, 1) substr(c, 1, 1) substr(c, 2, 1) substr(c, 2, 1) \
                    substr(c, 3, 1) substr(c, 3, 1)
            return .2126 * linear(substr(c, 1, 2)) + .7152 * linear(substr(c, 3, 2)) + \
                .0722 * linear(substr(c, 5, 2))
        }
        BEGIN { digits = "0123456789abcdef" }
        /prefers-color-scheme: dark/ { dark = 1 }
        match($0, /--[a-z]+: #[0-9a-f]+;/) {
            split(substr($0, RSTART + 2, RLENGTH - 3), part, ": #")
            value[dark + 0, part[1]] = luminance(part[2])
            if (part[1] !~ /^(ground|pane|quoted|target|line|bar)$/)
                inks[part[1]]
        }
        END {
            split("ground pane quoted target", grounds, " ")
            for (dark = 0; dark <= 1; dark++) {
                worst = 21
                for (ink in inks)
                    for (g = 1; g in grounds; g++) {
                        a = value[dark, ink] + .05
                        b = value[dark, grounds[g]] + .05
                        contrast = a > b ? a / b : b / a
                        worst = contrast < worst ? contrast : worst
                        if (contrast < 4.5)
                            printf "%s on %s: %.2f\n", ink, grounds[g], contrast
                    }
                printf "worst: %.1f\n", worst
            }
        }' "$1"
}

@test "each text colour has a contrast of 4.5:1 on each background, light and dark" {
    contrasts "$ROOT/docs/tools/style.css" >"$SCRATCH/contrasts"
    cat "$SCRATCH/contrasts"
    [ "$(grep -cv worst "$SCRATCH/contrasts")" -eq 0 ]
    sed 's/--comment: .*/--comment: #d0d0d0;/' "$ROOT/docs/tools/style.css" >"$SCRATCH/pale.css"
    contrasts "$SCRATCH/pale.css" | grep -q 'comment on pane: 1\.'
}

@test "a rebuild gives the same site without leftovers, and deletes no other folder" {
    chapter
    build
    mv "$site" "$SCRATCH/moved"
    mkdir "$site"
    run build
    [ "$status" -eq 1 ]
    cp "$SCRATCH/moved/index.html" "$site"
    touch "$site/old.html"
    build
    diff -r "$SCRATCH/moved" "$site"
}

@test "a missing file, line or page is an error of one line, and the site stays as it was" {
    chapter
    build
    cp -R "$site" "$SCRATCH/before"
    for fault in '[x](../server/gone.c#L1)' '[x](../server/main.c#L9)' '[x](gone.md)' \
        '[x](../server/#L1)' '![x](figures/gone.svg)' '![x](https://example.org/x.svg)'; do
        chapter 2>/dev/null || true
        echo "$fault" >>2-two.md
        run build
        echo "$fault: $output"
        [[ $status -eq 1 && ${#lines[@]} -eq 1 && $output == docs/2-two.md:* ]]
    done
    chapter 2>/dev/null || true
    echo '[gone](3-gone.md)' >>README.md
    run build
    [[ $status -eq 1 && ${#lines[@]} -eq 1 && $output == *3-gone.md* ]]
    diff -r "$SCRATCH/before" "$site"
    [ -z "$(compgen -G "$site.*")" ]
}

@test "says in one line that it needs pandoc" {
    mkdir "$SCRATCH/bin"
    ln -s "$(command -v bash)" "$(command -v dirname)" "$SCRATCH/bin"
    PATH=$SCRATCH/bin run "$ROOT/docs/tools/site" "$docs" "$site"
    [[ $status -eq 1 && ${#lines[@]} -eq 1 && $output == *"install it" ]]
}

@test "the chapter's own pages are sound" {
    docs=$ROOT/docs
    build
    faults "$site"
    [ -z "$(faults "$site")" ]
    grep -q 'class="quoted"' "$site/2-simple-server.html"
}
