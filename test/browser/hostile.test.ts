import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { Visit, launchChromium, say } from './chromium.ts';

let browser: Browser;
let visit: Visit;
/** Another web site on this machine, and what was asked of it. */
let elsewhere: Server;
let asked: string[];

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

beforeEach(async () => {
  asked = [];
  elsewhere = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.setHeader('Content-Type', 'text/html');
    response.end(`<a href="${visit.parley.url}/">to Parley</a>`);
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  visit = await Visit.begin(browser);
});

afterEach(async () => {
  await visit.end();
  elsewhere.closeAllConnections();
  elsewhere.close();
});

function other(): string {
  return `http://localhost:${(elsewhere.address() as AddressInfo).port}`;
}

interface Danger {
  readonly tags: number;
  readonly handlers: number;
  readonly ids: number;
  readonly links: readonly { protocol: string; rel: string; target: string }[];
}

const lookForDanger = `(() => {
  const prose = document.querySelector('.reply .prose');
  const all = [...prose.querySelectorAll('*')];
  const count = (test) => all.filter(test).length;
  return {
    tags: count((e) => e.matches('script,img,svg,iframe,style,link,form,input,meta,base,math')),
    handlers: count((e) => e.getAttributeNames().some((name) => name.startsWith('on'))),
    ids: count((e) => e.id !== '' || e.hasAttribute('name')),
    links: [...prose.querySelectorAll('a')].map(({ href, rel, target }) => ({
      protocol: new URL(href).protocol, rel, target,
    })),
  };
})()`;

async function shown(text: string) {
  const page = await visit.open();
  const dialogs: string[] = [];
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  await say(page, 'Do your worst');
  const reply = await visit.reply();
  // In pieces, so that every half of it is drawn, too.
  for (let at = 0; at < text.length; at += 40) reply.text(text.slice(at, at + 40));
  reply.finish();
  await page.locator('.reply[data-phase=done]').waitFor({ timeout: 20_000 });
  return { page, dialogs, prose: page.locator('.reply .prose') };
}

it('runs nothing that the model writes, and fetches nothing that it names', async () => {
  const url = other();
  const hostile = [
    `<script>alert(1)</script><script src="${url}/script.js"></script>`,
    `<img src="${url}/a.png" onerror="alert(2)"> <svg onload="alert(3)"><script>alert(4)</script></svg>`,
    `<iframe src="javascript:alert(5)"></iframe><iframe srcdoc="<script>parent.alert(6)</script>"></iframe>`,
    `<style>body { background: url(${url}/style) }</style><link rel="stylesheet" href="${url}/css">`,
    `<form action="${url}/form"><input name="q"><button>Go</button></form>`,
    `<a href="javascript:alert(7)" onclick="alert(8)" id="scroll" name="body">raw</a>`,
    '[js](javascript:alert(9)) [JS](JaVaScRiPt:alert(10)) [data](data:text/html,<script>alert(11)</script>)',
    '[tab](java\tscript:alert(12)) <javascript:alert(13)> [vb](vbscript:alert(14)) [file](file:///etc/passwd)',
    `![leak](${url}/leak.png?secret=1) ![js](javascript:alert(15)) ![d](data:image/svg+xml,<svg/onload=alert(16)>)`,
    `[good](https://example.org/a"onmouseover="alert(17)) [title](https://example.org "x\\" onclick=\\"alert(18)")`,
    '```"><img src=x onerror=alert(19)>\ncode\n```',
    `<meta http-equiv="refresh" content="0;url=${url}/meta"><base href="${url}/">`,
    '<math><mtext><table><mglyph><style><img src=x onerror=alert(20)></style></table></mtext></math>',
    '| a | b |\n|--|--|\n| <img src=x onerror=alert(21)> | [x](javascript:alert(22)) |',
  ].join('\n\n');
  const { page, dialogs, prose } = await shown(hostile);
  for (const link of await prose.locator('a').all()) await link.hover();
  const danger = await page.evaluate<Danger>(lookForDanger);
  expect(danger).toMatchObject({ tags: 0, handlers: 0, ids: 0 });
  expect(danger.links.length).toBeGreaterThan(0);
  for (const link of danger.links) {
    expect(link).toEqual({
      protocol: expect.stringMatching(/^https?:$/),
      rel: 'noopener noreferrer',
      target: '_blank',
    });
  }
  // What was not taken as markup can still be read.
  expect(await prose.innerText()).toContain('<script>alert(1)</script>');
  expect(dialogs).toEqual([]);
  expect(asked).toEqual([]);
  expect(page.url()).toContain(visit.parley.url);
  expect(visit.complaints).toEqual([]);
});

it('would draw nothing harmful even if the markdown renderer let it through', async () => {
  const page = await visit.open();
  const html = [
    `<p onclick="alert(1)" id="scroll">a<script>alert(2)</script><img src="${other()}/x">b</p>`,
    `<a href="javascript:alert(3)">c</a><a href="https://example.org" style="top:0">d</a>`,
  ].join('');
  const drawn = await page.evaluate<string>(`import('/assets/markdown.js').then(({ nodesOf }) => {
    const box = document.createElement('div');
    box.append(...nodesOf(${JSON.stringify(html)}));
    return box.innerHTML;
  })`);
  expect(drawn).toBe(
    '<p dir="auto">ab</p><a dir="auto">c</a>' +
      '<a href="https://example.org" target="_blank" rel="noopener noreferrer" dir="auto">d</a>',
  );
  expect(asked).toEqual([]);
});

it('keeps huge tables, endless words and long code within the page', async () => {
  const table = `${'| a '.repeat(200)}|\n${'|--'.repeat(200)}|\n${`${'| 1 '.repeat(200)}|\n`.repeat(20)}`;
  const text = `${'w'.repeat(3_000)}\n\n${table}\n\n\`\`\`\n${'x'.repeat(3_000)}\n\`\`\`\n\nThe end.`;
  const { page } = await shown(text);
  await page.setViewportSize({ width: 390, height: 844 });
  await page.locator('.prose', { hasText: 'The end.' }).waitFor();
  const widths = await page.evaluate<{ page: number; log: number; table: boolean }>(`({
    page: document.documentElement.scrollWidth,
    log: document.querySelector('#scroll').scrollWidth,
    table: document.querySelector('.table').scrollWidth > 390,
  })`);
  expect(widths.page).toBeLessThanOrEqual(390);
  expect(widths.log).toBeLessThanOrEqual(390);
  expect(widths.table).toBe(true);
});

it.each([
  ['quotes in quotes', '>'.repeat(9_000)],
  ['lists in lists', `${'- '.repeat(9_000)}x`],
  ['stars', '*a '.repeat(12_000)],
  ['underscores', '_a_'.repeat(12_000)],
  ['brackets', '['.repeat(20_000)],
  [
    'a table of short rows',
    `${'|a'.repeat(1_000)}|\n${'|-'.repeat(1_000)}|\n${'|\n'.repeat(2_500)}`,
  ],
  ['blanks', `x${' '.repeat(40_000)}y`],
  ['loose marks', 'x _ _ _ '.repeat(4_000)],
  ['formulas in formulas', `$${'\\sqrt{'.repeat(240)}x${'}'.repeat(240)}$ `.repeat(15)],
  ['formulas side by side', '$x$ '.repeat(9_000)],
  ['a fence without end', `\`\`\`\n${'x'.repeat(30_000)}`],
])('stays usable with %s', async (_name, text) => {
  const page = await visit.open();
  await say(page, 'Do your worst');
  (await visit.reply()).text(text).finish();
  await page.locator('.reply[data-phase=done]').waitFor({ timeout: 20_000 });
  await say(page, 'Still there?');
  (await visit.reply()).text('Still here.').finish();
  await page.locator('.prose', { hasText: 'Still here.' }).waitFor();
  await vi.waitFor(async () => expect(await page.locator('.reply').count()).toBe(2));
});

it('keeps its conversations when a link on another site leads to it', async () => {
  const page = await visit.open();
  await say(page, 'Remember me');
  (await visit.reply()).text('Sure.').finish();
  await page.locator('.prose', { hasText: 'Sure.' }).waitFor();
  await page.goto(other());
  await page.getByRole('link', { name: 'to Parley' }).click();
  await page.locator('.prose', { hasText: 'Sure.' }).waitFor();
  expect(await page.locator('.message .said').allInnerTexts()).toEqual(['Remember me']);
});

it('cannot be shown in a frame of another site', async () => {
  const page = await visit.context.newPage();
  await page.goto(other());
  await page.evaluate(`(async () => {
    const frame = document.createElement('iframe');
    frame.src = ${JSON.stringify(visit.parley.url)};
    document.body.append(frame);
    await new Promise((resolve) => frame.addEventListener('load', resolve));
  })()`);
  expect(page.frames().some((frame) => frame.url().startsWith(visit.parley.url))).toBe(false);
});

it('cannot be written to by another program’s page on the same machine', async () => {
  await visit.end();
  visit = await Visit.begin(browser, { WEB_PASSWORD: 'correct horse' });
  const page = await visit.open();
  await page.getByLabel('Password').fill('correct horse');
  await page.keyboard.press('Enter');
  await page.getByText('What’s on your mind?').waitFor();
  const foreign = await visit.context.newPage();
  // To a browser another port is another origin but the same site: it sends every cookie along.
  await foreign.goto(other().replace('localhost', '127.0.0.1'));
  // What is answered the browser keeps from this page; what was done would be done.
  await foreign.evaluate(`fetch(
    ${JSON.stringify(`${visit.parley.url}/logout`)},
    { method: 'POST', mode: 'no-cors', credentials: 'include' },
  ).catch(() => undefined)`);
  await page.reload();
  await page.getByText('What’s on your mind?').waitFor();
});
