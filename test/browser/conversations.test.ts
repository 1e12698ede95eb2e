import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { Visit, launchChromium, say } from './chromium.ts';

let browser: Browser;
let visit: Visit;

beforeAll(async () => {
  browser = await launchChromium();
});

afterAll(() => browser.close());

beforeEach(async () => {
  visit = await Visit.begin(browser, { MAX_OPEN_QUESTIONS: '200' });
});

afterEach(async () => {
  const { complaints } = visit;
  await visit.end();
  expect(complaints).toEqual([]);
});

async function discuss(page: Page, question: string, answer: string): Promise<void> {
  await page.getByRole('button', { name: 'New conversation' }).click();
  await say(page, question);
  const reply = await visit.reply();
  reply.text(answer);
  reply.finish();
  await page.locator('.reply[data-phase=done]').waitFor();
}

function lists(page: Page, titles: string[]): Promise<void> {
  return vi.waitFor(
    async () => {
      expect(await page.locator('#conversations .name').allInnerTexts()).toEqual(titles);
    },
    { timeout: 10_000 },
  );
}

/** What has the focus, as a screen reader would name it. */
async function focused(page: Page): Promise<string> {
  const element = page.locator(':focus');
  return (await element.getAttribute('aria-label')) ?? (await element.innerText());
}

it('renames, finds, exports and deletes conversations by keyboard, in all tabs', async () => {
  const page = await visit.open();
  await discuss(page, 'Why is the sea salty?', '**Rivers** carry salt.');
  await discuss(page, 'Plan a trip', 'Go to Lisbon.');
  const second = await visit.open();
  for (const tab of [page, second]) await lists(tab, ['Plan a trip', 'Why is the sea salty?']);
  await second.getByRole('link', { name: 'Why is the sea salty?' }).click();
  await second.locator('.reply strong').waitFor();

  await page.getByRole('button', { name: 'Options for Plan a trip' }).press('Enter');
  expect(await focused(page)).toBe('Rename');
  await page.keyboard.press('Escape');
  expect(await focused(page)).toBe('Options for Plan a trip');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Enter');
  await page.keyboard.type('Holidays');
  await page.keyboard.press('Enter');
  for (const tab of [page, second]) await lists(tab, ['Holidays', 'Why is the sea salty?']);
  expect(await focused(page)).toBe('Holidays');
  expect(await page.locator('#title').innerText()).toBe('Holidays');

  const box = page.getByLabel('Search conversations');
  await box.fill('LISBON');
  await lists(page, ['Holidays']);
  expect(await page.locator('.passage').innerText()).toBe('Go to Lisbon.');
  await box.fill('submarine');
  await page.getByText('Nothing found.').waitFor();
  await box.press('Escape');
  await lists(page, ['Holidays', 'Why is the sea salty?']);

  await page.getByRole('button', { name: 'Options for Why is the sea salty?' }).press('Enter');
  await page.keyboard.press('ArrowDown');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.keyboard.press('Enter'),
  ]);
  expect(download.suggestedFilename()).toBe('Why is the sea salty.md');
  expect(await readFile(await download.path(), 'utf8')).toMatch(
    /^# Why is the sea salty\?\n.*## You · .*Why is the sea salty\?.*## Parley · .*\*\*Rivers\*\* carry salt\.\n$/s,
  );

  await page.getByRole('button', { name: 'Options for Why is the sea salty?' }).press('Enter');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: 'Delete this conversation?' }).waitFor();
  await page.keyboard.press('Escape');
  expect(await focused(page)).toBe('Options for Why is the sea salty?');
  await page.keyboard.press('Enter');
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Delete', exact: true }).press('Enter');
  for (const tab of [page, second]) await lists(tab, ['Holidays']);
  expect(await focused(page)).toBe('Holidays');
  // It was open there.
  await second.getByRole('heading', { name: 'New conversation' }).waitFor();
  expect(await second.locator('.message').count()).toBe(0);
  expect(await page.locator('.reply').innerText()).toContain('Go to Lisbon.');
  await page.reload();
  await lists(page, ['Holidays']);
});

it('lists more than a hundred, and finds the title of one that is far down', async () => {
  const page = await visit.open();
  // Before that the browser has no session, and nothing is taken from it.
  await page.getByText('What’s on your mind?').waitFor();
  visit.model.use((reply) => {
    reply.begin();
    reply.text('Yes.');
    reply.finish();
  });
  const ids = await page.evaluate(async () => {
    const made: string[] = [];
    for (let i = 0; i < 105; i += 1) {
      const id = crypto.randomUUID();
      const body = JSON.stringify({ id: crypto.randomUUID(), text: `Question ${i}` });
      const headers = { 'Content-Type': 'application/json' };
      await fetch(`/api/conversations/${id}/messages`, { method: 'POST', headers, body });
      made.push(id);
    }
    return made;
  });
  await page.reload();
  const names = page.locator('#conversations .name');
  await vi.waitFor(async () => expect(await names.count()).toBe(100), 10_000);
  await page.getByRole('button', { name: 'Show all conversations' }).waitFor();
  await page.goto(`${visit.parley.url}/#${ids[0]}`);
  await page.getByRole('heading', { name: 'Question 0', exact: true }).waitFor();
  expect(await names.count()).toBe(105);
});
