import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { StoreUnavailable } from '../../src/core/domain/errors.ts';
import type { AcceptAndClaimResult } from '../../src/core/ports/store.ts';
import {
  alice,
  answer,
  ask,
  questionOptions,
  bob,
  doneEnding,
  eventually,
  briefLease,
  isWaiting,
  mustClaim,
  newConversation,
  question,
  textsOf,
} from '../contract/store/store-fixture.ts';
import { Keys } from '../../src/stores/redis/keys.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { RedisProxy } from '../redis/proxy.ts';
import { keyOf, openStore, ownRedis } from '../redis/open-store.ts';

/** Fails with `StoreUnavailable` for this reason. */
async function refused(step: Promise<unknown>, reason: string): Promise<void> {
  const error: unknown = await step.catch((e: unknown) => e);
  expect(error).toBeInstanceOf(StoreUnavailable);
  expect((error as StoreUnavailable).reason).toBe(reason);
}

describe('a Redis that goes away', () => {
  it('refuses steps after a while, and goes on with all that it was given', async () => {
    const server = await ownRedis({ appendonly: true });
    const { store, logged } = await openStore(server.url, { patienceMs: 300 });
    const [c, other] = [newConversation(), newConversation()];
    await ask(store, question(c, 'A'));
    const { claim, turn } = await mustClaim(store, c);
    await server.kill9();
    await refused(store.accept(question(other, 'B'), questionOptions), 'away');
    await refused(store.checkWritable(), 'away');
    await refused(store.storeEnding(claim, doneEnding), 'away');
    await server.restart();
    await eventually(() => store.checkWritable());
    expect((await store.conversationView(c)).running).toEqual(turn);
    await store.storeEnding(claim, doneEnding);
    expect(await store.finish(claim, alice, 1)).toBeUndefined();
    expect(await store.accept(question(other, 'B'), questionOptions)).toBe('queued');
    const told = logged.filter(({ level }) => level !== 'debug').map(({ event }) => event);
    expect(told).toContain('redis is away');
    expect(told).toContain('redis is back');
  });

  it('does not fail steps when it is soon back', async () => {
    const server = await ownRedis({ appendonly: true });
    const { store } = await openStore(server.url, { patienceMs: 20_000 });
    const conversations = Array.from({ length: 20 }, newConversation);
    await server.kill9();
    const receipts = conversations.map((c) => store.accept(question(c, 'A'), questionOptions));
    await server.restart();
    expect(await Promise.all(receipts)).toEqual(conversations.map(() => 'queued'));
  });

  it('ends waits for one that hangs, and finds it again', async () => {
    const server = await ownRedis();
    const { store } = await openStore(server.url, { patienceMs: 300 });
    const c = newConversation();
    await ask(store, question(c, 'A'));
    process.kill(server.pid, 'SIGSTOP');
    try {
      await refused(store.claim(c, alice), 'away');
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    // The claim may have been made after all: then it is ours, not lost for a whole lease.
    const work = await eventually(async () => {
      const found = await store.claim(c, alice);
      expect(found).toBeDefined();
      return found!;
    });
    expect(work.turn.attempt).toBe(1);
  });

  it('leaves a connection over which nothing comes', async () => {
    const server = await ownRedis();
    const proxy = await RedisProxy.start(server.port);
    onTestFinished(() => proxy.stop());
    const { store } = await openStore(proxy.url, { patienceMs: 300 });
    proxy.silence();
    await refused(store.checkWritable(), 'away');
    await eventually(() => store.checkWritable());
  });

  it('waits while it is busy with something else', async () => {
    const server = await ownRedis({ args: ['--busy-reply-threshold', '20'] });
    const { store } = await openStore(server.url, { patienceMs: 20_000 });
    const [busy, killer] = [server.client(), server.client()];
    await killer.ping();
    const killed = busy.eval('while true do end', 0).catch((error: unknown) => error);
    await eventually(() => expect(killer.ping()).rejects.toThrow(/BUSY/));
    const receipt = store.accept(question(newConversation(), 'A'), questionOptions);
    await killer.script('KILL');
    expect(await receipt).toBe('queued');
    await killed;
  });

  it('goes on when its scripts were thrown away', async () => {
    const { store } = await openStore(inject('redisUrl'));
    const server = await ownRedis();
    const other = await openStore(server.url);
    for (const each of [store, other.store]) {
      await ask(each, question(newConversation(), 'A'));
    }
    await server.client().script('FLUSH');
    const c = newConversation();
    await ask(other.store, question(c, 'A'));
    expect(textsOf((await mustClaim(other.store, c)).turn.messages)).toEqual(['A']);
  });
});

describe('an answer that is lost', () => {
  const start = async () => {
    const server = await ownRedis();
    const proxy = await RedisProxy.start(server.port);
    onTestFinished(() => proxy.stop());
    const { store, prefix } = await openStore(proxy.url, { patienceMs: 20_000 });
    const direct = await openStore(server.url, { prefix });
    return { proxy, store, direct: direct.store };
  };

  it('leaves every step as if it had come', async () => {
    const { proxy, store, direct } = await start();
    const c = newConversation();
    const losing = async <T>(word: string, step: () => Promise<T>): Promise<T> => {
      const lost = proxy.loseAnswerTo(word);
      const result = await step();
      await lost;
      return result;
    };
    // Said to be known, as it is: nobody waits for its answer here, but whoever looks finds it.
    expect(await losing(c, () => store.accept(question(c, 'A'), questionOptions))).toBe(
      'duplicate',
    );
    expect(await isWaiting(direct, c)).toBe(true);
    const first = await losing(c, () => mustClaim(store, c));
    expect(first.turn.attempt).toBe(1);
    const page = { index: 0, key: 'k0', id: 'p0', source: 'Once' };
    await losing(c, () => store.savePage(first.claim, page));
    await losing(c, () => store.release(first.claim, { countAttempt: false }));
    const { claim, turn } = await losing(c, () => mustClaim(store, c, bob));
    expect([turn.attempt, turn.pages]).toEqual([1, [page]]);
    expect(await losing(c, () => store.renew([claim], bob))).toEqual({
      lost: [],
      stopping: [],
    });
    await losing(c, () => store.storeEnding(claim, doneEnding));
    await ask(direct, question(c, 'B', { sentAt: 1_800_000_000_000 }));
    const next = await losing(c, () => store.finish(claim, bob, 1));
    expect(textsOf(next!.turn.messages)).toEqual(['B']);
    expect(next!.turn.attempt).toBe(1);
    expect(textsOf((await direct.conversationView(c)).history)).toEqual(['A', doneEnding.text]);
    await store.storeEnding(next!.claim, doneEnding);
    expect(await losing(c, () => store.finish(next!.claim, bob, 1))).toBeUndefined();
    expect(textsOf((await direct.conversationView(c)).history)).toEqual([
      'A',
      doneEnding.text,
      'B',
      doneEnding.text,
    ]);
  });

  it('leaves a question with whoever took it in and claimed it', async () => {
    const { proxy, store, direct } = await start();
    const c = newConversation();
    const lost = proxy.loseAnswerTo(c);
    const { receipt, work } = await store.acceptAndClaim(question(c, 'A'), questionOptions, alice);
    await lost;
    expect([receipt, work?.turn.attempt]).toEqual(['duplicate', 1]);
    expect(await isWaiting(direct, c)).toBe(false);
    expect((await direct.renew([work!.claim], alice)).lost).toEqual([]);
    // Another one who hears of the question again has no part in it.
    const twin = await direct.acceptAndClaim(question(c, 'A'), questionOptions, bob);
    expect(twin).toEqual({ receipt: 'duplicate' });
  });

  it('gives a question that is sent again to whoever claimed it, though nobody knew', async () => {
    const server = await ownRedis();
    const { store } = await openStore(server.url, { patienceMs: 300 });
    const c = newConversation();
    process.kill(server.pid, 'SIGSTOP');
    try {
      await refused(store.acceptAndClaim(question(c, 'A'), questionOptions, alice), 'away');
    } finally {
      process.kill(server.pid, 'SIGCONT');
    }
    const { work } = await eventually(() =>
      store.acceptAndClaim(question(c, 'A'), questionOptions, alice),
    );
    expect(work?.turn.attempt).toBe(1);
    expect(textsOf(work!.turn.messages)).toEqual(['A']);
    // Once it is known, it is not given again; nor is what that owner begins after it.
    const again = (): Promise<AcceptAndClaimResult> =>
      store.acceptAndClaim(question(c, 'A'), questionOptions, alice);
    expect(await again()).toEqual({ receipt: 'duplicate' });
    await store.storeEnding(work!.claim, doneEnding);
    await store.finish(work!.claim, alice, 1);
    await ask(store, question(c, 'B'));
    await mustClaim(store, c);
    expect(await again()).toEqual({ receipt: 'duplicate' });
  });
});

describe('a Redis without memory left', () => {
  it('refuses what is new, and lets answers end', async () => {
    const server = await ownRedis();
    const { store } = await openStore(server.url);
    const [c, queued] = [newConversation(), newConversation()];
    await ask(store, question(c, 'A'), question(queued, 'A'));
    const { claim } = await mustClaim(store, c);
    await server.client().config('SET', 'maxmemory', '1');
    await refused(store.accept(question(c, 'B'), questionOptions), 'full');
    await refused(store.acceptAndClaim(question(queued, 'B'), questionOptions, alice), 'full');
    await refused(store.checkWritable(), 'full');
    await store.savePage(claim, { index: 0, key: 'k0', id: 'p0', source: 'An' });
    expect((await store.renew([claim], alice)).lost).toEqual([]);
    await store.storeEnding(claim, doneEnding);
    await store.finish(claim, alice, 1);
    const work = await mustClaim(store, queued);
    await store.release(work.claim, { countAttempt: false });
    await store.sweep();
    await server.client().config('SET', 'maxmemory', '0');
    expect(await store.accept(question(c, 'B'), questionOptions)).toBe('queued');
    expect(textsOf((await store.conversationView(c)).history)).toEqual(['A', doneEnding.text]);
  });
});

describe('a Redis that cannot write to its disk', () => {
  it('refuses what is new at once, and says so, until it can', async () => {
    const server = await ownRedis({ args: ['--save', '3600 1000000'] });
    const { store } = await openStore(server.url, { patienceMs: 60_000 });
    const client = server.client();
    const saved = async (how: 'ok' | 'err'): Promise<void> => {
      await client.bgsave();
      await eventually(async () => {
        expect(await client.info('persistence')).toMatch(`rdb_last_bgsave_status:${how}`);
      });
    };
    // A save cannot take the place of a folder.
    const file = join(server.folder, 'dump.rdb');
    mkdirSync(file);
    await saved('err');
    await expect(
      store.accept(question(newConversation(), 'A'), questionOptions),
    ).rejects.toMatchObject({
      message: 'Redis cannot write to its disk',
      trouble: 'Redis cannot write to its disk',
    });
    await refused(store.checkWritable(), 'away');
    rmdirSync(file);
    await saved('ok');
    expect(await store.accept(question(newConversation(), 'A'), questionOptions)).toBe('queued');
  });
});

describe('a value that is damaged or gone', () => {
  it.each(['queue', 'questions', 'order', 'entries', 'people', 'turn', 'seen'])(
    'makes a message be refused, not lost, when "%s" is something else',
    async (name) => {
      const server = await ownRedis();
      const { store, prefix } = await openStore(server.url);
      const c = newConversation();
      await answerOne(store, c);
      await ask(store, question(c, 'B'));
      await mustClaim(store, c);
      await ask(store, question(c, 'C'));
      const key = await keyOf(server, prefix, name);
      const client = server.client();
      await client.rename(key, 'aside');
      await client.set(key, 'not this');
      await refused(store.accept(question(c, 'D'), questionOptions), 'damaged');
      await client.rename('aside', key);
      expect(await store.accept(question(c, 'D'), questionOptions)).toBe('queued');
    },
  );

  it.each(['asking', 'pages', 'fence'] as const)(
    'keeps a question that nobody can claim because "%s" is something else',
    async (name) => {
      const server = await ownRedis();
      const { store, prefix, logged } = await openStore(server.url);
      const c = newConversation();
      const key = new Keys(prefix).ofConversation(c)[name];
      await server.client().sadd(key, 'not this');
      const admitted = await store.acceptAndClaim(question(c, 'A'), questionOptions, alice);
      expect(admitted).toEqual({ receipt: 'queued' });
      expect(logged.map(({ event }) => event)).toContain('claim failed beside its question');
      expect(await isWaiting(store, c)).toBe(true);
      await server.client().del(key);
      expect(textsOf((await mustClaim(store, c, bob)).turn.messages)).toEqual(['A']);
    },
  );

  it('leaves out what cannot be read, and says so', async () => {
    const server = await ownRedis();
    const { store, prefix, logged } = await openStore(server.url);
    const c = newConversation();
    await answerOne(store, c);
    await ask(store, question(c, 'B'), question(c, 'C'));
    const client = server.client();
    await client.hset(await keyOf(server, prefix, 'entries'), 'A', '{"id":"A","text":');
    await client.hset(await keyOf(server, prefix, 'questions'), 'B', '{"id":7}');
    const { turn, history, claim } = await mustClaim(store, c);
    expect(textsOf(turn.messages)).toEqual(['C']);
    expect(textsOf(history)).toEqual([doneEnding.text]);
    expect(logged.filter(({ level }) => level === 'error')).toHaveLength(2);
    await store.storeEnding(claim, doneEnding);
    expect(await store.finish(claim, alice, 1)).toBeUndefined();
    expect(textsOf((await store.conversationView(c)).history)).toEqual([
      doneEnding.text,
      'C',
      doneEnding.text,
    ]);
  });

  it('drops a turn of which nothing is left, and goes on with the next', async () => {
    const server = await ownRedis();
    const { store, prefix, logged } = await openStore(server.url);
    const c = newConversation();
    await ask(store, question(c, 'A'));
    const first = await mustClaim(store, c);
    await server.client().del(await keyOf(server, prefix, 'questions'));
    await store.release(first.claim, { countAttempt: true });
    await ask(store, question(c, 'B'));
    expect(textsOf((await mustClaim(store, c)).turn.messages)).toEqual(['B']);
    expect(logged.map(({ event }) => event)).toContain('damaged turn dropped');

    const gone = newConversation();
    await ask(store, question(gone, 'A'));
    await server.client().del((await server.client().keys(`*questions:${gone}`))[0]!);
    expect(await store.claim(gone, alice)).toBeUndefined();
    expect(await isWaiting(store, gone)).toBe(false);
  });

  it('keeps a question though the turn before it can be neither read nor dropped', async () => {
    const server = await ownRedis();
    const { store, prefix } = await openStore(server.url);
    const log = recordingLog();
    const leaving = await openStore(server.url, {
      prefix,
      log: { ...log, error: () => void leaving.store.close() },
    });
    const c = newConversation();
    await ask(store, question(c, 'A'));
    const first = await mustClaim(store, c);
    await server.client().del(await keyOf(server, prefix, 'questions'));
    await store.release(first.claim, { countAttempt: true });
    const admitted = await leaving.store.acceptAndClaim(
      question(c, 'B'),
      questionOptions,
      briefLease,
    );
    expect(admitted).toEqual({ receipt: 'queued' });
    expect(log.events.map(({ event }) => event)).toContain('claim failed beside its question');
    const next = await eventually(() => mustClaim(store, c, bob));
    expect(textsOf(next.turn.messages)).toEqual(['B']);
  });

  it('asks again what an evicted turn was about', async () => {
    const server = await ownRedis();
    const { store, prefix } = await openStore(server.url);
    const c = newConversation();
    await ask(store, question(c, 'A'));
    const { claim } = await mustClaim(store, c, briefLease);
    await server.client().del(await keyOf(server, prefix, 'turn'));
    await eventually(async () => expect(await isWaiting(store, c)).toBe(true));
    const again = await mustClaim(store, c, bob);
    expect(textsOf(again.turn.messages)).toEqual(['A']);
    expect(again.claim.fence).toBeGreaterThan(claim.fence);
  });

  it('does not give a fence again when the counter is gone', async () => {
    const server = await ownRedis();
    const { store } = await openStore(server.url);
    const c = newConversation();
    await ask(store, question(c, 'A'));
    const first = await mustClaim(store, c);
    const [counter] = await server.client().keys('*:fence');
    await server.client().del(counter!);
    await store.release(first.claim, { countAttempt: false });
    expect((await mustClaim(store, c)).claim.fence).toBeGreaterThan(first.claim.fence);
  });

  it('does not keep others from being swept', async () => {
    const server = await ownRedis();
    const { store, prefix } = await openStore(server.url, { retentionMs: 1 });
    const [c, other] = [newConversation(), newConversation()];
    await answerOne(store, c);
    await server.client().set(await keyOf(server, prefix, 'people'), 'not this');
    await answerOne(store, other);
    await eventually(async () => {
      await store.sweep();
      expect((await store.conversationView(other)).history).toEqual([]);
    });
  });

  async function answerOne(
    store: Parameters<typeof answer>[0],
    c: ReturnType<typeof newConversation>,
  ): Promise<void> {
    await ask(store, question(c, 'A', { sentAt: 1_600_000_000_000 }));
    await answer(store, c);
  }
});

describe('takeovers', () => {
  it('wait for the last call of whoever had the turn', async () => {
    const { store, prefix } = await openStore(inject('redisUrl'));
    const patient = await openStore(inject('redisUrl'), { prefix, takeoverGraceMs: 60_000 });
    const c = newConversation();
    await ask(store, question(c, 'A'));
    await mustClaim(store, c, briefLease);
    await eventually(async () => expect(await isWaiting(store, c)).toBe(true));
    expect(await isWaiting(patient.store, c)).toBe(false);
    expect(await patient.store.claim(c, bob)).toBeUndefined();
    expect(await store.claim(c, bob)).toBeDefined();
  });
});
