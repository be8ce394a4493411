# The HTML of the chapter in a real browser, Chromium: each check of site/browser.mjs finds
# nothing on any page, and finds what it looks for on a page that has been spoiled.

load helpers

setup_file() {
    ! command -v pandoc >/dev/null || "$BATS_TEST_DIRNAME/../docs/tools/site" \
        "$BATS_TEST_DIRNAME/../docs" "$BATS_FILE_TMPDIR/site"
}

setup() {
    needs pandoc node
    CHROMIUM=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
        skip "Chromium is not installed"
    export CHROMIUM
    [ -d "$ROOT/tests/site/node_modules/playwright-core" ] ||
        skip "playwright-core is not installed: npm ci --prefix tests/site"
    site=$BATS_FILE_TMPDIR/site
}

# look CHECK SITE [PAGE...]
look() {
    node "$ROOT/tests/site/browser.mjs" "$@" 3>&-
}

# spoilt CHECK PAGE FAULT CSS: with these rules added, the check finds the fault on the page.
spoilt() {
    [ -d "$SCRATCH/spoilt" ] || cp -R "$site" "$SCRATCH/spoilt"
    cp "$site/style.css" "$SCRATCH/spoilt"
    echo "$4" >>"$SCRATCH/spoilt/style.css"
    found "$@"
}

# found CHECK PAGE FAULT: the check finds it in the folder that has been spoiled.
found() {
    run look "$1" "$SCRATCH/spoilt" "$2"
    echo "$output"
    [[ $status -eq 1 && $output == *"$2: "*"$3"* ]]
}

@test "each figure is as wide as its column, and its lettering at least 10 pixels high" {
    look figures "$site"
    spoilt figures 2-simple-server 'is 300 px wide' 'a:has(> img) { display: inline-block }'
    spoilt figures 7-choosing 'lettering of 7' '.figure { width: 400px }'
}

@test "no page scrolls sideways on a telephone" {
    look narrow "$site"
    spoilt narrow exercises 'scrolls sideways' '.table { overflow: visible }'
}

@test "on a wide screen code stands beside its prose, and a page without code is not half empty" {
    look beside "$site"
    spoilt beside 2-simple-server 'does not stand beside: Run it' '.row { display: block }'
    spoilt beside 7-choosing 'is empty left of' '.prose > * { max-width: 20rem !important }'
}

@test "the keyboard reaches each link in the order of the text, and one sees where it is" {
    look keyboard "$site"
    spoilt keyboard exercises 'the focus is not seen: Skip' '.skip:focus { top: -4rem }'
    spoilt keyboard exercises 'the focus is not seen: Simple server' 'td a { outline: none !important }'
    spoilt keyboard exercises 'the focus is not seen' 'header { position: sticky; top: 0; height: 100vh }'
    cp "$site/style.css" "$SCRATCH/spoilt"
    sed -i.before 's/href="#the-text"/href="#"/' "$SCRATCH/spoilt/exercises.html"
    found keyboard exercises 'does not lead to the text'
    sed -i.before 's/<a rel="next"/<a tabindex="1" rel="next"/' "$SCRATCH/spoilt/exercises.html"
    found keyboard exercises 'stop 0 of'
}

@test "axe-core finds nothing: contrast, names, structure, by day and by night" {
    look axe "$site"
    spoilt axe 7-choosing 'light: color-contrast' ':root { --quiet: #aaa; --link: #88f }'
    spoilt axe 7-choosing 'dark: color-contrast' \
        '@media (prefers-color-scheme: dark) { :root { --link: #346 } }'
    sed -i.before 's/ alt="[^"]*"//' "$SCRATCH/spoilt/7-choosing.html"
    found axe 7-choosing 'image-alt'
}

@test "on paper there is the text, with nothing cut off, dark on white" {
    look print "$site"
    spoilt print 7-choosing 'is printed: <header' '@media print { header { display: block } }'
    spoilt print 7-choosing 'is cut off in print: <div class="table"' 'td { white-space: nowrap !important }'
    spoilt print 7-choosing 'not printed dark on white' 'body { background: #333 }'
}

@test "where the system is dark, so are the pages and the figures" {
    look dark "$site"
    spoilt dark 7-choosing 'dark: the page is' 'body { background: #fff }'
    sed -i.before 's/prefers-color-scheme: dark/prefers-color-scheme: none/' \
        "$SCRATCH"/spoilt/figures/all-servers.svg
    cp "$site/style.css" "$SCRATCH/spoilt"
    found dark 7-choosing 'dark: a figure is rgb(255, 255, 255)'
}
