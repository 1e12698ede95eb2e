import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Redis } from 'ioredis';
import type { ConversationId } from '../../src/core/domain/conversation.ts';
import type { HistoryEntry } from '../../src/core/domain/turn.ts';
import type { UsageRow } from '../../src/core/ports/usage.ts';
import {
  alice,
  answer,
  ask,
  context,
  doneEnding,
  eventually,
  mustClaim,
  newConversation,
  question,
  stopOptions,
} from '../contract/store/store-fixture.ts';
import { keyOf, openStore, ownRedis } from '../redis/open-store.ts';

const dayMs = 24 * 60 * 60 * 1_000;

/**
 * What a question needs that waits for 30 days, which is the longest that it may, and what finds it
 * when its author wants to be forgotten.
 */
const longLived = [
  'questions',
  'queue',
  'asking',
  'turn',
  'pages',
  'ready',
  'leased',
  'turns',
  'fence',
  'run',
  'person',
  'open',
];

const used: Omit<UsageRow, 'person'> = {
  day: new Date().toISOString().slice(0, 10),
  platform: 'test',
  workspace: '',
  model: 'a model',
  questions: 1,
  answers: 1,
  inputTokens: 1,
  outputTokens: 1,
  countedTokens: 0,
};

/** Everything in this Redis, as text. */
async function dump(client: Redis): Promise<string> {
  const lines: string[] = [];
  for (const key of await client.keys('*')) {
    const kind = await client.type(key);
    const value =
      kind === 'hash'
        ? await client.hgetall(key)
        : kind === 'zset'
          ? await client.zrange(key, '0', '-1', 'WITHSCORES')
          : await client.get(key);
    lines.push(`${key} = ${JSON.stringify(value)}`);
  }
  return lines.join('\n');
}

describe('what is kept in Redis', () => {
  const ann = { id: 'U-ann', name: 'Ann Example' };
  const ben = { id: 'U-ben', name: 'Ben' };

  it('grows no further in a conversation that never ends', async () => {
    const server = await ownRedis();
    const { store, prefix } = await openStore(server.url);
    const c = newConversation();
    const entry = (i: number): HistoryEntry => ({
      id: `${i}`,
      role: 'user',
      text: 'x',
      at: i,
      tokens: 1,
    });
    await store.addEarlierHistory(
      c,
      Array.from({ length: 1_500 }, (_, i) => entry(i)),
    );
    for (const name of ['entries', 'order'] as const) {
      const key = await keyOf(server, prefix, name);
      const size = name === 'order' ? server.client().zcard(key) : server.client().hlen(key);
      expect(await size).toBe(1_000);
      expect(await server.client().pttl(key)).toBeGreaterThan(0);
    }
    expect((await store.conversationView(c)).history.at(-1)).toEqual(entry(1_499));
  });

  it('has nothing of a conversation that was forgotten', async () => {
    const server = await ownRedis();
    const { store } = await openStore(server.url);
    const c = newConversation();
    await ask(store, question(c, 'A', { opens: true, author: ann }), context(c, 'B'));
    await store.rename(c, ann.id, 'Mine');
    await answer(store, c);
    await ask(store, question(c, 'C', { author: ben }));
    const { claim } = await mustClaim(store, c);
    await store.savePage(claim, { index: 0, key: 'k0', id: 'p0', source: 'On' });
    await ask(store, question(c, 'D', { author: ann }));
    await store.accept(question(c, 'stop', { author: ben }), stopOptions);
    await store.storeEnding(claim, doneEnding);
    await store.finish(claim, alice, 1);
    expect(await dump(server.client())).toContain(c);
    await store.forgetConversation(c);
    const left = await dump(server.client());
    for (const what of [c, 'Mine']) expect(left).not.toContain(what);
  });

  it('has nothing of a person who was forgotten but the ids of their messages', async () => {
    const server = await ownRedis();
    const { store } = await openStore(server.url);
    const [c, other] = [newConversation(), newConversation()];
    for (const each of [c, other]) {
      await ask(
        store,
        question(each, 'first', { author: ann, text: 'a secret' }),
        context(each, 'second', { author: ann, text: 'a secret' }),
        question(each, 'third', { author: ben, text: 'no matter' }),
      );
      await answer(store, each);
      await store.rename(each, ann.id, 'a secret');
      await store.usage.record({ ...used, person: `test:${ann.id}`, name: ann.name });
      await ask(store, question(each, 'fourth', { author: ann, text: 'a secret' }));
    }
    for (const what of ['secret', ann.id, ann.name]) {
      expect(await dump(server.client())).toContain(what);
    }
    expect(await store.forgetPerson('test', ann.id)).toEqual({ deleted: 6, remaining: 0 });
    const left = await dump(server.client());
    for (const what of ['secret', ann.id, ann.name]) expect(left).not.toContain(what);
    expect(left).toContain('no matter');
  });

  it('has no question any more that waited for longer than history is kept', async () => {
    const server = await ownRedis();
    const { store, prefix } = await openStore(server.url, { retentionMs: dayMs });
    const [c, other] = [newConversation(), newConversation()];
    await ask(store, question(c, 'A', { author: ann, text: 'a secret' }));
    await server.client().zadd(await keyOf(server, prefix, 'person'), Date.now() - 20 * dayMs, c);
    await ask(store, question(other, 'B', { author: ann, text: 'a secret' }));
    expect(await store.forgetPerson('test', ann.id)).toEqual({ deleted: 2, remaining: 0 });
    expect(await dump(server.client())).not.toContain('secret');
  });

  it('goes by itself when nobody is at work any more, and no question before its time', async () => {
    const server = await ownRedis();
    const { store, prefix } = await openStore(server.url, { retentionMs: dayMs });
    const [waits, runs, ends, left] = Array.from({ length: 4 }, newConversation) as [
      ConversationId,
      ConversationId,
      ConversationId,
      ConversationId,
    ];
    await ask(store, context(waits, 'A'), question(waits, 'B'));
    await ask(store, question(runs, 'A'));
    const { claim } = await mustClaim(store, runs);
    await store.savePage(claim, { index: 0, key: 'k0', id: 'p0', source: 'On' });
    await ask(store, question(runs, 'B'));
    await store.renew([claim], alice);
    await ask(store, question(ends, 'A'));
    await answer(store, ends);
    await store.rename(ends, 'U1', 'The end');
    await store.usage.record({ ...used, person: 'test:U1', name: 'Ann' });
    await ask(store, question(left, 'A'));
    await store.release((await mustClaim(store, left)).claim, { countAttempt: true });
    await store.addEarlierHistory(ends, [{ id: 'x', role: 'user', text: 'x', at: 1, tokens: 1 }]);
    await store.saveReadPositions('test', new Map([['C1', '1']]));
    await store.acquireLeadership('listen', alice);
    await store.checkWritable();
    await store.setPausedSince(1);
    await store.sweep();

    const client = server.client();
    const lives: [string, number][] = [];
    for (const key of await client.keys(`${prefix}:*`)) lives.push([key, await client.pttl(key)]);
    const [, ...exceptions] =
      /Every key but `(\w+)` and `(\w+)` goes by itself/.exec(
        readFileSync('docs/scaling.md', 'utf8'),
      ) ?? [];
    const forEver = lives.filter(([, ms]) => ms <= 0).map(([key]) => key.split(':')[2]);
    // No secret was asked for here.
    expect([...forEver, 'secret']).toEqual(exceptions);
    for (const name of longLived) {
      const those = lives.filter(([key]) => key.split(':')[2] === name);
      expect(those.length, name).toBeGreaterThan(0);
      for (const [key, ms] of those) expect(ms, key).toBeGreaterThan(30 * dayMs);
    }
  });

  it('holds no marks that had their time, though nobody reads them for long', async () => {
    const server = await ownRedis();
    const { store, prefix } = await openStore(server.url, { retentionMs: 500 });
    const marks = Array.from({ length: 300 }, (_, at) => [`C${at}`, '1'] as const);
    await store.saveReadPositions('test', new Map(marks));
    await eventually(async () => {
      await store.saveReadPositions('test', new Map([['C', '1']]));
      for (const name of ['marks', 'marked'] as const) {
        const key = await keyOf(server, prefix, name);
        const size = name === 'marked' ? server.client().zcard(key) : server.client().hlen(key);
        expect(await size).toBe(1);
      }
    });
  });

  it.each(['accept', 'acceptAndClaim'] as const)(
    'is tidied by %s before a person seems to have too many questions open',
    async (step) => {
      const server = await ownRedis();
      const { store, prefix } = await openStore(server.url);
      const options = { stops: false, tokens: 1, mostOpen: 4 };
      const c = newConversation();
      for (let i = 0; i < 12; i += 1) {
        const message = question(c, `${i}`, { author: ann });
        if (step === 'accept') {
          expect(await store.accept(message, options)).toBe('queued');
          await answer(store, c);
          continue;
        }
        const { receipt, work } = await store.acceptAndClaim(message, options, alice);
        expect(receipt).toBe('queued');
        await store.storeEnding(work!.claim, doneEnding);
        await store.finish(work!.claim, alice, 5);
      }
      const key = await keyOf(server, prefix, 'open');
      await eventually(async () => expect(await server.client().zcard(key)).toBeLessThanOrEqual(2));
    },
  );
});
