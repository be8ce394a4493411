// Looks at the pages of the chapter in Chromium, and prints a line for each fault it finds.
//
// Usage: node browser.mjs CHECK SITE [PAGE...]
//
// CHECK is one of those below; SITE is the folder that make site has made; of it, all pages
// are looked at where none is named.  The exit status is 1 where there is a fault, and 2 where
// the check could not be made: on a busy machine a browser may crash, so it has two attempts.
// CHROMIUM names the browser, /usr/bin/chromium if unset.

import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inflateSync } from 'node:zlib';
import { chromium } from 'playwright-core';

const WIDE = 1400;
const NARROW = 390;
const HEIGHT = 900;
const SMALLEST_LETTERING = 10; // pixels
const PATIENCE = 120000; // milliseconds for what takes one

const [check, site, ...named] = process.argv.slice(2);
const faults = new Set();

function fault(page, text) {
    faults.add(`${page}: ${text}`);
}

const url = (file) => pathToFileURL(join(resolve(site), file)).href;

async function open(browser, address) {
    const page = await browser.newPage({ viewport: { width: WIDE, height: HEIGHT } });
    page.setDefaultTimeout(PATIENCE);
    await page.goto(address);
    return page;
}

// Opens each page, and hands it to LOOK.
async function eachPage(browser, look) {
    for (const name of pages) {
        const page = await open(browser, url(`${name}.html`));
        await look(page, name);
        await page.close();
    }
}

// The smallest lettering of a picture, as a part of the picture's width.
async function lettering(browser, source) {
    const page = await open(browser, source);
    const smallest = await page.evaluate(() => {
        const svg = document.documentElement;
        const scale = (matrix) => Math.hypot(matrix.a, matrix.b); // it may be turned
        const width = svg.viewBox.baseVal.width * svg.getScreenCTM().a;
        const sizes = [...svg.querySelectorAll('text, tspan')]
            .filter((element) => element.textContent.trim() !== '')
            .map((element) => parseFloat(getComputedStyle(element).fontSize) *
                scale(element.getScreenCTM()));
        return Math.min(...sizes) / width;
    });
    await page.close();
    return smallest;
}

// A figure is as wide as its column, or as a line of 52 rem; what it says can be read.
async function figures(browser) {
    const smallest = new Map();
    let count = 0;
    const measure = () => {
        const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
        return [...document.querySelectorAll('img')].map((img) => {
            const column = img.closest('.figure').parentElement;
            return {
                source: img.src,
                drawn: img.getBoundingClientRect().width,
                room: Math.min(column.getBoundingClientRect().width, 52 * rem),
            };
        });
    };
    await eachPage(browser, async (page, name) => {
        for (const width of [WIDE, NARROW]) {
            await page.setViewportSize({ width, height: HEIGHT });
            for (const { source, drawn, room } of await page.evaluate(measure)) {
                const figure = basename(source);
                if (!smallest.has(source))
                    smallest.set(source, await lettering(browser, source));
                const size = smallest.get(source) * drawn;
                count++;
                if (drawn < room - 1)
                    fault(name, `${figure} is ${drawn} px wide, and has room for ${room}, at ${width}`);
                if (!(size >= SMALLEST_LETTERING))
                    fault(name, `${figure} has lettering of ${size.toFixed(1)} px, at ${width}`);
            }
        }
    });
    if (count === 0)
        fault('site', 'no figures at all');
}

// What is wider than the window scrolls by itself; the page does not.
async function narrow(browser) {
    await eachPage(browser, async (page, name) => {
        for (const width of [NARROW, 320]) {
            await page.setViewportSize({ width, height: HEIGHT });
            const widest = await page.evaluate(() => document.documentElement.scrollWidth);
            if (widest > width)
                fault(name, `scrolls sideways: ${widest} px, in a window of ${width}`);
        }
    });
}

// Code stands right of its prose, and begins where that does.  A page without code has
// something to read in both halves of the window.
async function beside(browser) {
    let rows = 0;
    await eachPage(browser, async (page, name) => {
        const seen = await page.evaluate(() => {
            const edges = (element) => element.getBoundingClientRect();
            const rows = [...document.querySelectorAll('.row')]
                .filter((row) => row.querySelector('.prose') && row.querySelector('.code'))
                .map((row) => {
                    const [prose, code] = ['.prose', '.code'].map((part) => edges(row.querySelector(part)));
                    return {
                        text: row.textContent.trim().slice(0, 40),
                        apart: code.left - prose.right,
                        below: code.top - prose.top,
                    };
                });
            const text = [...document.querySelectorAll('.contents, .prose > *')].map(edges);
            return {
                rows,
                layout: document.body.className,
                left: Math.min(...text.map((part) => part.left)),
                right: Math.max(...text.map((part) => part.right)),
            };
        });
        rows += seen.rows.length;
        for (const { text, apart, below } of seen.rows)
            if (apart < 0 || Math.abs(below) > 1)
                fault(name, `the code does not stand beside: ${text}`);
        if (seen.layout === 'alone' && (seen.left > WIDE / 4 || seen.right < WIDE * 0.7))
            fault(name, `is empty left of ${seen.left} px and right of ${seen.right}`);
    });
    if (rows === 0)
        fault('site', 'no code stands beside prose');
}

// What the keyboard is on, and whether one sees it.
const focused = () => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    const box = element.getClientRects()[0];
    const at = box && document.elementFromPoint(
        Math.min(Math.max(box.left + box.width / 2, 0), innerWidth - 1),
        Math.min(Math.max(box.top + Math.min(box.height, 40) / 2, 0), innerHeight - 1));
    return {
        number: window.stops.indexOf(element),
        name: element.textContent.trim().slice(0, 40) || element.tagName,
        outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        visible: Boolean(at) && (element.contains(at) || at.contains(element)) &&
            box.bottom > 0 && box.top < innerHeight,
    };
};

// The keyboard reaches every link, and what scrolls, in the order of the text, and one sees
// where it is.  The first link skips what stands above the text.
async function keyboard(browser) {
    await eachPage(browser, async (page, name) => {
        const count = await page.evaluate(() => {
            window.stops = [...document.querySelectorAll('a[href], [tabindex]')]
                .filter((element) => element.getClientRects().length > 0);
            return window.stops.length;
        });
        for (let number = 0; number < count; number++) {
            await page.keyboard.press('Tab');
            const stop = await page.evaluate(focused);
            if (stop.number !== number) {
                fault(name, `stop ${number} of ${count} is ${stop.number}, ${stop.name}`);
                break;
            }
            if (!stop.outlined || !stop.visible)
                fault(name, `the focus is not seen: ${stop.name}`);
        }
        await page.reload();
        await page.keyboard.press('Tab');
        if (await page.evaluate(() => document.activeElement.matches('.skip'))) {
            await page.keyboard.press('Enter');
            await page.keyboard.press('Tab');
        }
        if (!await page.evaluate(() => document.activeElement.closest('main')))
            fault(name, 'the first link does not lead to the text');
    });
}

// What axe-core finds: contrast and the rest of WCAG 2.2, level AA.  The colours of whole
// files are those of quotes; site.bats compares each of them with each ground.
async function axe(browser) {
    const source = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
    await eachPage(browser, async (page, name) => {
        await page.evaluate(() => document.querySelectorAll('.files pre').forEach((pre) => pre.remove()));
        await page.addScriptTag({ path: source });
        for (const colorScheme of ['light', 'dark']) {
            await page.emulateMedia({ colorScheme });
            const { violations, passes } = await page.evaluate(() => axe.run({
                runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
                resultTypes: ['violations'],
            }));
            for (const { id, nodes } of violations)
                fault(name, `${colorScheme}: ${id}, ${nodes.length} times, first ${nodes[0].html}`);
            if (!passes.some(({ id }) => id === 'color-contrast'))
                fault(name, 'axe-core has not compared colours');
        }
    });
}

// On paper there is the text, with nothing cut off, dark on white.
async function print(browser) {
    await eachPage(browser, async (page, name) => {
        await page.setViewportSize({ width: 680, height: HEIGHT }); // A4 without its margins
        await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
        const seen = await page.evaluate(() => {
            const shown = (element) => element.getClientRects().length > 0;
            const named = (element) => `<${element.tagName.toLowerCase()} class="${element.className}">`;
            const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
            return {
                superfluous: all('.skip, header, .contents, .pages, .files').map(named),
                cut: all('pre, .table, .figure').filter((element) =>
                    element.scrollWidth > element.clientWidth + 1 ||
                    element.scrollHeight > element.clientHeight + 1).map(named),
                paragraphs: all('main p, main li').length,
                colours: [getComputedStyle(document.body).backgroundColor,
                    getComputedStyle(document.body).color].map((text) =>
                    Math.max(...text.match(/\d+/g).slice(0, 3).map(Number))),
            };
        });
        for (const element of seen.superfluous)
            fault(name, `is printed: ${element}`);
        for (const element of seen.cut)
            fault(name, `is cut off in print: ${element}`);
        if (seen.paragraphs === 0)
            fault(name, 'has no text in print');
        if (seen.colours[0] < 255 || seen.colours[1] > 80)
            fault(name, 'is not printed dark on white');
    });
}

// The colour of the screen at one place, as the style sheet writes it.
async function colourAt(page, x, y) {
    const png = await page.screenshot({ clip: { x, y, width: 1, height: 1 } });
    const parts = [];
    for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
        if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
            parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
    const [, red, green, blue] = inflateSync(Buffer.concat(parts)); // behind the filter's byte
    return `rgb(${red}, ${green}, ${blue})`;
}

// Where the system is dark the page is, and so is each figure's ground; else both are white.
async function dark(browser) {
    await eachPage(browser, async (page, name) => {
        for (const colorScheme of ['dark', 'light']) {
            await page.emulateMedia({ colorScheme });
            const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
            const brightest = Math.max(...ground.match(/\d+/g).map(Number));
            if (colorScheme === 'dark' ? brightest > 60 : brightest < 255)
                fault(name, `${colorScheme}: the page is ${ground}`);
            for (const img of await page.locator('img').all()) {
                await img.evaluate((element) => element.scrollIntoView());
                const { x, y } = await img.boundingBox();
                const colour = await colourAt(page, x + 3, y + 12);
                if (colour !== ground)
                    fault(name, `${colorScheme}: a figure is ${colour} on ${ground}`);
            }
        }
    });
}

const checks = { figures, narrow, beside, keyboard, axe, print, dark };

if (!(check in checks) || !site) {
    console.error(`usage: node browser.mjs ${Object.keys(checks).join('|')} SITE [PAGE...]`);
    process.exit(2);
}
const pages = named.length > 0 ? named : readdirSync(site)
    .filter((file) => file.endsWith('.html')).map((file) => basename(file, '.html'));

async function attempt() {
    const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
        args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
            '--disable-background-networking', '--disable-component-update', '--disable-sync',
            '--disable-dev-shm-usage'],
        timeout: PATIENCE,
    });
    try {
        faults.clear();
        await checks[check](browser);
    } finally {
        await browser.close();
    }
}

try {
    await attempt().catch((error) => {
        console.error(`once more: ${error.message}`);
        return attempt();
    });
    faults.forEach((text) => console.log(text));
    process.exitCode = faults.size > 0 ? 1 : 0;
} catch (error) {
    console.error(error.message);
    process.exitCode = 2;
}
