-- A pandoc filter that puts a page's prose on the left, and the code that it quotes on the right.
-- A page with little code becomes one column, with its table of contents beside it.
-- The files that the page refers to are appended whole, so that links into them stay on the page.
-- It runs in the folder of the page; the metadata contain that folder's name and all pages.

local CONTEXT = 2 -- lines shown before and after those quoted
local LONGEST = 600 -- most lines of a file that is appended although no link names a line of it
local NARROW = 66 -- most characters in a line of a table that fits beside code
local FEW = 2 -- fewest quotes and transcripts on a page with two columns
local SPARSE = 3 -- most sections per quote or transcript on such a page
local FAR = 400 -- most characters of prose between the top of a quote and its introduction
local SHORT = 24 -- most characters of inline code that must stay on one line

local LANGUAGES = {
    awk = 'awk', bash = 'bash', bats = 'bash', c = 'c', h = 'c', lua = 'lua', md = 'markdown',
    mk = 'makefile', make = 'makefile', Makefile = 'makefile', rs = 'rust', rust = 'rust',
    sh = 'bash', suite = 'bash', toml = 'toml',
}

local folder, pages = nil, {}
local files = {} -- by path, and in the order of their first mention
local regions = {} -- how many regions have a name
local heading = '' -- the latest one

local function fault(message)
    io.stderr:write(folder, '/', PANDOC_STATE.input_files[1], ': ', message, '\n')
    os.exit(1)
end

local ENTITIES = { ['&'] = '&amp;', ['<'] = '&lt;', ['>'] = '&gt;', ['"'] = '&quot;' }

local function escape(text)
    return (text:gsub('[&<>"]', ENTITIES))
end

local function split(text)
    local lines = {}
    for line in (text:gsub('\n$', '') .. '\n'):gmatch('(.-)\n') do
        lines[#lines + 1] = line
    end
    return lines
end

-- The lines of a text in HTML, highlighted if pandoc knows the language. It highlights the text as
-- a whole, because a line may be in the middle of a comment.
local function highlight(text, language)
    local lines = {}
    if language then
        local block = pandoc.CodeBlock(text, pandoc.Attr('x', { language, 'numberLines' }))
        local html = pandoc.write(pandoc.Pandoc({ block }), 'html')
        local code = html:match('<code[^>]*>(.*)</code>') .. '\n'
        for line in code:gmatch('<span id="x%-%d+"><a href="[^"]*"></a>(.-)</span>\n') do
            lines[#lines + 1] = line
        end
    end
    local plain = split(text)
    if #lines ~= #plain then
        lines = plain
        for number, line in ipairs(plain) do
            lines[number] = escape(line)
        end
    end
    return lines
end

local function language_of(path, text)
    local name = path:match('[^/]*$')
    local script = text:match('^#!%C*')
    return LANGUAGES[name:match('[^.]*$')] or
        script and (script:find('awk') and 'awk' or script:find('sh') and 'bash') or nil
end

-- The file at a path relative to the repository's root; its lines are nil if it isn't text.
local function file(path)
    if files[path] then
        return files[path]
    end
    local handle = io.open('../' .. path, 'rb') or fault('there is no file ' .. path)
    local text = handle:read('a') -- nil for a folder
    handle:close()
    local found = { path = path, id = path:gsub('/', '-') }
    if text and text ~= '' and not text:find('\0', 1, true) then
        found.lines = highlight(text, language_of(path, text))
    end
    files[path] = found
    return found
end

local function show(found)
    if not found.shown then
        found.shown = true
        files[#files + 1] = found
    end
end

-- A link's target: the path relative to the root, the fragment, and the lines that it names. Nil
-- if it leads out of the repository, or to a place on this page.
local function resolve(target)
    if target:match('^%a[%w+.-]*:') or target:match('^#') or target:match('^//') then
        return nil
    end
    local path, fragment = target:match('^([^#]*)(.*)$')
    path = folder .. '/' .. path
    local changes
    repeat
        path, changes = path:gsub('[^/]+/%.%./', '', 1)
    until changes == 0
    local first, last = fragment:match('^#L(%d+)%-?L?(%d*)$')
    first = tonumber(first)
    return path, fragment, first, tonumber(last) or first
end

-- The file, which must contain the lines.
local function file_with(path, first, last)
    local found = file(path)
    if not found.lines or first < 1 or first > last or last > #found.lines then
        fault(('%s has no lines %d to %d'):format(path, first, last))
    end
    show(found)
    return found
end

-- Code may be wider than its column; with the focus on it, the keyboard scrolls it too.
local function region(label)
    return ('tabindex="0" role="region" aria-label="%s"'):format(escape(label))
end

-- Gives each region of a page a different name.
local function next_region(kind)
    regions[kind] = (regions[kind] or 0) + 1
    return regions[kind] == 1 and kind or ('%s (%d)'):format(kind, regions[kind])
end

local function listing(found, from, to, label, attributes)
    local html = {}
    for number = from, to do
        html[#html + 1] = ('<span %s data-n="%d">%s</span>'):format(attributes(number), number,
            found.lines[number])
    end
    return ('<pre class="numbered" %s><code>%s</code></pre>'):format(region(label),
        table.concat(html, '\n'))
end

-- The link of a paragraph that consists only of a link to lines of a file.
local function caption_of(block)
    local link = block.t == 'Para' and #block.content == 1 and block.content[1]
    if link and link.t == 'Link' then
        local path, _, first, last = resolve(link.target)
        if first then
            return link, path, first, last
        end
    end
end

local function quote(link, path, first, last)
    local found = file_with(path, first, last)
    local from = math.max(1, first - CONTEXT)
    local to = math.min(#found.lines, last + CONTEXT)
    local label = next_region(('%s, lines %d to %d, with context'):format(path, first, last))
    local html = listing(found, from, to, label, function(number)
        return number >= first and number <= last and 'class="quoted"' or 'class="context"'
    end)
    return {
        pandoc.RawBlock('html', '<figure class="quote"><figcaption>'),
        pandoc.Plain({ link }),
        pandoc.RawBlock('html', '</figcaption>' .. html .. '</figure>'),
    }
end

local function fence(block)
    local name = block.classes[1]
    local lines = highlight(block.text, LANGUAGES[name])
    if name == 'console' then
        for number, line in ipairs(lines) do
            lines[number] = line:gsub('^%$ .*', '<span class="command">%0</span>')
        end
    end
    local label = next_region((name == 'console' and 'Console: ' or 'Code: ') .. heading)
    return pandoc.RawBlock('html', ('<pre %s><code>%s</code></pre>'):format(region(label),
        table.concat(lines, '\n')))
end

local function div(class, blocks)
    return pandoc.Div(blocks, pandoc.Attr('', { class }))
end

-- The length of a text's longest line; of a table, if no cell wraps.
local function width_of_text(text)
    local width = 0
    for _, line in ipairs(split(text)) do
        width = math.max(width, utf8.len(line) or #line)
    end
    return width
end

local function width_of_table(block)
    local simple = pandoc.utils.to_simple_table(block)
    local width = 0
    for column, header in ipairs(simple.headers) do
        local widest = width_of_text(pandoc.utils.stringify(header))
        for _, row in ipairs(simple.rows) do
            widest = math.max(widest, width_of_text(pandoc.utils.stringify(row[column])))
        end
        width = width + widest
    end
    return width
end

local function is_figure(block)
    return block.t == 'Para' and #block.content == 1 and block.content[1].t == 'Image'
end

local function is_wide(block)
    if block.t == 'Table' then
        return width_of_table(block) > NARROW
    end
    return block.t == 'CodeBlock'
end

local function has_text(blocks)
    return blocks:find_if(function(block) return block.t ~= 'Header' end) ~= nil
end

-- The layout of a page: the index has its picture beside the text; other pages have their code
-- beside the prose, or one column if they have little code.
local function layout_of(blocks)
    if PANDOC_STATE.input_files[1] == 'README.md' then
        return 'index'
    end
    local count, sections = 0, 0
    for number, block in ipairs(blocks) do
        local following = blocks[number + 1]
        if block.t == 'Header' and block.level == 2 then
            sections = sections + 1
        elseif block.t == 'CodeBlock' and block.classes[1] == 'console' or
            caption_of(block) and following and following.t == 'CodeBlock' then
            count = count + 1
        end
    end
    return count >= FEW and sections <= SPARSE * count and 'beside' or 'alone'
end

-- One row per section, with each quote below the prose that introduces it.
local function one_column(blocks)
    local done, prose = pandoc.List(), pandoc.List()
    local number = 1
    while number <= #blocks do
        local block, following = blocks[number], blocks[number + 1]
        local link, path, first, last = caption_of(block)
        if block.t == 'Header' and has_text(prose) then
            done:insert(div('row', { div('prose', prose) }))
            prose = pandoc.List()
        end
        if link and following and following.t == 'CodeBlock' then
            prose:extend(quote(link, path, first, last))
            number = number + 1 -- the file itself is shown, not the fence
        elseif block.t ~= 'RawBlock' then -- a comment
            prose:insert(block)
        end
        number = number + 1
    end
    done:insert(div('row', { div('prose', prose) }))
    return done
end

-- One row: the first list holds the doors, and the first picture is beside the text.
local function index(blocks)
    local above, below = pandoc.List(), pandoc.List()
    local figure, doors
    for _, block in ipairs(blocks) do
        local prose = figure and below or above
        if not figure and is_figure(block) then
            figure = block
        elseif not doors and block.t == 'BulletList' then
            doors = true
            prose:insert(div('doors', { block }))
        elseif block.t ~= 'RawBlock' then
            prose:insert(block)
        end
    end
    local cells = pandoc.List({ div('prose', above) })
    if figure then
        cells:insert(div('code', { figure }))
        cells:insert(div('prose', below))
    end
    return pandoc.List({ div('row', cells) })
end

-- Puts blocks into rows. A quote, a transcript or a figure is beside the prose around it: from the
-- last heading, or from the paragraph that introduces it, to the next paragraph that introduces
-- one. A wide block has its own row.
local function rows(blocks)
    local done = pandoc.List()
    local prose, code = pandoc.List(), pandoc.List()
    local above_first, above_last = 0, 0 -- prose above this row's first and last quote

    local function end_row()
        if #prose > 0 then
            -- In one column, the code is between the prose before and after it.
            local cells = pandoc.List()
            local above = #code > 0 and above_first or #prose
            if above > 0 then
                cells:insert(div('prose', { table.unpack(prose, 1, above) }))
            end
            if #code > 0 then
                cells:insert(div('code', code))
            end
            if #prose > above then
                cells:insert(div('prose', { table.unpack(prose, above + 1) }))
            end
            done:insert(div('row', cells))
        elseif #code > 0 then
            done:insert(div('wide', code))
        end
        prose, code = pandoc.List(), pandoc.List()
        above_first, above_last = 0, 0
    end

    -- Ends the previous quote's row, or a long text without a quote, except for the last paragraph
    -- and a list below it.
    local function begin_quote()
        local start = #prose
        while start > above_last and prose[start].t ~= 'Para' do
            start = start - 1
        end
        local before = pandoc.List({ table.unpack(prose, 1, start - 1) })
        local ends = #code > 0 and has_text(before) or
            #code == 0 and #pandoc.utils.stringify(pandoc.Div(before)) > FAR
        if start > above_last and ends then
            local introduction = pandoc.List({ table.unpack(prose, start) })
            prose = before
            end_row()
            prose = introduction
        end
    end

    local number = 1
    while number <= #blocks do
        local block, following = blocks[number], blocks[number + 1]
        local link, path, first, last = caption_of(block)
        if link and following and following.t == 'CodeBlock' then
            begin_quote()
            if #code == 0 then
                above_first = #prose
            end
            code:extend(quote(link, path, first, last))
            above_last = #prose
            number = number + 1 -- the file itself is shown, not the fence
        elseif is_figure(block) or block.t == 'CodeBlock' and #prose > 0 then
            begin_quote()
            if #code == 0 then
                above_first = #prose
            end
            code:insert(block)
            above_last = #prose
        elseif block.t ~= 'RawBlock' then -- a comment
            local wide = is_wide(block)
            if wide or block.t == 'Header' and (has_text(prose) or #code > 0) then
                end_row()
            end
            if wide then
                done:insert(div('wide', { block }))
            else
                prose:insert(block)
            end
        end
        number = number + 1
    end
    end_row()
    return done
end

-- Puts the table of contents beside the start of the page, or beside the whole column.
local function add_contents(blocks, headings, layout)
    local items = {}
    for _, block in ipairs(headings) do
        if block.t == 'Header' and block.level == 2 then
            local link = pandoc.Link(block.content, '#' .. block.identifier)
            items[#items + 1] = { pandoc.Plain({ link }) }
        end
    end
    if #items < 2 or layout == 'index' then
        return
    end
    local contents = {
        pandoc.RawBlock('html', '<nav class="contents" aria-label="On this page">'),
        pandoc.BulletList(items),
        pandoc.RawBlock('html', '</nav>'),
    }
    if layout == 'alone' then
        blocks:insert(2, pandoc.Div(contents, pandoc.Attr('', { 'side' })))
        return
    end
    local cells = blocks[1].content
    if #cells == 1 then
        cells:insert(div('code', {}))
    end
    contents = pandoc.List(contents)
    contents:extend(cells[2].content)
    cells[2].content = contents
    blocks[1].content = cells
end

-- The title of a link to a test is the test's name; its text is one inconspicuous word.
local function proof(element)
    if element.title ~= '' then
        element.classes:insert('proof')
        element.attributes['aria-label'] = pandoc.utils.stringify(element) .. ': ' .. element.title
    end
end

local function link(element)
    local path, fragment, first, last = resolve(element.target)
    if not path then
        return nil
    end
    local name = path:match('[^/]*$')
    if pages[name] and path == folder .. '/' .. name then
        element.target = (name == 'README.md' and 'index' or name:gsub('%.md$', '')) ..
            '.html' .. fragment
    elseif first then
        element.target = ('#%s-%d'):format(file_with(path, first, last).id, first)
        proof(element)
    else
        local found = file(path)
        if path:match('%.svg$') then
            return nil
        elseif not found.lines or #found.lines > LONGEST then
            return element.content
        end
        show(found)
        element.target = '#' .. found.id
    end
    return element
end

-- Keeps a link to a test from starting a line.
local function hold_proofs(inlines)
    for number = 2, #inlines do
        local before, element = inlines[number - 1], inlines[number]
        if element.t == 'Link' and element.classes:includes('proof') and
            (before.t == 'Space' or before.t == 'SoftBreak') then
            inlines[number - 1] = pandoc.Str('\u{a0}')
        end
    end
    return inlines
end

-- A picture links to itself. Its size keeps the page from shifting while it loads.
local function image(element)
    if not resolve(element.src) then
        fault('image from another site: ' .. element.src)
    end
    local path = resolve(element.src)
    file(path)
    local width, height = io.open('../' .. path):read('a'):match('viewBox="0 0 (%d+) (%d+)"')
    element.attributes.width, element.attributes.height = width, height
    return pandoc.Link({ element }, element.src)
end

-- Puts what may be wider than the window into a region that scrolls.
local function scroll(class, kind, element)
    local label = next_region(kind .. ': ' .. heading)
    return {
        pandoc.RawBlock('html', ('<div class="%s" %s>'):format(class, region(label))),
        element,
        pandoc.RawBlock('html', '</div>'),
    }
end

-- A browser breaks lines after a hyphen, too: "ls -" and "l".  Words of code stay whole.
local function short(element)
    if utf8.len(element.text) <= SHORT then
        element.classes:insert('short')
        return element
    elseif element.text:find('-', 1, true) then
        local words = escape(element.text):gsub('%S+', function(word)
            return word:find('-', 1, true) and utf8.len(word) <= SHORT and
                '<span class="short">' .. word .. '</span>' or nil
        end)
        return pandoc.RawInline('html', '<code>' .. words .. '</code>')
    end
end

-- In a row that ends early, the last text has the room of the empty cells after it.
local function spread(element)
    for _, body in ipairs(element.bodies) do
        for _, row in ipairs(body.body) do
            local cells = row.cells
            local last = #cells
            while last > 1 and #cells[last].contents == 0 do
                last = last - 1
            end
            if last < #cells then
                cells[last].col_span = #cells - last + 1
                cells[last].alignment = 'AlignLeft'
                row.cells = { table.unpack(cells, 1, last) }
            end
        end
    end
    return element
end

local function whole_files()
    local list = {}
    for _, found in ipairs(files) do
        list[#list + 1] = { pandoc.Plain({ pandoc.Link(pandoc.Code(found.path), '#' .. found.id) }) }
    end
    local blocks = pandoc.List({
        pandoc.Header(2, 'The files', pandoc.Attr('the-files')),
        pandoc.BulletList(list),
    })
    for _, found in ipairs(files) do
        blocks:insert(pandoc.Header(3, pandoc.Code(found.path), pandoc.Attr(found.id)))
        local html = listing(found, 1, #found.lines, found.path, function(number)
            return ('id="%s-%d"'):format(found.id, number)
        end)
        blocks:insert(pandoc.RawBlock('html', html))
    end
    return blocks
end

function Pandoc(doc)
    folder = pandoc.utils.stringify(doc.meta.folder)
    for name in pandoc.utils.stringify(doc.meta.pages):gmatch('%S+') do
        pages[name] = true
    end
    local layout = layout_of(doc.blocks)
    local arrange = { index = index, alone = one_column, beside = rows }
    local blocks = arrange[layout](doc.blocks)
    local done = pandoc.Pandoc(blocks, doc.meta):walk({
        traverse = 'topdown',
        Header = function(element)
            heading = pandoc.utils.stringify(element)
        end,
        CodeBlock = fence,
        Table = function(element)
            return scroll('table', 'Table', spread(element))
        end,
        Para = function(element)
            return is_figure(element) and scroll('figure', 'Figure', element) or nil
        end,
    })
    done = done:walk({ Image = image, Link = link, Code = short, Inlines = hold_proofs })
    local headings = pandoc.List({ table.unpack(doc.blocks) })
    if #files > 0 then
        local whole = whole_files()
        done.meta.files = pandoc.MetaBlocks(whole)
        headings:insert(whole[1])
    end
    add_contents(done.blocks, headings, layout)
    done.meta.layout = layout
    return done
end
