import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Operator } from '../../src/core/instances/operator.ts';
import { overrideStore } from '../fakes/overridden-store.ts';
import { leakCanaries } from '../fakes/leak-canaries.ts';
import { WebWorld } from '../worlds/web-world.ts';
import type { HttpAnswer, Browser } from '../worlds/web-world.ts';

let world: WebWorld;
let ana: Browser;

beforeEach(async () => {
  world = new WebWorld();
  await world.start();
  ana = await world.visitor();
});

afterEach(() => world.end());

interface Listed {
  conversations: { id: string; title: string; at: number; passage?: string }[];
  more: boolean;
}

async function list(browser: Browser, query = ''): Promise<Listed> {
  const answer = await browser.get(`/api/conversations${query}`);
  expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
  return JSON.parse(answer.text) as Listed;
}

async function titles(browser: Browser, query = ''): Promise<string[]> {
  return (await list(browser, query)).conversations.map(({ title }) => title);
}

/** Asks in a conversation of its own, and waits for the answer. */
async function discuss(browser: Browser, question: string): Promise<string> {
  const id = randomUUID();
  const before = world.logged('turn done').length;
  await browser.say(id, question);
  await world.turnsDone(before + 1);
  return id;
}

function rename(browser: Browser, id: string, title: unknown): Promise<HttpAnswer> {
  const headers = { 'Content-Type': 'application/json' };
  const body = JSON.stringify({ title });
  return browser.ask(`/api/conversations/${id}`, { method: 'PATCH', headers, body });
}

function remove(browser: Browser, id: string): Promise<HttpAnswer> {
  return browser.ask(`/api/conversations/${id}`, { method: 'DELETE' });
}

function download(browser: Browser, id: string): Promise<HttpAnswer> {
  return browser.get(`/api/conversations/${id}/export`);
}

describe('the list of conversations', () => {
  it('is one’s own, latest first, called by how they begin or by the name they got', async () => {
    world.answerEverything();
    const first = await discuss(ana, 'Why is the sea salty?\nBriefly.');
    const second = await discuss(ana, 'x'.repeat(100));
    const ben = await world.visitor();
    await discuss(ben, 'Nobody’s business');
    expect(await titles(ana)).toEqual([`${'x'.repeat(59)}…`, 'Why is the sea salty?']);
    await ana.say(first, 'And lakes?');
    await world.turnsDone(4);
    expect((await list(ana)).conversations.map(({ id }) => id)).toEqual([first, second]);
    const named = await rename(ana, first, '  Salt \u0000\n and \u202Ewater ');
    expect(named).toMatchObject({ status: 200, text: '{"title":"Salt and water"}' });
    expect(await titles(ana)).toEqual(['Salt and water', `${'x'.repeat(59)}…`]);
    await rename(ana, first, ' ');
    expect((await titles(ana))[0]).toBe('Why is the sea salty?');

    const { conversations, more } = await list(ana, '?limit=1');
    expect(conversations.map(({ id }) => id)).toEqual([first]);
    expect(more).toBe(true);
    expect((await list(ana, '?limit=2')).more).toBe(false);
    for (const query of ['?limit=0', '?limit=10001', '?limit=x', `?search=${'x'.repeat(201)}`]) {
      expect((await ana.get(`/api/conversations${query}`)).status).toBe(400);
    }
    expect((await world.browser().get('/api/conversations')).status).toBe(401);
  });

  it('finds what was asked and what was answered, and nothing of others', async () => {
    world.answerEverything((question) => `Think of ${question.toUpperCase()} and *barnacles*.`);
    const ships = await discuss(ana, 'ships');
    await discuss(ana, 'trains');
    const ben = await world.visitor();
    await discuss(ben, 'my secret ships');
    expect(await titles(ana, '?search=SHIPS')).toEqual(['ships']);
    const found = await list(ana, '?search=ships%20barnacles');
    expect(found).toEqual({
      conversations: [
        expect.objectContaining({ id: ships, passage: 'Think of SHIPS and *barnacles*.' }),
      ],
      more: false,
    });
    expect(await titles(ana, '?search=secret')).toEqual([]);
  });
});

describe('an export', () => {
  it('is a markdown file with the title’s name', async () => {
    world.answerEverything(() => '**Rivers.**');
    const id = await discuss(ana, 'Why is “the sea” salty? ../☂');
    const { status, headers, text } = await download(ana, id);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/markdown; charset=utf-8',
      'content-disposition': `attachment; filename="conversation.md"; filename*=UTF-8''${encodeURIComponent('Why is “the sea” salty .. ☂.md')}`,
      'x-content-type-options': 'nosniff',
    });
    expect(text).toMatch(/^# Why is “the sea” salty\? ..\/☂\n/);
    expect(text).toMatch(/\n## You · [\d-]{10} [\d:]{5} UTC\n\n```text\nWhy is .*\n```\n/);
    expect(text).toMatch(/\n## Parley · [\d-]{10} [\d:]{5} UTC\n\n\*\*Rivers\.\*\*\n$/);
  });
});

describe('a conversation that is deleted', () => {
  it('is gone, for open pages too, and its running answer ends and counts', async () => {
    const id = randomUUID();
    const page = await ana.open(id);
    await ana.say(id, 'Count to a million');
    await vi.waitFor(() => expect(world.model.answers).toHaveLength(1));
    const [writing] = world.model.answers;
    writing!.write('One, two');
    await vi.waitFor(() => expect(page.growing).toBe('One, two'));
    await ana.say(id, 'And then?');
    const answer = await remove(ana, id);
    expect(answer).toMatchObject({ status: 200, text: '{"gone":3}' });
    expect(writing!.request.signal.aborted).toBe(true);
    await vi.waitFor(() => expect(page.transcript).toEqual([]));
    expect(await list(ana)).toEqual({ conversations: [], more: false });
    expect(world.model.answers).toHaveLength(1);
    expect(world.logged('turn done')).toHaveLength(1);
    expect(world.logged('turn lost to another owner')).toEqual([]);
    expect((await remove(ana, id)).status).toBe(404);
    page.close();
  });

  it('does not go on where its answer does not end in time', async () => {
    world.wrapStore = overrideStore(() => ({ requestStop: () => Promise.resolve(false) }));
    await world.restart();
    const id = randomUUID();
    const page = await ana.open(id);
    await ana.say(id, 'Count to a million');
    await vi.waitFor(() => expect(world.model.answers).toHaveLength(1));
    world.model.answers[0]!.write('One, two');
    await vi.waitFor(() => expect(page.growing).toBe('One, two'));
    expect((await remove(ana, id)).status).toBe(200);
    world.model.answers[0]!.write(' three').end();
    await vi.waitFor(() => expect(page.transcript).toEqual([]));
    expect(page.running).toBeUndefined();
    page.close();
  });
});

it('is for nobody else: an unknown id and another’s are the same', async () => {
  const secret = `Hello ${leakCanaries.words}`;
  world.answerEverything(() => secret);
  const theirs = await discuss(ana, secret);
  const ben = await world.visitor();
  for (const id of [theirs, randomUUID()]) {
    const answers = [await rename(ben, id, 'Mine'), await remove(ben, id), await download(ben, id)];
    for (const { status, text } of answers) {
      expect(status).toBe(404);
      expect(text).toBe('{"error":"There is no such conversation any more."}');
    }
  }
  expect(await titles(ana)).toEqual([secret]);
  expect((await download(ana, theirs)).text).toContain(secret);
  const nobody = world.browser();
  expect((await remove(nobody, theirs)).status).toBe(401);
  expect((await remove(ana, 'x')).status).toBe(400);
});

it('takes no order from another site, and no title that is none', async () => {
  world.answerEverything();
  const id = await discuss(ana, 'Hello');
  const path = `/api/conversations/${id}`;
  const foreign = { 'Sec-Fetch-Site': 'cross-site', 'Content-Type': 'application/json' };
  const orders = [{ method: 'PATCH', body: '{"title":"x"}' }, { method: 'DELETE' }];
  for (const order of orders) {
    expect((await ana.ask(path, { ...order, headers: foreign })).status).toBe(403);
  }
  const plain = {
    method: 'PATCH',
    headers: { 'Content-Type': 'text/plain' },
    body: '{"title":"x"}',
  };
  expect((await ana.ask(path, plain)).status).toBe(415);
  expect((await rename(ana, id, 7)).status).toBe(400);
  expect((await rename(ana, id, 'x'.repeat(5_000))).status).toBe(413);
  expect(await titles(ana)).toEqual(['Hello']);
});

it('is all forgotten with its person', async () => {
  world.answerEverything(() => 'A reply.');
  const id = await discuss(ana, 'Hello');
  await rename(ana, id, 'Mine');
  const [turn] = world.logged('turn done');
  const session = String(turn?.['conversation']).split(':')[1] ?? '';
  const book = { read: () => Promise.resolve([]), record: () => Promise.resolve() };
  const operator = new Operator({ store: world.store, book, secrets: world.secrets });
  expect(await operator.forgetPerson('web', session)).toEqual({ deleted: 2, remaining: 0 });
  expect(await list(ana)).toEqual({ conversations: [], more: false });
  expect((await download(ana, id)).status).toBe(404);
});
