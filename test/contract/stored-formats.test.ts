import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import type { ConversationId } from '../../src/core/domain/conversation.ts';
import type { QuotaMeters, UsageBook } from '../../src/core/ports/usage.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { openRedisStore } from '../../src/stores/redis/redis-store.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { layRedisDown, laySqliteDown, type StoredData, writtenBy } from './stored-formats.ts';
import { textsOf } from './store/store-fixture.ts';

const commit = '369fb11';
/** So that nothing of it is too old, whenever this runs. */
const times = { retentionMs: 1e13, seenMs: 1e13, usageMs: 1e13 };
const lease = { owner: 'new', leaseMs: 60_000 };

const finished = 'slack:T0TEAM:C0MAIN:1793610000.000100' as ConversationId;
const waiting = 'slack:T0TEAM:C0MAIN:1793610060.000100' as ConversationId;
const expired = 'slack:T0TEAM:D0ANN' as ConversationId;
const released = 'slack:T0TEAM:C0SIDE:1793610120.000100' as ConversationId;
const living = 'discord:100000000000000001:200000000000000001:400000000000000001' as ConversationId;
const concluded = 'discord:direct:200000000000000002' as ConversationId;

type AnyStore = Store & { readonly meters: QuotaMeters; readonly usage: UsageBook };

interface Found {
  readonly store: AnyStore;
  readonly written: StoredData;
  readonly close: () => Promise<void>;
}

async function sqlite(): Promise<Found> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-formats-'));
  laySqliteDown(commit, folder);
  const store = await openSqliteStore({ folder, ...times });
  const close = async (): Promise<void> => {
    await store.close();
    rmSync(folder, { recursive: true });
  };
  return { store, written: writtenBy(commit, 'sqlite'), close };
}

async function redis(options: { restarted?: boolean } = {}): Promise<Found> {
  const url = inject('redisUrl');
  const prefix = `test-${randomUUID()}`;
  const client = new Redis(url);
  await layRedisDown(commit, client, prefix, options);
  await client.quit();
  const store = await openRedisStore({ url, prefix, log: recordingLog(), ...times });
  return { store, written: writtenBy(commit, 'redis'), close: () => store.close() };
}

let found: Found;
let store: AnyStore;
let written: StoredData;

function beginWith(open: () => Promise<Found>): void {
  beforeEach(async () => {
    found = await open();
    ({ store, written } = found);
  });
  afterEach(() => found.close());
}

/** Of the store that 369fb11 wrote, which today's code has opened. */
function goesOn(): void {
  it('shows what was said, asked and posted, as it was written', async () => {
    const conversations = Object.entries(written.conversations);
    expect(conversations).toHaveLength(9);
    for (const [id, was] of conversations) {
      const { history, queued, running } = await store.conversationView(id as ConversationId);
      expect(history, id).toMatchObject(was.view.history);
      expect(queued, id).toMatchObject(was.view.queued);
      if (was.view.running === undefined) expect(running, id).toBeUndefined();
      else expect(running, id).toMatchObject(was.view.running);
      expect(await store.participation(id as ConversationId), id).toEqual(was.participation);
    }
  });

  it('knows what else was noted', async () => {
    expect(Object.fromEntries(await store.readPositions('slack'))).toEqual(written.bookmarks.slack);
    expect(Object.fromEntries(await store.readPositions('discord'))).toEqual(
      written.bookmarks.discord,
    );
    expect(await store.recentlyActive('slack', 0)).toEqual(written.active.slack);
    expect(await store.recentlyActive('discord', 0)).toEqual(written.active.discord);
    expect(await store.recentlyActive('web', 0)).toEqual(written.active.web);
    expect(await store.pausedSince()).toBe(written.pausedSince);
    const readings = await store.meters.read(written.meters.map(({ meter }) => meter));
    expect(readings.map(({ used }) => used)).toEqual(written.meters.map(({ used }) => used));
    for (const { renewsInMs } of readings) expect(renewsInMs).toBeGreaterThan(0);
    const usage = await store.usage.read('2026-11-01');
    expect(usage).toHaveLength(written.usage.length);
    expect(usage).toEqual(expect.arrayContaining([...written.usage]));
  });

  it('takes nothing in twice', async () => {
    const again = { stops: false, tokens: 1 };
    for (const [conversation, { view }] of Object.entries(written.conversations)) {
      for (const { id } of [...view.history, ...view.queued, ...(view.running?.messages ?? [])]) {
        const message = { id, conversation: conversation as ConversationId, text: 'Again' };
        const rest = { author: { id: 'U0ANN' }, sentAt: 1, kind: 'question' } as const;
        // The id of a reply is no message's.
        if (view.history.some((entry) => entry.id === id && entry.role === 'assistant')) continue;
        expect(await store.accept({ ...message, ...rest }, again), id).toBe('duplicate');
      }
    }
    const withdrawn = { id: '1793610063.000100', conversation: waiting, author: { id: 'U0BEN' } };
    const rest = { text: 'Never mind', sentAt: 1, kind: 'question' } as const;
    expect(await store.accept({ ...withdrawn, ...rest }, again)).toBe('duplicate');
  });

  it('begins what waited, with all that was asked', async () => {
    const work = await store.claim(waiting, lease);
    expect(textsOf(work!.turn.messages)).toEqual(['First', 'Second']);
    expect(textsOf(work!.history)).toEqual(['Some context.']);
    expect(work!.turn.attempt).toBe(1);
    await store.storeEnding(work!.claim, { outcome: 'done', text: 'An answer.' });
    expect(await store.finish(work!.claim, lease, 3)).toBeUndefined();
    expect(textsOf((await store.conversationView(waiting)).history)).toEqual([
      'Some context.',
      'First',
      'Second',
      'An answer.',
    ]);
  });

  it('goes on in the pages of a turn that was cut off, then with what came meanwhile', async () => {
    const work = await store.claim(expired, lease);
    const was = written.conversations[expired]!.view.running!;
    expect(work!.turn).toMatchObject({ ...was, attempt: 2, stopRequested: true });
    expect(work!.turn.pages.map(({ id }) => id)).toEqual([
      '1793610101.000100',
      '1793610102.000100',
      undefined,
    ]);
    expect((await store.renew([work!.claim], lease)).stopping).toEqual([work!.claim]);
    await store.savePage(work!.claim, { ...was.pages[2]!, id: '1793610103.000100' });
    await store.storeEnding(work!.claim, { outcome: 'stopped', text: 'One.', note: 'Stopped.' });
    const next = await store.finish(work!.claim, lease, 3);
    expect(textsOf(next!.turn.messages)).toEqual(['Are you there?']);
    expect(next!.turn.pages).toEqual([]);
    expect(textsOf(next!.history)).toEqual(['Write a lot.', 'One.']);
  });

  it('claims a released turn again, and goes on counting', async () => {
    const work = await store.claim(released, lease);
    expect(work!.turn).toMatchObject({ attempt: 2, pages: [{ source: 'I try' }] });
  });

  it('only shows and finishes a turn with a stored ending', async () => {
    const ended = Object.entries(written.conversations).filter(
      ([, { view }]) => view.running?.ending !== undefined,
    );
    expect(ended).toHaveLength(3);
    for (const [id, { view }] of ended) {
      const was = view.running!;
      const work = await store.claim(id as ConversationId, lease);
      expect(work!.turn).toMatchObject({ ...was, attempt: 2 });
      const next = await store.finish(work!.claim, lease, 3);
      expect(textsOf(next?.turn.messages ?? [])).toEqual(textsOf(view.queued));
      const { history } = await store.conversationView(id as ConversationId);
      expect(history.at(-1)).toMatchObject({ role: 'assistant', ...was.ending });
    }
  });

  it('forgets a conversation and a person', async () => {
    expect(await store.forgetConversation(finished)).toBe(
      written.conversations[finished]!.view.history.length,
    );
    expect((await store.conversationView(finished)).history).toEqual([]);
    // The context that he wrote in `waiting`, and his question there; the other one is at work.
    expect(await store.forgetPerson('slack', 'U0BEN')).toEqual({ deleted: 2, remaining: 1 });
    expect(textsOf((await store.conversationView(waiting)).queued)).toEqual(['First']);
  });

  it('keeps all of it when it tidies', async () => {
    expect(await store.sweep()).toBe(0);
    expect((await store.conversationView(finished)).history).toMatchObject(
      written.conversations[finished]!.view.history,
    );
  });
}

describe(`the embedded store of ${commit}`, () => {
  beginWith(sqlite);
  goesOn();

  it('gives out all that has no end, as whoever was at it is gone', async () => {
    const free = (await store.unclaimed()).map(({ conversation }) => conversation);
    expect(free).toEqual(written.inHand.map(({ conversation }) => conversation));
  });
});

describe(`the shared store of ${commit}, under instances of today`, () => {
  beginWith(redis);
  goesOn();

  it('gives out what nobody is at, and leaves the rest to its owner', async () => {
    expect(await store.unclaimed()).toEqual(written.waiting);
    expect(await store.openConversations()).toEqual(written.inHand);
    expect(await store.claim(living, lease)).toBeUndefined();
    const claim = written.claims[living]!;
    const { lost } = await store.renew([claim], { owner: 'instance-a', leaseMs: 60_000 });
    expect(lost).toEqual([]);
    await store.storeEnding(claim, { outcome: 'done', text: 'Hello!' });
    await store.finish(claim, { owner: 'instance-a', leaseMs: 60_000 }, 1);
    expect(textsOf((await store.conversationView(living)).history)).toEqual(['Hello?', 'Hello!']);
  });

  it('leaves a role to whoever has it', async () => {
    expect(await store.acquireLeadership('discord:1234', lease)).toBe(false);
    expect(await store.acquireLeadership('discord:1234', { ...lease, owner: 'instance-a' })).toBe(
      true,
    );
  });
});

describe(`the shared store of ${commit} in a Redis that was started anew`, () => {
  beginWith(() => redis({ restarted: true }));

  it('looks for a post that may have been made before what waited is begun', async () => {
    const work = await store.claim(waiting, lease);
    expect(textsOf(work!.turn.messages)).toEqual(['First', 'Second']);
    expect(work!.turn.pages).toHaveLength(1);
    expect(work!.turn.pages[0]!.id).toBeUndefined();
  });

  it('has the pages of a turn with a stored ending', async () => {
    const work = await store.claim(concluded, lease);
    expect(work!.turn.pages).toMatchObject(written.conversations[concluded]!.view.running!.pages);
  });
});
