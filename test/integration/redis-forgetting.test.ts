import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Store } from '../../src/core/ports/store.ts';
import {
  alice,
  asked,
  context,
  eventually,
  newConversation,
  question,
} from '../contract/store-fixture.ts';
import { startCluster, type RedisCluster } from '../redis/cluster.ts';
import { type Started, startInbox } from './redis-inbox.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster(2);
});
afterAll(() => cluster.stop());

const ann = { id: 'U-ann', name: 'Ann' };

/** An instance whose next message comes in just while another one forgets Ann. */
async function start(url: string): Promise<Started> {
  const started = await startInbox(url);
  const { persons, store } = started;
  persons.meanwhile = () => store.forgetPerson('test', ann.id);
  return started;
}

/** What came in meanwhile is found by whoever is asked to forget them again. */
async function forgotten(store: Store): Promise<void> {
  await eventually(async () => {
    expect(await store.forgetPerson('test', ann.id)).toEqual({ gone: 1, left: 0 });
  });
}

it.each([
  ['a question', question],
  ['what was said besides', context],
])('finds %s that a cluster took in while its author was being forgotten', async (_what, said) => {
  const { inbox, persons, store } = await start(cluster.url);
  // Near the limit it is first looked whether there is room, and then the message is taken in.
  const limited = { ...asked, mostOpen: 2 };
  const { meanwhile } = persons;
  persons.meanwhile = undefined;
  await inbox.accept(question(newConversation(), 'first', { author: ann }), limited);
  persons.meanwhile = meanwhile;
  await inbox.accept(said(newConversation(), 'A', { author: ann }), limited);
  await forgotten(store);
});

it('finds a question that was claimed as it came while its author was being forgotten', async () => {
  const { inbox, store } = await start(cluster.url);
  const c = newConversation();
  const { work } = await inbox.acceptAndClaim(question(c, 'A', { author: ann }), asked, alice);
  await store.release(work!.claim, { forgive: true });
  await eventually(async () => {
    expect(await store.forgetPerson('test', ann.id)).toEqual({ gone: 0, left: 1 });
  });
});

it('finds what was said before that was read while its author was being forgotten', async () => {
  const { inbox, store } = await start(inject('redisUrl'));
  await inbox.remember(newConversation(), [
    { id: 'A', role: 'user', author: ann, text: 'A', at: Date.now(), tokens: 1 },
  ]);
  await forgotten(store);
});

it('finds what came into a conversation while that was being forgotten', async () => {
  const { inbox, forgetting, persons, store } = await start(inject('redisUrl'));
  persons.meanwhile = undefined;
  const c = newConversation();
  await inbox.accept(question(c, 'A', { author: ann }), asked);
  persons.meanwhile = () => inbox.accept(question(c, 'B', { author: ann }), asked);
  expect(await forgetting.conversation(c)).toBe(1);
  await forgotten(store);
});
