import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { Visit, launchChromium, replies, say } from './chromium.ts';

let browser: Browser;
let visit: Visit;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

beforeEach(async () => {
  visit = await Visit.begin(browser);
});

afterEach(async () => {
  const { complaints } = visit;
  await visit.end();
  expect(complaints).toEqual([]);
});

function shows(page: Page, texts: (string | RegExp)[]): Promise<void> {
  return vi.waitFor(
    async () => {
      const shown = await replies(page);
      expect(shown).toEqual(
        texts.map((text) => (typeof text === 'string' ? text : expect.stringMatching(text))),
      );
    },
    { timeout: 10_000 },
  );
}

it('shows the reply as it grows, and the same after a reload and in a second tab', async () => {
  const page = await visit.open();
  await say(page, 'Why is the sea salty?');
  const reply = await visit.reply();
  await page.locator('.working', { hasText: 'Thinking…' }).waitFor();
  reply.text('Rivers carry');
  await shows(page, ['Rivers carry']);
  reply.text(' **salt**');
  await shows(page, ['Rivers carry salt']);
  const second = await visit.open();
  await shows(second, ['Rivers carry salt']);
  reply.text(' into it.\n\nThe sun');
  await shows(page, ['Rivers carry salt into it.\n\nThe sun']);
  await page.reload();
  await shows(page, ['Rivers carry salt into it.\n\nThe sun']);
  reply.text(' takes only the water.');
  reply.finish();
  const whole = 'Rivers carry salt into it.\n\nThe sun takes only the water.';
  for (const tab of [page, second]) {
    await shows(tab, [whole]);
    await tab.locator('.reply[data-phase=done]').waitFor();
    expect(await tab.locator('.reply strong').innerText()).toBe('salt');
    expect(await tab.locator('.message').allInnerTexts()).toEqual([
      expect.stringContaining('Why is the sea salty?'),
    ]);
  }
  await page.reload();
  await shows(page, [whole]);
});

it('goes on growing through a code block that is still empty, and names its language', async () => {
  const page = await visit.open();
  await say(page, 'Show me a small web server in Python');
  const reply = await visit.reply();
  const block = page.locator('.reply .code');
  reply.text('Here:\n\n```p');
  await block.locator('figcaption span', { hasText: /^p$/ }).waitFor();
  reply.text('ython\n');
  await block.locator('figcaption span', { hasText: /^python$/ }).waitFor();
  expect(await block.locator('.lines').getAttribute('aria-label')).toBe('Code, python');
  reply.text('print("hi")\n');
  await block.locator('code', { hasText: 'print("hi")' }).waitFor();
  reply.text('print("ho")\n```\n\nThat is all.');
  reply.finish();
  await page.locator('.reply[data-phase=done]').waitFor();
  expect(await block.locator('code').innerText()).toBe('print("hi")\nprint("ho")\n');
  expect(await page.locator('.reply .prose > .page > p').allInnerTexts()).toEqual([
    'Here:',
    'That is all.',
  ]);
  expect(await page.getByRole('button', { name: 'Stop' }).isVisible()).toBe(false);
});

it('stops an answer and keeps what was written', async () => {
  const page = await visit.open();
  await say(page, 'Count to a million');
  const reply = await visit.reply();
  reply.text('One, two, three');
  await shows(page, ['One, two, three']);
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.locator('.reply[data-phase=stopped]').waitFor();
  await shows(page, ['One, two, three']);
  expect(await page.getByRole('button', { name: 'Stop' }).isVisible()).toBe(false);
  await vi.waitFor(() => expect(visit.model.requests[0]?.endedBy).toBe('client'));
});

it('goes on by itself after the server was killed in the middle of an answer', async () => {
  const page = await visit.open();
  await say(page, 'A long story, please');
  const first = await visit.reply();
  first.text('Once upon a time there was a sailor.');
  await shows(page, ['Once upon a time there was a sailor.']);
  visit.parley.kill();
  await page.getByText('Reconnecting…').waitFor();
  await shows(page, ['Once upon a time there was a sailor.']);
  await visit.restart();
  const second = await visit.reply();
  second.text('Another story: a sailor went to sea, and came back an old man.');
  second.finish();
  await shows(page, ['Another story: a sailor went to sea, and came back an old man.']);
  await page.locator('.reply[data-phase=done]').waitFor();
  expect(await page.locator('.message').count()).toBe(1);
  await vi.waitFor(async () => expect(await page.locator('#connection').innerText()).toBe(''));
});

it('shows an answer of 40,000 characters whole', async () => {
  const page = await visit.open();
  await say(page, 'Everything you know');
  const reply = await visit.reply();
  const paragraphs = Array.from({ length: 1_000 }, (_, n) => `${n}. A fact about the number ${n}`);
  const text = paragraphs.join('\n\n').padEnd(40_000, '!');
  for (let at = 0; at < text.length; at += 4_000) reply.text(text.slice(at, at + 4_000));
  reply.finish();
  await page.locator('.reply[data-phase=done]').waitFor({ timeout: 20_000 });
  const read = async () => {
    const items = await page.locator('.reply .prose li').allInnerTexts();
    return items.map((item) => item.trim());
  };
  const whole = paragraphs.map((line) => line.replace(/^\d+\. /, ''));
  expect((await read()).slice(0, 999)).toEqual(whole.slice(0, 999));
  expect((await read()).at(-1)).toMatch(/^A fact about the number 999!+$/);
  await page.reload();
  await vi.waitFor(async () => expect(await read()).toHaveLength(1_000), { timeout: 10_000 });
});

it('keeps a text that could not be sent, with the reason, and sends it once later', async () => {
  const page = await visit.open();
  await page.getByText('What’s on your mind?').waitFor();
  visit.parley.kill();
  await visit.parley.died();
  await say(page, 'Do not lose this');
  await page.getByText('Not sent. Parley cannot be reached.').waitFor();
  expect(await page.getByLabel('Message', { exact: true }).inputValue()).toBe('Do not lose this');
  await visit.restart();
  await page.getByRole('button', { name: 'Send Message' }).click();
  (await visit.reply()).text('Safe.').finish();
  await page.locator('.message').waitFor();
  expect(await page.locator('.message .said').allInnerTexts()).toEqual(['Do not lose this']);
  expect(await page.getByLabel('Message', { exact: true }).inputValue()).toBe('');
  expect(await page.locator('#problem').innerText()).toBe('');
});

it('keeps several conversations, and lists them by how they began', async () => {
  const page = await visit.open();
  await say(page, 'About the sea');
  (await visit.reply()).text('Wet.').finish();
  await shows(page, ['Wet.']);
  await page.getByRole('button', { name: 'New conversation' }).click();
  await page.getByText('What’s on your mind?').waitFor();
  expect(await replies(page)).toEqual([]);
  await say(page, 'About the desert');
  (await visit.reply()).text('Dry.').finish();
  await shows(page, ['Dry.']);
  const list = page.getByRole('navigation', { name: 'Conversations' }).getByRole('link');
  expect(await list.allInnerTexts()).toEqual(['About the desert', 'About the sea']);
  await page.getByRole('link', { name: 'About the sea' }).click();
  await shows(page, ['Wet.']);
  await page.reload();
  await shows(page, ['Wet.']);
});

it('keeps a message where it was written when one goes elsewhere while it is sent', async () => {
  const page = await visit.open();
  await page.getByText('What’s on your mind?').waitFor();
  const gate = Promise.withResolvers<void>();
  await page.route('**/messages', async (route) => {
    await gate.promise;
    await route.continue();
  });
  const asked = page.waitForRequest('**/messages');
  await say(page, 'About the desert');
  await asked;
  const before = page.url();
  await page.getByRole('button', { name: 'New conversation' }).click();
  await page.waitForURL((url) => url.href !== before);
  gate.resolve();
  (await visit.reply()).text('Dry.').finish();
  const link = page.getByRole('link', { name: 'About the desert' });
  await link.waitFor();
  expect(await page.locator('#title').innerText()).toBe('New conversation');
  await link.click();
  await shows(page, ['Dry.']);
  expect(await page.locator('.message .said').allInnerTexts()).toEqual(['About the desert']);
});

it('keeps a question that comes meanwhile, and lets it be taken back', async () => {
  const page = await visit.open();
  await say(page, 'First');
  const first = await visit.reply();
  first.text('Well');
  await shows(page, ['Well']);
  await say(page, 'Second');
  await page.getByText('Answered next').waitFor();
  await page.getByRole('button', { name: 'Take back' }).click();
  await page.getByText('Answered next').waitFor({ state: 'detached' });
  first.finish();
  await page.locator('.reply[data-phase=done]').waitFor();
  expect(await page.locator('.message .said').allInnerTexts()).toEqual(['First']);
});
