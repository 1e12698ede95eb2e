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
  visit = await Visit.begin(browser, {}, { permissions: ['clipboard-read', 'clipboard-write'] });
});

afterEach(async () => {
  const { complaints } = visit;
  await visit.end();
  expect(complaints).toEqual([]);
});

function boxOf(page: Page) {
  return page.getByLabel('Message', { exact: true });
}

/** A conversation that nothing was said in yet. */
async function welcome(path = '/'): Promise<Page> {
  const page = await visit.open(path);
  await page.getByText('What’s on your mind?').waitFor();
  return page;
}

it('sends an opener with one press, and leaves what is written', async () => {
  const page = await welcome();
  await page.getByText('A helpful assistant that keeps it brief.').waitFor();
  await boxOf(page).fill('half a thought');
  const opener = page.getByRole('button', { name: 'Why is the sky blue' });
  const text = await opener.innerText();
  await opener.click();
  (await visit.reply()).text('Scattering.').finish();
  await page.locator('.reply[data-phase=done]').waitFor();
  expect(await page.locator('.said').allInnerTexts()).toEqual([text]);
  expect(await boxOf(page).inputValue()).toBe('half a thought');
  expect(visit.model.requests).toHaveLength(1);
});

it('keeps a draft for each conversation, through a reload, until it is sent', async () => {
  const page = await welcome();
  await say(page, 'First');
  (await visit.reply()).text('One.').finish();
  await page.locator('.reply[data-phase=done]').waitFor();
  await boxOf(page).fill('More on the first');
  await page.getByRole('button', { name: 'New conversation' }).click();
  await page.getByText('What’s on your mind?').waitFor();
  expect(await boxOf(page).inputValue()).toBe('');
  await boxOf(page).fill('Something else');
  await page.reload();
  await vi.waitFor(async () => expect(await boxOf(page).inputValue()).toBe('Something else'));
  await page.getByRole('link', { name: 'First' }).click();
  await page.locator('.reply').waitFor();
  expect(await boxOf(page).inputValue()).toBe('More on the first');
  const second = await visit.open(new URL(page.url()).hash.replace('#', '/#'));
  await second.locator('.reply').waitFor();
  expect(await boxOf(second).inputValue()).toBe('More on the first');
  await boxOf(page).press('Enter');
  await vi.waitFor(async () => expect(await boxOf(second).inputValue()).toBe(''));
  (await visit.reply()).text('Two.').finish();
  await page.locator('.reply[data-phase=done]').nth(1).waitFor();
  await page.reload();
  await page.locator('.reply').nth(1).waitFor();
  expect(await boxOf(page).inputValue()).toBe('');
});

it('keeps what is typed before the server has answered', async () => {
  const page = await visit.context.newPage();
  const held = Promise.withResolvers<void>();
  await page.route('**/api/session', async (route) => {
    await held.promise;
    await route.continue();
  });
  await page.goto(visit.parley.url);
  await boxOf(page).fill('Quick');
  await page.keyboard.press('Enter');
  await page.getByText('Not sent. Parley has not answered yet.').waitFor();
  held.resolve();
  await page.getByText('What’s on your mind?').waitFor();
  expect(await boxOf(page).inputValue()).toBe('Quick');
  expect(await page.getByRole('alert').innerText()).toBe('');
});

it('stops with Escape, but not while an input method composes or the menu is what it closes', async () => {
  const page = await welcome();
  await page.setViewportSize({ width: 390, height: 844 });
  await say(page, 'Count to a million');
  (await visit.reply()).text('One, two');
  await page.locator('.reply .prose', { hasText: 'One, two' }).waitFor();
  const stopped: string[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/stop')) stopped.push(request.url());
  });
  await page.evaluate(`document.querySelector('#text').dispatchEvent(
    new KeyboardEvent('keydown', { key: 'Escape', isComposing: true, bubbles: true }))`);
  await page.getByRole('button', { name: 'Conversations' }).click();
  await page.getByRole('button', { name: 'New conversation' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'New conversation' }).waitFor({ state: 'hidden' });
  expect(stopped).toEqual([]);
  await page.keyboard.press('Escape');
  await page.locator('.reply[data-phase=stopped]').waitFor();
  expect(stopped).toHaveLength(1);
  expect(await replies(page)).toEqual(['One, two']);
});

it('offers to try a failed answer again, and does not show its question twice', async () => {
  const page = await welcome();
  await say(page, 'Is there life on Mars?');
  await (await visit.reply()).text('Perhaps').cut();
  await page.locator('.reply[data-phase=failed]').waitFor({ timeout: 20_000 });
  await page.getByRole('button', { name: 'Try again' }).click();
  const second = await visit.reply();
  second.text('Nobody has found any.').finish();
  await page.locator('.reply[data-phase=done]').waitFor();
  const shows = async () => {
    expect(await page.locator('.said:visible').allInnerTexts()).toEqual(['Is there life on Mars?']);
    expect(await replies(page)).toEqual(['Perhaps', 'Nobody has found any.']);
    await page.getByText('Asked again').waitFor();
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
  };
  await shows();
  await page.reload();
  await page.locator('.reply[data-phase=done]').waitFor();
  await shows();
});

it('takes back what it said of a lost connection once there is one again', async () => {
  const page = await welcome();
  await visit.context.setOffline(true);
  await say(page, 'Hello?');
  await page.getByText('Not sent. Parley cannot be reached.').waitFor();
  await visit.context.setOffline(false);
  await visit.restart();
  await page.getByText('Parley cannot be reached.').waitFor({ state: 'detached' });
  expect(await boxOf(page).inputValue()).toBe('Hello?');
  await boxOf(page).press('Enter');
  (await visit.reply()).text('Here.').finish();
  await page.locator('.reply[data-phase=done]').waitFor();
  expect(await page.locator('.said').allInnerTexts()).toEqual(['Hello?']);
});

it('copies what one wrote, and says when it was', async () => {
  const page = await welcome();
  const before = Date.now();
  await say(page, 'Line one\n  **line** two');
  (await visit.reply()).text('Yes.').finish();
  await page.locator('.reply[data-phase=done]').waitFor();
  await page.getByRole('button', { name: 'Copy message' }).click();
  await vi.waitFor(async () =>
    expect(await page.evaluate<string>('navigator.clipboard.readText()')).toBe(
      'Line one\n  **line** two',
    ),
  );
  const time = page.locator('.message time');
  const at = Date.parse((await time.getAttribute('datetime')) ?? '');
  expect(at).toBeGreaterThanOrEqual(before);
  expect(at).toBeLessThanOrEqual(Date.now());
  expect(await time.innerText()).toMatch(/\d:\d\d/);
  expect(await time.getAttribute('title')).toContain(String(new Date(at).getFullYear()));
});

it.each([1280, 390])('keeps its shape with a long draft, %i pixels wide', async (width) => {
  const page = await welcome();
  await page.setViewportSize({ width, height: 844 });
  await say(page, 'Count to a million');
  const reply = await visit.reply();
  reply.text(Array.from({ length: 60 }, (_, n) => `${n}`).join('\n\n'));
  await page.getByRole('button', { name: 'Stop' }).waitFor();
  const rect = async (selector: string) => (await page.locator(selector).boundingBox())!;
  const below = () =>
    page.evaluate<number>(`(() => {
      const { scrollHeight, scrollTop, clientHeight } = document.querySelector('#scroll');
      return scrollHeight - scrollTop - clientHeight;
    })()`);
  const short = { send: await rect('#send'), text: await rect('#text') };
  await boxOf(page).fill('Two\nlines');
  const two = await rect('#text');
  expect(two.height).toBeGreaterThan(short.text.height);
  await boxOf(page).fill(Array.from({ length: 80 }, (_, n) => `Line ${n} of a draft`).join('\n'));
  const long = { send: await rect('#send'), text: await rect('#text') };
  expect(long.send).toEqual(short.send);
  expect(long.text.width).toBe(short.text.width);
  expect(long.text.height).toBeLessThanOrEqual(338);
  expect(long.text.height).toBeGreaterThan(two.height);
  // Whoever reads the end goes on reading it while the draft grows under it.
  await boxOf(page).press('End');
  await page.keyboard.type(' and more');
  await vi.waitFor(async () => expect(await below()).toBeLessThan(2));
  reply.finish();
  await page.locator('.reply[data-phase=done]').waitFor();
});
