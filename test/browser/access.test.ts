import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { Visit, launchChromium, say } from './chromium.ts';

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
/** Set it to a folder to look at the pages that these tests open. */
const shots = process.env['SHOTS'];
const answer = [
  '## The short of it\n\nThe moon pulls at the **sea**, as [Newton](https://example.org) found.',
  '| Tide | When |\n|:--|--:|\n| Spring | new and full moon |\n| Neap | half moons |',
  '1. Check a table\n2. Mind the `undertow`\n   - it does not care\n\n> The sea abides.',
  '```python\ndef tide(hours):\n    return 1.8 * cos(2 * pi * hours / 12.42)  # metres, on a calm day\n```',
].join('\n\n');

const wide = { width: 1280, height: 820 };
const narrow = { width: 390, height: 844 };

let browser: Browser;
let visit: Visit;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

afterEach(async () => {
  const { complaints } = visit;
  await visit.end();
  expect(complaints).toEqual([]);
});

/** What axe-core finds wrong, one line each. */
function violations(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`(async () => {
    ${axe};
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html));
  })()`);
}

async function shoot(page: Page, name: string): Promise<void> {
  if (shots === undefined) return;
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${name}.png`) });
}

function overflow(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
}

it.each([
  ['wide', 'light', wide],
  ['wide', 'dark', wide],
  ['narrow', 'light', narrow],
  ['narrow', 'dark', narrow],
] as const)('is there for everybody, %s and %s', async (width, colorScheme, viewport) => {
  // Colours that fade in are not yet what axe-core should measure.
  visit = await Visit.begin(browser, {}, { viewport, colorScheme, reducedMotion: 'reduce' });
  const look = async (page: Page, name: string) => {
    await shoot(page, `${width}-${colorScheme}-${name}`);
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBe(0);
  };
  const page = await visit.open();
  await page.getByText('What’s on your mind?').waitFor();
  await look(page, '1-welcome');
  await say(page, 'How do tides work? I live by the sea and keep getting wet feet.');
  const reply = await visit.reply();
  await page.locator('.reply[data-phase=thinking]').waitFor();
  await look(page, '2-thinking');
  reply.text(answer);
  await page.locator('.reply figure').waitFor();
  await say(page, 'And why is it salty?');
  await page.getByText('Answered next').waitFor();
  await look(page, '3-writing');
  reply.finish();
  await (await visit.reply()).text('Rivers').cut();
  await page.locator('.reply[data-phase=failed]').waitFor({ timeout: 20_000 });
  await look(page, '4-failed');
  if (width === 'narrow') {
    await page.getByRole('button', { name: 'Conversations' }).click();
    await page.getByRole('button', { name: 'New conversation' }).waitFor();
    await look(page, '5-menu');
  }
});

it('has a banner with the one line that connects a real model, while none is', async () => {
  visit = await Visit.begin(browser, { OPENAI_BASE_URL: undefined }, { viewport: wide });
  const page = await visit.open();
  await page.getByText('OPENAI_API_KEY=sk-… npm start').waitFor();
  await shoot(page, 'demo');
  expect(await violations(page)).toEqual([]);
});

it('asks for the password, says when it is wrong, and lets out again', async () => {
  visit = await Visit.begin(browser, { WEB_PASSWORD: 'correct horse' }, { colorScheme: 'dark' });
  const page = await visit.open();
  await page.getByLabel('Password').fill('wrong horse');
  await page.keyboard.press('Enter');
  await page.getByText('That is not the password.').waitFor();
  await shoot(page, 'login');
  expect(await violations(page)).toEqual([]);
  await page.getByLabel('Password').fill('correct horse');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByText('What’s on your mind?').waitFor();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByLabel('Password').waitFor();
});

it('can be used with the keyboard alone', async () => {
  visit = await Visit.begin(browser, {}, { viewport: wide });
  const page = await visit.open();
  await page.getByText('What’s on your mind?').waitFor();
  const box = page.getByLabel('Message', { exact: true });
  await vi.waitFor(async () =>
    expect(await box.evaluate('document.activeElement.id')).toBe('text'),
  );
  await page.keyboard.type('One line');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('and another');
  expect(await box.inputValue()).toBe('One line\nand another');
  await page.keyboard.press('Enter');
  const reply = await visit.reply();
  await page.locator('.message').waitFor();
  expect(await page.locator('.message .said').innerText()).toBe('One line\nand another');
  reply.text('Hold on');
  await page.getByRole('button', { name: 'Stop' }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.locator('.reply[data-phase=stopped]').waitFor();
  // From the top: past the skip link, to a new conversation.
  await page.evaluate('document.activeElement.blur()');
  const focused = () => page.evaluate<string>('document.activeElement.textContent.trim()');
  await page.keyboard.press('Tab');
  for (let tabs = 0; tabs < 20 && (await focused()) !== 'New conversation'; tabs += 1) {
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await page.getByText('What’s on your mind?').waitFor();
});

it('leaves Enter to an input method that composes a word', async () => {
  visit = await Visit.begin(browser);
  const page = await visit.open();
  await page.getByText('What’s on your mind?').waitFor();
  await page.getByLabel('Message', { exact: true }).fill('にほん');
  const sent = await page.evaluate<boolean>(`(() => {
    const enter = { key: 'Enter', isComposing: true, bubbles: true, cancelable: true };
    return !document.querySelector('#text').dispatchEvent(new KeyboardEvent('keydown', enter));
  })()`);
  expect(sent).toBe(false);
  expect(await page.getByLabel('Message', { exact: true }).inputValue()).toBe('にほん');
});

it('tells a screen reader what happens, and reads the answer once, when it is whole', async () => {
  visit = await Visit.begin(browser);
  const page = await visit.open();
  await page.getByText('What’s on your mind?').waitFor();
  await page.evaluate(`(() => {
    const element = document.querySelector('#announcer');
    window.said = [];
    new MutationObserver(() => said.push(element.textContent)).observe(element, { childList: true });
  })()`);
  await say(page, 'Say something');
  const reply = await visit.reply();
  await page.locator('.reply[data-phase=thinking]').waitFor();
  for (const words of ['Something ', 'is ', 'said.']) {
    reply.text(words);
    await page.locator('.prose', { hasText: words.trim() }).waitFor();
  }
  reply.finish();
  await page.locator('.reply[data-phase=done]').waitFor();
  const said = await page.evaluate<string[]>('said');
  expect(said).toEqual(['Thinking…', 'Parley is writing.', 'Parley: Something is said.']);
});

it('tells a screen reader why an answer failed, and nothing of the buttons in it', async () => {
  visit = await Visit.begin(browser);
  const page = await visit.open();
  await page.getByText('What’s on your mind?').waitFor();
  const said = page.locator('#announcer');
  await say(page, 'Some code');
  const cut = await visit.reply();
  cut.text('Look:\n\n```py\nx = 1\n```\n');
  await page.locator('.reply figure').waitFor();
  await cut.cut();
  await page.locator('.reply[data-phase=failed]').waitFor({ timeout: 20_000 });
  const note = await page.locator('.reply .note').innerText();
  expect(note).not.toBe('');
  await vi.waitFor(async () =>
    expect(await said.textContent()).toBe(`Parley: Look:\nx = 1\n${note}`),
  );
  const refused = Promise.withResolvers<void>();
  visit.model.use(async (reply) => {
    await refused.promise;
    reply.status(401, { error: { message: 'no', type: 'x' } });
  });
  await say(page, 'Anything');
  await vi.waitFor(async () => expect(await said.textContent()).toBe('Thinking…'));
  refused.resolve();
  await page.locator('.reply[data-phase=failed]').nth(1).waitFor({ timeout: 20_000 });
  const why = await page.locator('.reply .note').nth(1).innerText();
  expect(why).toContain('does not accept my key');
  await vi.waitFor(async () => expect(await said.textContent()).toBe(`Parley: ${why}`));
});

it('gives the focus back to the message box after Take back and Stop', async () => {
  visit = await Visit.begin(browser);
  const page = await visit.open();
  const focused = () => page.evaluate<string>('document.activeElement.id');
  await say(page, 'First');
  (await visit.reply()).text('Well');
  await page.locator('.prose', { hasText: 'Well' }).waitFor();
  await say(page, 'Second');
  await page.getByRole('button', { name: 'Take back' }).press('Enter');
  await page.getByText('Answered next').waitFor({ state: 'detached' });
  expect(await focused()).toBe('text');
  await page.getByRole('button', { name: 'Stop' }).press('Enter');
  await page.locator('.reply[data-phase=stopped]').waitFor();
  expect(await focused()).toBe('text');
});

it('does not move while one reads above, and follows whoever reads the end', async () => {
  visit = await Visit.begin(browser, {}, { viewport: wide });
  const page = await visit.open();
  await say(page, 'Something long');
  const reply = await visit.reply();
  const lines = (from: number) =>
    Array.from({ length: 40 }, (_, n) => `Line ${from + n} of many.`).join('\n\n');
  reply.text(lines(0));
  await page.locator('.prose', { hasText: 'Line 39' }).waitFor();
  const place = () =>
    page.evaluate<{ top: number; below: number }>(`(() => {
      const { scrollTop, scrollHeight, clientHeight } = document.querySelector('#scroll');
      return { top: scrollTop, below: Math.round(scrollHeight - scrollTop - clientHeight) };
    })()`);
  await vi.waitFor(async () => expect((await place()).below).toBeLessThan(2));
  await page.locator('#scroll').hover();
  await page.mouse.wheel(0, -500);
  await vi.waitFor(async () => expect((await place()).below).toBeGreaterThan(400));
  const line = page.getByText('Line 25 of many.').first();
  const before = { ...(await place()), at: (await line.boundingBox())?.y };
  reply.text(`\n\n${lines(40)}`);
  await page.locator('.prose', { hasText: 'Line 79' }).waitFor();
  expect({ top: (await place()).top, at: (await line.boundingBox())?.y }).toEqual({
    top: before.top,
    at: before.at,
  });
  await page.getByRole('button', { name: 'Jump to latest' }).click();
  await vi.waitFor(async () => expect((await place()).below).toBeLessThan(2));
  reply.text(`\n\n${lines(80)}`);
  reply.finish();
  await page.locator('.reply[data-phase=done]').waitFor();
  await vi.waitFor(async () => expect((await place()).below).toBeLessThan(2));
});

it('lets go of the end for whoever scrolls up slowly while text comes', async () => {
  visit = await Visit.begin(browser, {}, { viewport: wide });
  const page = await visit.open();
  await say(page, 'Something long');
  const reply = await visit.reply();
  reply.text(Array.from({ length: 60 }, (_, n) => `Line ${n} of many.`).join('\n\n'));
  await page.locator('.prose', { hasText: 'Line 59' }).waitFor();
  const below = () =>
    page.evaluate<number>(`(() => {
      const { scrollTop, scrollHeight, clientHeight } = document.querySelector('#scroll');
      return scrollHeight - scrollTop - clientHeight;
    })()`);
  await vi.waitFor(async () => expect(await below()).toBeLessThan(2));
  await page.locator('#scroll').hover();
  for (let step = 0; step < 40; step += 1) {
    reply.text(step % 10 === 0 ? '\n\nAnd ' : 'more words ');
    await page.mouse.wheel(0, -8);
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(resolve))');
  }
  await vi.waitFor(async () => expect(await below()).toBeGreaterThan(200), { timeout: 5_000 });
  await page.getByRole('button', { name: 'Jump to latest' }).waitFor();
  reply.finish();
  await page.locator('.reply[data-phase=done]').waitFor();
});

it('keeps code and tables where one has scrolled them while they grow', async () => {
  visit = await Visit.begin(browser, {}, { viewport: wide });
  const page = await visit.open();
  await say(page, 'Something wide');
  const reply = await visit.reply();
  const scrolled = (box: string, by: number) =>
    page.evaluate<number>(`document.querySelector('${box}').scrollLeft ||= ${by}`);
  reply.text(`\`\`\`js\nconst a = ${'x'.repeat(400)};\n`);
  await page.locator('.lines').waitFor();
  expect(await scrolled('.lines', 300)).toBe(300);
  reply.text('let last;\n');
  await page.locator('.lines', { hasText: 'let last' }).waitFor();
  expect(await scrolled('.lines', 0)).toBe(300);
  reply.text(`\`\`\`\n\n| a | b |\n|--|--|\n| ${'w'.repeat(300)} | ${'z'.repeat(300)} |\n`);
  await page.locator('.table td').first().waitFor();
  expect(await scrolled('.table', 200)).toBe(200);
  reply.text('| one more | row |\n');
  await page.locator('.table', { hasText: 'one more' }).waitFor();
  expect(await scrolled('.table', 0)).toBe(200);
  reply.finish();
  await page.locator('.reply[data-phase=done]').waitFor();
});

it('does not move whoever reads above when a long answer ends', async () => {
  visit = await Visit.begin(browser, {}, { viewport: wide });
  const page = await visit.open();
  await say(page, 'Everything');
  const reply = await visit.reply();
  const parts = Array.from({ length: 240 }, (_, n) => {
    // Longer than a page: while it grows it is drawn as two blocks, in the end as one.
    if (n === 7) return `\`\`\`js\n${'let it = be;\n'.repeat(1_000)}\`\`\``;
    if (n % 7 === 0) return `\`\`\`js\n${`let v${n} = ${n};\n`.repeat(8)}\`\`\``;
    if (n % 5 === 0) return Array.from({ length: 10 }, (_, k) => `- item ${n}.${k}`).join('\n');
    return `Paragraph ${n} ${'and so on '.repeat(15)}`;
  });
  reply.text(parts.join('\n\n'));
  await page.locator('.prose', { hasText: 'Paragraph 239' }).waitFor({ timeout: 20_000 });
  await vi.waitFor(async () =>
    expect(await page.locator('.reply .page').count()).toBeGreaterThan(2),
  );
  const line = page.locator('.prose p', { hasText: 'Paragraph 181 ' });
  await page.locator('#scroll').hover();
  await page.mouse.wheel(0, -500);
  await page.getByRole('button', { name: 'Jump to latest' }).waitFor();
  await line.evaluate('(element) => element.scrollIntoView()');
  const place = async () => Math.round((await line.boundingBox())?.y ?? Number.NaN);
  const before = await place();
  reply.finish();
  await page.locator('.reply[data-phase=done]').waitFor({ timeout: 20_000 });
  expect(await page.locator('.reply .page').count()).toBe(1);
  expect(Math.abs((await place()) - before)).toBeLessThanOrEqual(1);
});

it('copies code and whole answers', async () => {
  visit = await Visit.begin(browser, {}, { permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await visit.open();
  await say(page, 'Some code');
  (await visit.reply()).text('Here:\n\n```js\nlet a = 1 < 2;\n```').finish();
  await page.locator('.reply[data-phase=done]').waitFor();
  const copied = () => page.evaluate<string>('navigator.clipboard.readText()');
  await page.getByRole('button', { name: 'Copy code' }).click();
  await vi.waitFor(async () => expect(await copied()).toBe('let a = 1 < 2;'));
  await page.getByRole('button', { name: 'Copy answer' }).click();
  await vi.waitFor(async () => expect(await copied()).toBe('Here:\n\n```js\nlet a = 1 < 2;\n```'));
});

it('remembers the colours that one chose', async () => {
  visit = await Visit.begin(browser, {}, { colorScheme: 'light' });
  const page = await visit.open();
  const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
  const light = await ground();
  await page.getByRole('button', { name: 'Theme: auto' }).click();
  await page.getByRole('button', { name: 'Theme: light' }).click();
  await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
  const dark = await ground();
  expect(dark).not.toBe(light);
  await page.reload();
  expect(await ground()).toBe(dark);
});
