import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClaimLost, Rejected, StoreUnavailable } from '../../../../src/core/domain/errors.ts';
import type { Budget } from '../../../../src/core/ports/surface.ts';
import { LiveReply } from '../../../../src/core/reply/live-reply.ts';
import { Pacer } from '../../../../src/core/reply/pacing/pacer.ts';
import type { Ending, PageRecord } from '../../../../src/core/domain/turn.ts';
import { recordingLog } from '../../../fakes/recording-log.ts';
import { FakeSurface } from '../../../fakes/fake-surface.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const done = (text: string): Ending => ({ outcome: 'done', text });

function open(options: { surface?: FakeSurface; pages?: PageRecord[]; pacer?: Pacer } = {}) {
  const surface = options.surface ?? new FakeSurface();
  const log = recordingLog();
  const pacer = options.pacer ?? new Pacer({ log });
  const records = new Map((options.pages ?? []).map((page) => [page.index, page]));
  const lost: unknown[] = [];
  let storeFault: Error | undefined;
  let storeHangs = false;
  let storeMs = 0;
  let saves = 0;
  const reply = new LiveReply({
    surface,
    pacer,
    pageRecords: {
      save: async (page) => {
        saves += 1;
        if (storeMs > 0) {
          await new Promise((resolve) => setTimeout(resolve, storeMs));
          throw new StoreUnavailable('away', 'the store is away');
        }
        if (storeFault !== undefined) throw storeFault;
        if (storeHangs) await new Promise(() => undefined);
        records.set(page.index, page);
      },
      drop: (index) => {
        records.delete(index);
        return Promise.resolve();
      },
    },
    keyOf: (index) => `key.${index}`,
    pages: options.pages ?? [],
    onGivenUp: (reason) => lost.push(reason),
    log,
  });
  let text = '';
  return {
    surface,
    reply,
    records,
    lost,
    log,
    push: (delta: string) => {
      text += delta;
      reply.push(delta);
    },
    end: (ending: Ending = done(text)) => reply.end(ending),
    failStore: (error: Error | undefined) => (storeFault = error),
    hangStore: () => (storeHangs = true),
    /** It fails, and takes so long to. */
    slowStore: (ms: number) => (storeMs = ms),
    saves: () => saves,
  };
}

/** Numbered words, from one up to another. */
function words(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, at) => `${from + at} `).join('');
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('a live reply', () => {
  it('posts the first words at once and edits the same message as it grows', async () => {
    const { surface, push, end } = open();
    push('Hel');
    await pass(20);
    expect(surface.pages).toEqual(['Hel']);
    push('lo wor');
    await pass(20);
    push('ld');
    const ended = end();
    await pass(50);
    await ended;
    expect(surface.seen).toEqual(['Hel', 'Hello wor', 'Hello world']);
  });

  it('skips what is outdated: shows the newest text after a slow edit', async () => {
    const { surface, push } = open();
    push('a');
    await pass(20);
    surface.latencyMs = 1_000;
    push('b');
    await pass(10);
    for (const letter of 'cdefg') push(letter);
    await pass(3_000);
    expect(surface.seen).toEqual(['a', 'ab', 'abcdefg']);
    expect(surface.mostAtOnce).toBe(1);
  });

  it('shows an incomplete last line, and keeps what is open closed', async () => {
    const { surface, push } = open();
    push('This is **bo');
    await pass(20);
    expect(surface.pages).toEqual(['This is **bo**']);
  });

  it('keeps edits of one message apart by the floor of the platform', async () => {
    const surface = new FakeSurface();
    surface.editFloorMs = 250;
    const { push } = open({ surface });
    for (let tick = 0; tick < 100; tick += 1) {
      push('x');
      await pass(10);
    }
    expect(surface.calls.length).toBeGreaterThanOrEqual(4);
    expect(surface.calls.length).toBeLessThanOrEqual(5);
  });

  it('goes on in a next message when the page is full, and finishes the first one before', async () => {
    const surface = new FakeSurface({ limit: 40 });
    const { push, end } = open({ surface });
    push('The first paragraph stands here.\n\n');
    await pass(50);
    push('The second paragraph is next.');
    const ended = end();
    await pass(200);
    await ended;
    expect(surface.pages.map((text) => text.trim())).toEqual([
      'The first paragraph stands here.',
      'The second paragraph is next.',
    ]);
  });

  it('retries with the newest text after a rate limit', async () => {
    const { surface, push } = open();
    push('one');
    await pass(20);
    surface.failNext('edit', { kind: 'rate-limited', retryAfterMs: 5_000 });
    push(' two');
    await pass(100);
    push(' three');
    await pass(4_000);
    expect(surface.pages).toEqual(['one']);
    await pass(1_100);
    expect(surface.seen).toEqual(['one', 'one two three']);
  });

  it('shows the final text even if every try for a while fails', async () => {
    const { surface, push, end } = open();
    push('one');
    await pass(20);
    for (let fault = 0; fault < 5; fault += 1) surface.failNext('edit', { kind: 'failed' });
    push(' two');
    const ended = end();
    await pass(120_000);
    await ended;
    expect(surface.pages).toEqual(['one two']);
  });

  it('lets a hanging call end by its time and then shows the newest text', async () => {
    const { surface, push, end } = open();
    push('one');
    await pass(20);
    surface.failNext('edit', { kind: 'hang' });
    push(' two');
    await pass(100);
    push(' three');
    const ended = end();
    await pass(9_000);
    expect(surface.pages).toEqual(['one']);
    await pass(5_000);
    await ended;
    expect(surface.pages).toEqual(['one two three']);
  });

  it('sends the final text once more after an edit that got no answer', async () => {
    const { surface, push, end } = open();
    push('one');
    await pass(20);
    surface.failNext('edit', { kind: 'failed' });
    push(' two');
    const ended = end();
    await pass(20_000);
    await ended;
    expect(surface.seen).toEqual(['one', 'one two', 'one two']);
  });

  it('finds a post whose answer was lost instead of posting it twice', async () => {
    const { surface, push, end } = open();
    surface.failNext('post', { kind: 'applied-unanswered' });
    push('Hello');
    await pass(5_000);
    push(' world');
    const ended = end();
    await pass(5_000);
    await ended;
    expect(surface.pages).toEqual(['Hello world']);
    expect(surface.calls.filter((call) => call === 'post')).toHaveLength(1);
  });

  it('posts again when the lost post never arrived', async () => {
    const { surface, push, end } = open();
    surface.failNext('post', { kind: 'failed' });
    push('Hello');
    const ended = end();
    await pass(10_000);
    await ended;
    expect(surface.pages).toEqual(['Hello']);
  });

  it('completes by an edit what a post may not show, within the budget of edits', async () => {
    const surface = new FakeSurface();
    surface.postableText = (text) => text.split('https')[0] ?? '';
    surface.budgets = { post: [], edit: [{ key: 'e', burst: 1, perSecond: 0.1 }], remove: [] };
    const { push, end } = open({ surface });
    push('See https://example.com');
    const ended = end();
    await pass(1_000);
    await ended;
    expect(surface.seen).toEqual(['See ', 'See https://example.com']);
  });

  it('stores its intent before a post and the id after it', async () => {
    const { surface, push, records } = open();
    push('Hello');
    await pass(5);
    expect(surface.pages).toEqual([]);
    expect(records.get(0)).toEqual({ index: 0, key: 'key.0', source: 'Hello' });
    await pass(20);
    expect(records.get(0)).toEqual({ index: 0, key: 'key.0', id: 'm1', source: 'Hello' });
  });

  it('posts nothing while its intent cannot be stored, and goes on once it can', async () => {
    const { surface, push, failStore } = open();
    failStore(new StoreUnavailable('away', 'the store is away'));
    push('Hello');
    await pass(3_000);
    expect(surface.pages).toEqual([]);
    failStore(undefined);
    await pass(30_000);
    expect(surface.pages).toEqual(['Hello']);
  });

  it('goes on being shown while the store is away', async () => {
    const { surface, push, failStore } = open();
    push('one');
    await pass(20);
    failStore(new StoreUnavailable('away', 'the store is away'));
    push(' two');
    await pass(5_000);
    push(' three');
    await pass(100);
    expect(surface.pages).toEqual(['one two three']);
  });

  it('goes on at its pace while the store takes its time and fails', async () => {
    const { surface, push, slowStore } = open();
    push('one');
    await pass(1_500);
    const before = surface.calls.length;
    slowStore(3_000);
    for (let word = 0; word < 20; word += 1) {
      push(` ${word}`);
      await pass(500);
    }
    expect(surface.calls.length - before).toBe(20);
  });

  it('goes on over the pages of an earlier attempt while the store is away', async () => {
    const surface = new FakeSurface({ limit: 40 });
    const pages: PageRecord[] = [];
    for (let index = 0; index < 6; index += 1) {
      const [key, source] = [`key.${index}`, `old words of page ${index} `];
      const posted = surface.post({ key, index, text: source }, new AbortController().signal);
      await pass(20);
      pages.push({ index, key, id: await posted, source });
    }
    const { push, slowStore } = open({ surface, pages });
    slowStore(3_000);
    push(words(0, 80));
    await pass(2_500);
    expect(surface.pages.join('')).toContain('0 1 2');
    expect(surface.pages.join(' ')).not.toContain('old words of page 1');
  });

  it('leaves no gap between what is stored of its pages, once the store is back', async () => {
    const surface = new FakeSurface({ limit: 40 });
    const { reply, push, records, slowStore } = open({ surface });
    push(words(0, 3));
    await pass(1_500);
    slowStore(3_000);
    push(words(3, 20));
    await pass(3_200);
    slowStore(0);
    push(words(20, 50));
    await pass(10_000);
    await reply.close();
    const stored = [...records.values()].toSorted((a, b) => a.index - b.index);
    expect(stored.length).toBeGreaterThan(2);
    expect(words(0, 50)).toContain(stored.map(({ source }) => source).join(''));
    expect(stored[0]?.source.startsWith('0 1 2')).toBe(true);
  });

  it('asks the store for nothing more once its end is stored and shown', async () => {
    const { surface, push, end, saves } = open();
    push('Hello');
    await pass(3_000);
    const before = saves();
    push(' world.');
    const ended = end();
    await pass(1_000);
    await ended;
    expect(surface.pages).toEqual(['Hello world.']);
    expect(saves()).toBe(before);
  });

  it('keeps no other one waiting while it is stored', async () => {
    const pacer = new Pacer({ log: recordingLog() });
    const edit: Budget[] = [{ key: 'e', burst: 9, perSecond: 9, oneAtATime: true }];
    const replies = [open({ pacer }), open({ pacer })];
    for (const { surface, push } of replies) {
      surface.budgets = { post: [], edit, remove: [] };
      push('One');
    }
    await pass(1_500);
    const [first, second] = replies;
    first!.hangStore();
    for (const { push } of replies) push(' and two');
    await pass(500);
    expect([first!.surface.pages, second!.surface.pages]).toEqual([
      ['One and two'],
      ['One and two'],
    ]);
  });

  it('stops writing when a person deletes a message of it', async () => {
    const { surface, push, end, lost } = open();
    push('one');
    await pass(20);
    surface.deleteByPerson(0);
    push(' two');
    await pass(50);
    expect(lost).toEqual([expect.objectContaining({ name: 'Rejected', reason: 'removed' })]);
    await expect(end()).rejects.toBeInstanceOf(Rejected);
    await pass(60_000);
    expect(surface.pages).toEqual([]);
  });

  it('stops writing when another owner has the conversation', async () => {
    const { surface, push, lost, failStore } = open();
    failStore(new ClaimLost('somebody else'));
    push('one');
    await pass(50);
    expect(lost).toEqual([expect.any(ClaimLost)]);
    expect(surface.pages).toEqual([]);
  });

  it('stops writing when it hears from the store that another owner has the conversation', async () => {
    const { surface, push, lost, failStore } = open();
    push('one');
    await pass(2_000);
    failStore(new ClaimLost('somebody else'));
    push(' two');
    await pass(1_000);
    push(' three');
    await pass(1_000);
    expect(lost).toEqual([expect.any(ClaimLost)]);
    expect(surface.pages).toEqual(['one two']);
  });

  it('adds the note as its own paragraph', async () => {
    const { surface, push, end } = open();
    push('```js\nlet a');
    const ended = end({ outcome: 'failed', text: '```js\nlet a', note: 'The model stopped.' });
    await pass(100);
    await ended;
    expect(surface.pages).toEqual(['```js\nlet a\n```\n\n_The model stopped._']);
  });

  it('replaces the placeholder with the first words, and removes it when there are none', async () => {
    const { surface, reply, push } = open();
    reply.showPlaceholder('Thinking…');
    await pass(50);
    expect(surface.pages).toEqual(['Thinking…']);
    push('Hello');
    await pass(50);
    expect(surface.pages).toEqual(['Hello']);

    const other = open();
    other.reply.showPlaceholder('Thinking…');
    await pass(50);
    const ended = other.end({ outcome: 'stopped', text: '' });
    await pass(50);
    await ended;
    expect(other.surface.pages).toEqual([]);
  });

  it('lets one reply that is refused not disturb another one', async () => {
    const log = recordingLog();
    const pacer = new Pacer({ log });
    const shared: Budget = { key: 'shared', burst: 100, perSecond: 100 };
    const [a, b] = [open({ pacer }), open({ pacer })];
    for (const { surface } of [a, b]) {
      surface.budgets = { post: [shared], edit: [shared], remove: [shared] };
    }
    a.surface.failNext('post', { kind: 'refused' });
    a.push('no');
    b.push('yes');
    await pass(100);
    expect(a.surface.pages).toEqual([]);
    expect(b.surface.pages).toEqual(['yes']);
  });
});

describe('a live reply whose edits are scarcer than its posts', () => {
  const first = 'The first paragraph stands here, and is of some length.';

  /** Shows the beginning of `first`; the next edit may come a second later. */
  async function begun(budget: Partial<Budget> = {}) {
    const surface = new FakeSurface({ limit: 70 });
    surface.budgets = {
      post: [{ key: 'p', burst: 5, perSecond: 1 }],
      edit: [{ key: 'e', burst: 1, perSecond: 1, ...budget }],
      remove: [],
    };
    const opened = open({ surface });
    opened.push(first.slice(0, 20));
    await pass(20);
    opened.push(first.slice(20, 30));
    await pass(20);
    return opened;
  }

  it('ends a page with its paragraph, and is not changed once more for that', async () => {
    const { surface, push, end, records } = await begun();
    push(`${first.slice(30)}\n\nThe sec`);
    await pass(1_500);
    push('ond one goes on for long enough not to fit.');
    const ended = end();
    await pass(3_000);
    await ended;
    expect(surface.pages).toEqual([first, 'The second one goes on for long enough not to fit.']);
    expect(surface.calls).toEqual(['post', 'edit', 'edit', 'post', 'edit']);
    expect(records.get(0)?.source.trim()).toBe(first);
  });

  it('shows all with its first post, and takes nothing of that away', async () => {
    const surface = new FakeSurface({ limit: 70 });
    const edit = [{ key: 'e', burst: 1, perSecond: 1 }];
    surface.budgets = { post: [{ key: 'p', burst: 5, perSecond: 1 }], edit, remove: [] };
    const { push } = open({ surface });
    push(`${first}\n\nThe`);
    await pass(20);
    expect(surface.pages).toEqual([`${first}\n\nThe`]);
    push(' sec');
    await pass(1_500);
    expect(surface.pages).toEqual([`${first}\n\nThe sec`]);
  });

  it('takes nothing away that people read before a restart', async () => {
    const surface = new FakeSurface({ limit: 70 });
    const edit = [{ key: 'e', burst: 1, perSecond: 1 }];
    surface.budgets = { post: [{ key: 'p', burst: 5, perSecond: 1 }], edit, remove: [] };
    const source = `${first}\n\nThe `;
    const key = 'key.0';
    surface.messages.push({ id: 'm0', key, text: source.trim() });
    const { push } = open({ surface, pages: [{ index: 0, key, id: 'm0', source }] });
    push(source);
    push('sec');
    await pass(1_500);
    expect(surface.pages).toEqual([`${first}\n\nThe sec`]);
  });

  describe.each([
    ['more than a page holds', 'The second one.\n\nAnd a third one of a few words.'],
    ['what a page holds', 'The end.'],
  ])('after a restart, with %s', (_, second) => {
    const sources = [`${first}\n\n`, second];
    const note = 'The model stopped.';

    function restarted() {
      const surface = new FakeSurface({ limit: 90 });
      const pages = sources.map((source, index) => {
        const record = { index, key: `key.${index}`, id: `m${index}`, source };
        surface.messages.push({ id: record.id, key: record.key, text: source.trim() });
        return record;
      });
      return open({ surface, pages });
    }

    it.each([
      ['without a word of a second try', ''],
      ['with a second try that is shorter', 'Other words.'],
    ])('leaves each page as people read it, %s', async (__, words) => {
      const { surface, push, end } = restarted();
      push(words);
      await pass(50);
      const ended = end({ outcome: 'failed', text: sources.join(''), note });
      await pass(1_000);
      await ended;
      expect(surface.pages).toEqual([first, `${second}\n\n_${note}_`]);
      for (const seen of surface.seen) expect(seen.startsWith(`${first}|${second}`)).toBe(true);
    });
  });

  it.each([
    { burst: 100, perSecond: 10 },
    { burst: 1, perSecond: 2 },
  ])('fills a page where there are edits enough: %o', async (budget) => {
    const { surface, push } = await begun(budget);
    push(`${first.slice(30)}\n\nThe sec`);
    await pass(1_500);
    expect(surface.pages).toEqual([`${first}\n\nThe sec`]);
  });

  it('fills it as well where a page is finished in a way of its own', async () => {
    const { surface, push } = await begun();
    Object.assign(surface, {
      streaming: {
        finalBudgets: surface.budgets.edit,
        prepare: () => undefined,
        due: () => undefined,
      },
    });
    push(`${first.slice(30)}\n\nThe sec`);
    await pass(1_500);
    expect(surface.pages).toEqual([`${first}\n\nThe sec`]);
  });
});

describe('a live reply where edits are spent and posts are not', () => {
  const first = 'The first sentence is short. The second one is a little longer.';
  const rest = 'What follows is written while no edit is left.';

  /** Shows `first`, and has no edit left. */
  async function spent(options: { storeAway?: boolean } = {}) {
    const surface = new FakeSurface();
    surface.budgets = {
      post: [{ key: 'p', burst: 5, perSecond: 1 }],
      edit: [{ key: 'e', burst: 1, perSecond: 0.02 }],
      remove: [],
    };
    const opened = open({ surface });
    opened.push('The first sentence is short. The sec');
    await pass(3_000);
    if (options.storeAway) opened.failStore(new StoreUnavailable('away', 'the store is away'));
    opened.push('ond one is a little longer. What follows is wri');
    await pass(3_000);
    return opened;
  }

  it('shows whole sentences, from the first on', async () => {
    const { surface } = await spent();
    expect(surface.seen).toEqual(['The first sentence is short.', first]);
  });

  it('posts what is left as a page of its own instead of waiting', async () => {
    const { surface, push, end, records } = await spent();
    push('tten while no edit is left.');
    const ended = end();
    await pass(100);
    await ended;
    expect(surface.pages).toEqual([first, rest]);
    expect([0, 1].map((index) => records.get(index)?.source).join('')).toBe(`${first} ${rest}`);
  });

  it('says its closing sentence on that page', async () => {
    const { surface, end } = await spent();
    const text = `${first} What follows is wri`;
    const ended = end({ outcome: 'failed', text, note: 'The model stopped.' });
    await pass(100);
    await ended;
    expect(surface.pages).toEqual([first, 'What follows is wri\n\n_The model stopped._']);
  });

  it('does so as well if the text ends during the last edit', async () => {
    const surface = new FakeSurface();
    surface.budgets = {
      post: [{ key: 'p', burst: 5, perSecond: 1 }],
      edit: [{ key: 'e', burst: 1, perSecond: 0.02 }],
      remove: [],
    };
    const { push, end } = open({ surface });
    push('The first sentence is short. The sec');
    await pass(3_000);
    surface.latencyMs = 1_000;
    push('ond one is a little longer. What follows is wri');
    await pass(500);
    push('tten while no edit is left.');
    const ended = end();
    await pass(3_000);
    await ended;
    expect(surface.pages).toEqual([first, rest]);
  });

  it('keeps the slices of both pages, also if the first could not be stored at its time', async () => {
    const { push, end, records, failStore, surface } = await spent({ storeAway: true });
    failStore(undefined);
    push('tten while no edit is left.');
    const ended = end();
    await pass(100);
    await ended;
    expect(surface.pages).toEqual([first, rest]);
    expect([0, 1].map((index) => records.get(index)?.source).join('')).toBe(`${first} ${rest}`);
  });

  it('waits for an edit if the rest may not be posted as it is', async () => {
    const { surface, push, end } = await spent();
    surface.postableText = (text) => text.split('https')[0] ?? '';
    push('tten at https://example.com');
    const ended = end();
    await pass(5_000);
    expect(surface.pages).toEqual([first]);
    await pass(60_000);
    await ended;
    expect(surface.pages).toEqual([`${first} What follows is written at https://example.com`]);
  });

  it('posts an address where the platform takes one that no edit can bring', async () => {
    const { surface, push, end } = await spent();
    surface.postableText = (text, options) =>
      options?.whole ? text : (text.split('https')[0] ?? '');
    surface.failNext('post', { kind: 'rate-limited', retryAfterMs: 1_000 });
    push('tten at https://example.com');
    const ended = end();
    await pass(3_000);
    await ended;
    expect(surface.pages).toEqual([first, 'What follows is written at https://example.com']);
  });

  it('waits for an edit if the platform takes no post there any more', async () => {
    const { surface, push, end, records } = await spent();
    surface.failNext('post', { kind: 'refused' });
    push('tten while no edit is left.');
    const ended = end({ outcome: 'done', text: `${first} ${rest}`, note: 'So far.' });
    await pass(100);
    expect(surface.pages).toEqual([first]);
    await pass(60_000);
    await ended;
    expect(surface.pages).toEqual([`${first} ${rest}\n\n_So far._`]);
    expect([...records.keys()]).toEqual([0]);
  });

  it('waits for one as well if that is so only after a crash', async () => {
    const before = await spent();
    before.push('tten while no edit is left.');
    before.end().catch(() => undefined);
    await pass(5);
    before.reply.abandon(new Error('crash'));
    const { surface } = before;
    surface.failNext('post', { kind: 'refused' });
    const { end, records } = open({ surface, pages: [...before.records.values()] });
    const ended = end(done(`${first} ${rest}`));
    await pass(120_000);
    await ended;
    expect(surface.pages).toEqual([`${first} ${rest}`]);
    expect(records.size).toBe(1);
  });

  it('edits the page where there is an edit left after all', async () => {
    const { surface, push, end } = await spent();
    await pass(46_500);
    push('tten while no edit is left.');
    const ended = end();
    await pass(2_000);
    await ended;
    expect(surface.messages).toHaveLength(1);
  });

  it.each([5, 15])('keeps both pages over a crash %i ms after the end', async (ms) => {
    const before = await spent();
    before.push('tten while no edit is left.');
    before.end().catch(() => undefined);
    await pass(ms);
    before.reply.abandon(new Error('crash'));
    await pass(100);
    const { surface } = before;
    surface.budgets = { post: [], edit: [], remove: [] };
    const { end } = open({ surface, pages: [...before.records.values()] });
    const ended = end(done(`${first} ${rest}`));
    await pass(1_000);
    await ended;
    expect(surface.pages).toEqual([first, rest]);
  });

  it('goes on with a list in the list, and with code in code', async () => {
    for (const [shown, more, pages] of [
      ['Some code:\n\n```ts\nlet a = 1;\nlet b', ' = 2;\n```', ['```ts\nlet b = 2;\n```']],
      ['- one item here\n- two', ' items here', ['- two items here']],
    ] as const) {
      const surface = new FakeSurface();
      surface.budgets = {
        post: [{ key: 'p', burst: 5, perSecond: 1 }],
        edit: [{ key: 'e', burst: 1, perSecond: 0.02 }],
        remove: [],
      };
      const { push, end } = open({ surface });
      push(shown);
      await pass(3_000);
      push(more.slice(0, 2));
      await pass(3_000);
      push(more.slice(2));
      const ended = end();
      await pass(100_000);
      await ended;
      expect(surface.pages.slice(1)).toEqual(surface.messages.length > 1 ? pages : []);
    }
  });
});

describe('a live reply after a crash', () => {
  async function crashed(text: string, limit = 1_000) {
    const before = open({ surface: new FakeSurface({ limit }) });
    before.push(text);
    await pass(2_000);
    before.reply.abandon(new Error('crash'));
    const pages = [...before.records.values()];
    return { surface: before.surface, pages };
  }

  it('leaves what is shown until there is more, then goes on in the same message', async () => {
    const { surface, pages } = await crashed('The old words, quite a few');
    const { push, end } = open({ surface, pages });
    push('The new words');
    await pass(1_000);
    expect(surface.pages).toEqual(['The old words, quite a few']);
    push(' are other ones, and more of them');
    await pass(1_000);
    expect(surface.pages).toEqual(['The new words are other ones, and more of them']);
    const ended = end();
    await pass(1_000);
    await ended;
    expect(surface.messages).toHaveLength(1);
  });

  it('shows a shorter final text too, and removes the pages that are left over', async () => {
    const { surface, pages } = await crashed('First paragraph here.\n\nSecond paragraph.', 30);
    expect(surface.pages).toHaveLength(2);
    const { push, end } = open({ surface, pages });
    push('Short.');
    const ended = end();
    await pass(1_000);
    await ended;
    expect(surface.pages).toEqual(['Short.']);
  });

  it('finds the page whose post was never answered', async () => {
    const surface = new FakeSurface();
    surface.failNext('post', { kind: 'applied-unanswered' });
    const before = open({ surface });
    before.push('Hello');
    await pass(15);
    before.reply.abandon(new Error('crash'));
    const pages = [...before.records.values()];
    expect(pages).toEqual([{ index: 0, key: 'key.0', source: 'Hello' }]);

    const { push, end } = open({ surface, pages });
    push('Hello again, world');
    const ended = end();
    await pass(1_000);
    await ended;
    expect(surface.pages).toEqual(['Hello again, world']);
  });

  it('only shows an ending that was stored', async () => {
    const { surface, pages } = await crashed('Half of it');
    const { end } = open({ surface, pages });
    const ended = end(done('Half of it and the rest'));
    await pass(1_000);
    await ended;
    expect(surface.pages).toEqual(['Half of it and the rest']);
  });
});
