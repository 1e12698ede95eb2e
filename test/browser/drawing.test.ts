import fc from 'fast-check';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { answer } from './answer-arbitrary.ts';
import { Visit, launchChromium, say } from './chromium.ts';

const documents = 320;
/** So many of the documents are cut at every character, the others where tokens may end. */
const wholly = 80;

let browser: Browser;
let visit: Visit;
let page: Page;
/** Problems that the page told the server of. */
let told: string[];

beforeAll(async () => {
  browser = await launchChromium();
  visit = await Visit.begin(browser);
  page = await visit.open();
  await page.getByText('What’s on your mind?').waitFor();
  told = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/api/problems')) told.push(request.postData() ?? '');
  });
  await page.evaluate(prepare);
});

afterAll(async () => {
  await visit.end();
  await browser.close();
});

/** Gives the page `drawn(texts)`: the HTML once it has shown one text behind the other. */
const prepare = `(async () => {
  const { MarkdownView } = await import('/assets/markdown-view.js');
  await import('/assets/vendor/katex/katex.mjs');
  const box = document.createElement('div');
  box.className = 'prose';
  document.querySelector('#log').append(box);
  globalThis.drawn = async (texts) => {
    const element = document.createElement('div');
    element.className = 'page';
    box.replaceChildren(element);
    const blocks = new MarkdownView(element);
    for (const text of texts) blocks.set(text);
    while (element.querySelector('.maths:not([data-written])')) {
      await new Promise((resolve) => setTimeout(resolve));
    }
    const shown = element.cloneNode(true);
    // The worker's colours come when they come.
    for (const span of shown.querySelectorAll('code span')) span.replaceWith(...span.childNodes);
    shown.normalize();
    // Attributes have no order.
    for (const cell of shown.querySelectorAll('.short[align]')) {
      cell.removeAttribute('class');
      cell.className = 'short';
    }
    return shown.innerHTML;
  };
  let one;
  globalThis.growOne = (text) => {
    if (!one?.element.isConnected) {
      const element = document.createElement('div');
      element.className = 'page';
      box.replaceChildren(element);
      one = { element, blocks: new MarkdownView(element) };
    }
    one.blocks.set(text, true);
  };
})()`;

function drawn(texts: readonly string[]): Promise<string> {
  return page.evaluate<string>(`drawn(${JSON.stringify(texts)})`);
}

/** The text as it grows, by tokens of so many characters. */
function growing(text: string, sizes: readonly number[]): string[] {
  const texts: string[] = [];
  for (let at = 0, step = 0; at < text.length; step += 1) {
    at += sizes[step % sizes.length] ?? 1;
    texts.push(text.slice(0, at));
  }
  return texts;
}

async function growsInto(text: string, sizes: readonly number[]): Promise<void> {
  const streamed = await drawn(growing(text, sizes));
  expect(streamed).toBe(await drawn([text]));
  expect(told).toEqual([]);
  expect(visit.complaints).toEqual([]);
}

it('draws any answer that grows, cut at any character, like one that is there at once', async () => {
  await fc.assert(
    fc.asyncProperty(answer, (text) => growsInto(text, [1])),
    { seed: 14, numRuns: wholly, endOnFailure: true },
  );
  await fc.assert(
    fc.asyncProperty(
      answer,
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 8 }),
      growsInto,
    ),
    { seed: 14, numRuns: documents - wholly, endOnFailure: true },
  );
}, 240_000);

const code = [
  'class Handler(Base):',
  '    """One line.',
  '    Another."""',
  '    def run(self, n=42):  # says hello',
  '        return f"<b>{n}</b>"',
];

/** The code in what was drawn last, as HTML. */
function codeDrawn(): Promise<string> {
  return page.locator('#log code').first().innerHTML();
}

it('colours code the same whether it grew or was there at once', async () => {
  const text = ['```py', ...code, '```'].join('\n');
  const nested = `- in a list\n\n  ${text.replaceAll('\n', '\n  ')}`;
  for (const source of [text, nested]) {
    await drawn(growing(source, [3]));
    // The last that gets its colour.
    await page.locator('#log .c-string', { hasText: '</b>"' }).waitFor();
    const streamed = await codeDrawn();
    // Another text in between: what is drawn at once comes from the worker, too.
    await page.reload();
    await page.evaluate(prepare);
    await drawn([source]);
    await vi.waitFor(async () => expect(await codeDrawn()).toBe(streamed));
    expect(streamed).toContain('<span class="c-keyword">class</span>');
    expect(streamed).toContain('<span class="c-comment"># says hello</span>');
    expect(await page.locator('#log code').first().textContent()).toBe(`${code.join('\n')}\n`);
  }
});

it('leaves a selection, the focus and what was scrolled alone while code grows', async () => {
  const long = `    x = "${'wide '.repeat(80)}"  # end`;
  const begin = ['```py', ...code, long, ''].join('\n');
  await page.evaluate(`growOne(${JSON.stringify(begin)})`);
  await page.locator('#log .c-comment', { hasText: '# end' }).waitFor();
  await page.evaluate(`(() => {
    const name = document.querySelector('#log .c-title').firstChild;
    getSelection().setBaseAndExtent(name, 0, name, 7);
    document.querySelector('#log .lines').scrollLeft = 90;
    document.querySelector('#log .copy').focus();
  })()`);
  const state = `({
    selected: getSelection().toString(),
    scrolled: document.querySelector('#log .lines').scrollLeft,
    focused: document.activeElement.className,
  })`;
  const before = await page.evaluate<object>(state);
  expect(before).toEqual({ selected: 'Handler', scrolled: 90, focused: 'copy' });
  await page.evaluate(`growOne(${JSON.stringify(`${begin}y = 1\nprint("more")\n`)})`);
  expect(await page.evaluate(state)).toEqual(before);
  // Whoever selects is not disturbed; afterwards the rest has its colours, too.
  await page.evaluate('getSelection().removeAllRanges()');
  await page.locator('#log .c-string', { hasText: '"more"' }).waitFor();
  expect(await page.evaluate(state)).toEqual({ ...before, selected: '' });
});

/** The contrast of every colour of code to what it stands on, by WCAG. */
const contrasts = `import('/assets/highlight-colours.js').then(({ colours }) => {
  const figure = document.querySelector('#log .code');
  const canvas = document.createElement('canvas').getContext('2d');
  const light = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data]
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = light(getComputedStyle(figure).backgroundColor);
  return Object.fromEntries(colours.map((name) => {
    const span = document.createElement('span');
    span.className = 'c-' + name;
    figure.append(span);
    const ink = light(getComputedStyle(span).color);
    const [high, low] = ink > ground ? [ink, ground] : [ground, ink];
    return [name, (high + 0.05) / (low + 0.05)];
  }));
})`;

it.each(['light', 'dark'] as const)(
  'has readable colours of code when it is %s',
  async (scheme) => {
    await page.emulateMedia({ colorScheme: scheme });
    await drawn(['```diff\n- a\n+ b\n```']);
    const ratios = await page.evaluate<Record<string, number>>(contrasts);
    expect(Object.keys(ratios)).toHaveLength(10);
    expect(Object.entries(ratios).filter(([, ratio]) => ratio < 4.5)).toEqual([]);
  },
);

/** What is typeset of a text, as TeX, and all that can be read of it but for formulas. */
async function formulas(text: string): Promise<{ tex: string[]; rest: string }> {
  await drawn([text]);
  return page.evaluate(`(() => {
    const element = document.querySelector('#log .page').cloneNode(true);
    const found = [...element.querySelectorAll('.maths:has(.katex)')];
    const tex = found.map((formula) => formula.querySelector('annotation').textContent.trim());
    for (const formula of found) formula.replaceWith('∎');
    return { tex, rest: element.textContent.trim() };
  })()`);
}

const raw = String.raw;
const deep = `$${'\\sqrt{'.repeat(250)}x${'}'.repeat(250)}$`;

it.each([
  [
    raw`\(\|a\|_2 \cdot b\) and $f_* \circ g^* = h_*$`,
    [raw`\|a\|_2 \cdot b`, raw`f_* \circ g^* = h_*`],
    '∎ and ∎',
  ],
  [raw`\[ x = \frac{-b}{2a} \]`, [raw`x = \frac{-b}{2a}`], '∎'],
  ['so\n$$\na\n+ b\n$$\nand', ['a\n+ b'], 'so∎and'],
  ['**bold $x*y$ too** the $n$th', ['x*y', 'n'], 'bold ∎ too the ∎th'],
  ['costs $5 and $10, US$5 or $ 6 $', [], 'costs $5 and $10, US$5 or $ 6 $'],
  ['`$x$`', [], '$x$'],
  [raw`C:\Users\_x, my\_name, \( open \[ too`, [], raw`C:\Users\_x, my_name, \( open \[ too`],
  [raw`$\frac{1$ and \(\nosuch{x}\)`, [], raw`$\frac{1$ and \(\nosuch{x}\)`],
  [deep, [], deep],
])('reads the formulas of %j', async (text, tex, rest) => {
  expect(await formulas(text)).toEqual({ tex, rest });
  expect(visit.complaints).toEqual([]);
});

it('knows bold and addresses beside Chinese, and tasks without a bullet', async () => {
  await drawn([
    '1. **第一步：**安装依赖。\n\n详见https://example.com/文档。（https://example.com/a_b）\n\n- [x] done\n- [ ] open',
  ]);
  expect(await page.locator('#log strong').innerText()).toBe('第一步：');
  expect(await page.locator('#log .page a').allInnerTexts()).toEqual([
    'https://example.com/',
    'https://example.com/a_b',
  ]);
  const tasks = page.locator('#log li.task');
  expect(await tasks.allInnerTexts()).toEqual(['☑ done', '☐ open']);
  const bullet = `getComputedStyle(document.querySelector('#log li.task')).listStyleType`;
  expect(await page.evaluate(bullet)).toBe('none');
});

it('draws each block in the direction in which it begins, and code from left to right', async () => {
  await drawn([
    '# כותרת\n\nטקסט `a.b()` כאן.\n\n- נקודה\n\n  ```py\n  a = 1\n  ```\n\n> ציטוט\n\n| שם | ערך |\n|--|--|\n| תפוח | 5 |\n\nEnglish, then עברית.',
  ]);
  const directions = await page.evaluate<Record<string, string[]>>(`(() => {
    const names = ['h3', 'p', 'p code', 'ul', 'li', 'pre', 'blockquote', '.table', 'td'];
    return Object.fromEntries(names.map((name) => [name,
      [...document.querySelectorAll('#log .page ' + name)].map((e) => getComputedStyle(e).direction)]));
  })()`);
  expect(directions).toEqual({
    h3: ['rtl'],
    p: ['rtl', 'rtl', 'rtl', 'ltr'],
    'p code': ['ltr'],
    ul: ['rtl'],
    li: ['rtl'],
    pre: ['ltr'],
    blockquote: ['rtl'],
    '.table': ['rtl'],
    td: ['rtl', 'rtl'],
  });
});

it('breaks a long link in a table, so that the other columns are seen', async () => {
  const link = `https://example.com/${'long/'.repeat(40)}`;
  await page.setViewportSize({ width: 390, height: 844 });
  await drawn([`| Name | Link | Cost |\n|--|--|--|\n| A | ${link} | 5 |`]);
  const fits = await page.evaluate(`(() => {
    const { scrollWidth, clientWidth } = document.querySelector('#log .table');
    return scrollWidth <= clientWidth;
  })()`);
  expect(fits).toBe(true);
});

it('draws an answer anew when a step of it fails, and tells the server once, without words', async () => {
  const other = await visit.open();
  await say(other, 'Tell me a secret');
  const reply = await visit.reply();
  const shows = (text: string) => other.locator('.prose', { hasText: text }).waitFor();
  reply.text('Some secret words');
  await shows('Some secret words');
  await other.evaluate(`CharacterData.prototype.replaceData = (at, count, data) => {
    throw new TypeError('Cannot put "' + data + '" there');
  }`);
  reply.text(' go on');
  await shows('Some secret words go on');
  reply.text(' and on.');
  await shows('and on.');
  reply.finish();
  await other.locator('.reply[data-phase=done]').waitFor();
  expect(await other.locator('.reply .prose').innerText()).toBe('Some secret words go on and on.');
  await vi.waitFor(() => expect(visit.parley.output).toContain('web page reported an error'));
  const lines = visit.parley.output
    .split('\n')
    .filter((line) => line.includes('reported an error'));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/TypeError.*Cannot put … there/);
  expect(visit.parley.output).not.toContain('go on');
  await other.close();
});

it('shows no mark that opens something before there is something to open', async () => {
  const other = await visit.open();
  await other.getByRole('button', { name: 'New conversation' }).click();
  await other.evaluate(`new MutationObserver(() => {
    const text = document.querySelector('.reply .prose')?.textContent ?? '';
    globalThis.seen = (globalThis.seen ?? '') + text + '\\n';
  }).observe(document.querySelector('#log'), { subtree: true, childList: true, characterData: true })`);
  await say(other, 'Be bold');
  const reply = await visit.reply();
  const marks = ['**', '**', ' *', '*', ' `', '`', ' [', '](https://e.org)'];
  const words = ['Bold', ' and', 'it', ' then', 'code', ' or', 'link', '.'];
  for (const [place, mark] of marks.entries()) {
    reply.text(mark);
    const word = words[place] ?? '';
    // Time for the mark to be drawn by itself.
    await other.evaluate(
      'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))',
    );
    reply.text(word);
    await other.locator('.prose', { hasText: word.trim() }).waitFor();
  }
  reply.finish();
  await other.locator('.reply[data-phase=done]').waitFor();
  expect(await other.locator('.reply .prose').innerText()).toBe('Bold and it then code or link.');
  expect(await other.evaluate<string>('seen')).not.toMatch(/[*`[\]]/);
  await other.close();
});

it('colours the code of an answer that is there when the page is loaded', async () => {
  const other = await visit.open();
  await other.getByRole('button', { name: 'New conversation' }).click();
  await say(other, 'Show me a class');
  const reply = await visit.reply();
  reply.text('```py\nclass Handler:\n    pass\n```').finish();
  const keyword = other.locator('.reply .c-keyword', { hasText: 'class' });
  await keyword.waitFor();
  await other.reload();
  await keyword.waitFor();
  await other.close();
});
