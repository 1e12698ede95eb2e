import { describe, expect, inject, it, onTestFinished } from 'vitest';
import {
  ask,
  alice,
  questionOptions,
  eventually,
  mustClaim,
  newConversation,
  question,
  stopOptions,
} from '../contract/store/store-fixture.ts';
import { RedisProxy } from '../redis/proxy.ts';
import { startCluster } from '../redis/cluster.ts';
import { startSentinels } from '../redis/sentinel.ts';
import type { ConversationId } from '../../src/core/domain/conversation.ts';
import type { RedisStore } from '../../src/stores/redis/redis-store.ts';
import { openStore, ownRedis } from '../redis/open-store.ts';

/** What a store's watcher hears. */
function listenTo(store: RedisStore, other: RedisStore) {
  const ready: ConversationId[] = [];
  const stopped: [ConversationId, string][] = [];
  const loads: [string, number][] = [];
  store.channel.watch({
    ready: (conversation) => void ready.push(conversation),
    stop: (conversation, turn) => void stopped.push([conversation, turn]),
    load: (owner, turns) => void loads.push([owner, turns]),
  });
  /** It takes a moment until the first news are heard. */
  const heard = async (): Promise<void> => {
    ready.length = 0;
    await eventually(async () => {
      await ask(other, question(newConversation(), 'A'));
      expect(ready).not.toEqual([]);
    });
    // What was asked meanwhile is heard before this.
    const last = newConversation();
    await ask(other, question(last, 'A'));
    await eventually(() => expect(ready).toContain(last));
    ready.length = 0;
  };
  return { ready, stopped, loads, heard };
}

describe('news', () => {
  it('tell at once what another instance has to do, and what is to end', async () => {
    const { store, prefix } = await openStore(inject('redisUrl'));
    const { store: other } = await openStore(inject('redisUrl'), { prefix });
    const stranger = await openStore(inject('redisUrl'));
    const { ready, stopped, loads, heard } = listenTo(store, other);
    await heard();
    await stranger.store.channel.publishLoad('stranger', 9);
    await other.channel.publishLoad('other', 3);
    await eventually(() => expect(loads).toEqual([['other', 3]]));
    const [c, foreign] = [newConversation(), newConversation()];
    await ask(stranger.store, question(foreign, 'A'));
    await ask(other, question(c, 'A'));
    await eventually(() => expect(ready).toEqual([c]));

    const { claim } = await mustClaim(other, c);
    await ask(other, question(c, 'B'));
    await store.accept(question(c, 'stop'), stopOptions);
    await eventually(() => expect(stopped).toEqual([[c, claim.turn]]));
    await other.requestStop(c);
    await eventually(() => expect(stopped).toHaveLength(2));
    // What is handed over is news; what failed, and what its owner knows of, is not.
    await other.acceptAndClaim(question(newConversation(), 'A'), questionOptions, alice);
    await other.release(claim, { countAttempt: true });
    const again = await mustClaim(other, c);
    expect(ready).toEqual([c]);
    await other.release(again.claim, { countAttempt: false });
    await eventually(() => expect(ready).toEqual([c, c]));
  });

  it('are heard again after the connection was lost', async () => {
    const server = await ownRedis();
    const { store, prefix } = await openStore(server.url);
    const { store: other } = await openStore(server.url, { prefix });
    const { heard } = listenTo(store, other);
    await heard();
    await server.client().call('client', 'kill', 'type', 'pubsub');
    await heard();
    await server.restart();
    await heard();
  });
});

describe('a failover', () => {
  it('of a sentinel’s primary is followed', async () => {
    const sentinels = await startSentinels();
    onTestFinished(() => sentinels.stop());
    const { store, prefix } = await openStore(sentinels.url, { patienceMs: 30_000 });
    const other = await openStore(sentinels.url, { prefix });
    const { heard } = listenTo(store, other.store);
    await heard();
    const c = newConversation();
    await ask(store, question(c, 'A'));
    const { claim, turn } = await mustClaim(store, c);
    // What the replica has not got yet would be lost: that is what Sentinel can lose.
    await sentinels.primary.client().wait(1, 5_000);
    await sentinels.primary.kill9();
    expect((await store.renew([claim], alice)).lost).toEqual([]);
    expect((await store.conversationView(c)).running).toEqual(turn);
    await heard();
    await store.checkWritable();
  });

  it('behind one address, which leaves the old primary read-only, is followed', async () => {
    const [primary, replica] = [await ownRedis(), await ownRedis()];
    const proxy = await RedisProxy.start(primary.port);
    onTestFinished(() => proxy.stop());
    const { store } = await openStore(proxy.url, { patienceMs: 20_000 });
    const client = primary.client();
    await client.replicaof('127.0.0.1', replica.port);
    proxy.leadTo(replica.port);
    const c = newConversation();
    await ask(store, question(c, 'A'));
    await mustClaim(store, c);
    expect(await client.info('errorstats')).toContain('errorstat_READONLY');
    expect(await replica.client().keys(`*turn:${c}`)).toHaveLength(1);
  });

  it('in a cluster is followed, and news are heard from every node', async () => {
    const cluster = await startCluster(3);
    onTestFinished(() => cluster.stop());
    const { store, prefix } = await openStore(cluster.url, { patienceMs: 20_000 });
    const { store: other } = await openStore(cluster.url, { prefix, patienceMs: 20_000 });
    const { heard, ready } = listenTo(store, other);
    await heard();
    const all = Array.from({ length: 30 }, newConversation);
    for (const c of all) await ask(other, question(c, 'A'));
    await eventually(() => expect(ready).toEqual(expect.arrayContaining(all)));
    await cluster.nodes[1]!.restart();
    const more = Array.from({ length: 30 }, newConversation);
    await Promise.all(more.map((c) => ask(store, question(c, 'A'))));
    await store.checkWritable();
  });
});
