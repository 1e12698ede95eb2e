import { expect, it } from 'vitest';
import type { ConversationId } from '../../src/core/domain/conversation.ts';
import { Keys } from '../../src/stores/redis/keys.ts';
import type { LoggedEvent } from '../fakes/recording-log.ts';
import {
  answer,
  ask,
  eventually,
  mustClaim,
  newConversation,
  question,
} from '../contract/store/store-fixture.ts';
import { openStore, ownRedis } from '../redis/open-store.ts';

/** In which something is not what it should be. */
const damaged = 63;

/** A conversation that shares no key with the damaged partition. */
function conversationElsewhere(prefix: string): ConversationId {
  const keys = new Keys(prefix);
  for (;;) {
    const c = newConversation();
    if (keys.ofConversation(c).ready !== keys.ofPartition(damaged).ready) return c;
  }
}

it.each(['ready', 'leased', 'turns'] as const)(
  'does not hide what other partitions have to do when its "%s" is something else',
  async (name) => {
    const server = await ownRedis();
    const { store, prefix, logged } = await openStore(server.url);
    const [waits, runs] = [conversationElsewhere(prefix), conversationElsewhere(prefix)];
    const key = new Keys(prefix).ofPartition(damaged)[name];
    await server.client().set(key, 'not this');
    await ask(store, question(waits, 'A'), question(runs, 'A'));
    await mustClaim(store, runs);
    const look = async (): Promise<void> => {
      expect(await store.unclaimed()).toEqual([{ conversation: waits, attempts: 0 }]);
      expect(await store.queueDepth()).toMatchObject({ waiting: 1, running: 1 });
      expect(await store.openConversations()).toHaveLength(2);
    };
    const told = (): LoggedEvent[] => logged.filter(({ level }) => level === 'error');
    await look();
    await look();
    expect(told()).toMatchObject([
      { event: 'damaged partition left out', fields: { partition: damaged } },
    ]);
    // Damaged once more after it was mended: that is news.
    await server.client().del(key);
    await look();
    await server.client().set(key, 'not this');
    await look();
    expect(told()).toHaveLength(2);
  },
);

it('does not hide in which conversations of other partitions somebody asked', async () => {
  const server = await ownRedis();
  const { store, prefix } = await openStore(server.url);
  const c = conversationElsewhere(prefix);
  await server.client().set(new Keys(prefix).ofPartition(damaged, 'test').active, 'not this');
  await ask(store, question(c, 'A'));
  expect(await store.recentlyActive('test', 0)).toEqual([c]);
});

it('does not keep other partitions from being swept', async () => {
  const server = await ownRedis();
  const { store, prefix, logged } = await openStore(server.url, { retentionMs: 1 });
  const c = conversationElsewhere(prefix);
  await server.client().set(new Keys(prefix).ofPartition(damaged).due, 'not this');
  await ask(store, question(c, 'A', { sentAt: 1_600_000_000_000 }));
  await answer(store, c);
  await eventually(async () => {
    await store.sweep();
    expect((await store.conversationView(c)).history).toEqual([]);
  });
  expect(logged.map(({ event }) => event)).toContain('damaged partition not swept');
});
