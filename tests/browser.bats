# The chapter's HTML in a real browser, Chromium: each check of site/browser.mjs passes on every
# page, and fails on a page with the fault that it looks for.

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

# spoiled CHECK PAGE FAULT CSS: with these rules added, the check finds the fault on the page.
spoiled() {
    [ -d "$SCRATCH/spoiled" ] || cp -R "$site" "$SCRATCH/spoiled"
    cp "$site/style.css" "$SCRATCH/spoiled"
    echo "$4" >>"$SCRATCH/spoiled/style.css"
    found "$@"
}

# found CHECK PAGE FAULT: the check finds the fault in the spoiled folder.
found() {
    run look "$1" "$SCRATCH/spoiled" "$2"
    echo "$output"
    [[ $status -eq 1 && $output == *"$2: "*"$3"* ]]
}

@test "each figure is as wide as its column, and its lettering at least 10 pixels high" {
    look figures "$site"
    spoiled figures 2-simple-server 'is 300 px wide' 'a:has(> img) { display: inline-block }'
    spoiled figures 7-choosing 'lettering of 7' '.figure { width: 400px }'
}

@test "no page scrolls sideways on a phone" {
    look narrow "$site"
    spoiled narrow exercises 'scrolls sideways' '.table { overflow: visible }'
}

@test "on a wide screen, code is beside its prose, and a page without code is not half empty" {
    look beside "$site"
    spoiled beside 2-simple-server 'code is not beside its prose: Run it' '.row { display: block }'
    spoiled beside 7-choosing 'is empty left of' '.prose > * { max-width: 20rem !important }'
}

@test "the keyboard reaches each link in the order of the text, and the focus is visible" {
    look keyboard "$site"
    spoiled keyboard exercises 'the focus is not visible: Skip' '.skip:focus { top: -4rem }'
    spoiled keyboard exercises 'the focus is not visible: Simple server' 'td a { outline: none !important }'
    spoiled keyboard exercises 'the focus is not visible' 'header { position: sticky; top: 0; height: 100vh }'
    cp "$site/style.css" "$SCRATCH/spoiled"
    sed -i.before 's/href="#the-text"/href="#"/' "$SCRATCH/spoiled/exercises.html"
    found keyboard exercises 'does not lead to the text'
    sed -i.before 's/<a rel="next"/<a tabindex="1" rel="next"/' "$SCRATCH/spoiled/exercises.html"
    found keyboard exercises 'stop 0 of'
}

@test "axe-core finds no fault: contrast, names, structure, light and dark" {
    look axe "$site"
    spoiled axe 7-choosing 'light: color-contrast' ':root { --quiet: #aaa; --link: #88f }'
    spoiled axe 7-choosing 'dark: color-contrast' \
        '@media (prefers-color-scheme: dark) { :root { --link: #346 } }'
    sed -i.before 's/ alt="[^"]*"//' "$SCRATCH/spoiled/7-choosing.html"
    found axe 7-choosing 'image-alt'
}

@test "print shows the text only, with nothing cut off, dark on white" {
    look print "$site"
    spoiled print 7-choosing 'is printed: <header' '@media print { header { display: block } }'
    spoiled print 7-choosing 'is cut off in print: <div class="table"' 'td { white-space: nowrap !important }'
    spoiled print 7-choosing 'not printed dark on white' 'body { background: #333 }'
}

@test "pages and figures follow the system's dark scheme" {
    look dark "$site"
    spoiled dark 7-choosing 'dark: the page is' 'body { background: #fff }'
    sed -i.before 's/prefers-color-scheme: dark/prefers-color-scheme: none/' \
        "$SCRATCH"/spoiled/figures/all-servers.svg
    cp "$site/style.css" "$SCRATCH/spoiled"
    found dark 7-choosing 'dark: a figure is rgb(255, 255, 255)'
}
