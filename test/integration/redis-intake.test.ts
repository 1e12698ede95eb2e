import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  alice,
  asked,
  eventually,
  mustClaim,
  newConversation,
  question,
  textsOf,
} from '../contract/store-fixture.ts';
import { startCluster, type RedisCluster } from '../redis/cluster.ts';
import { startInbox } from './redis-inbox.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster(2);
});
afterAll(() => cluster.stop());

const limited = { ...asked, mostOpen: 2 };

/** A person who has as many questions open as they may, which only one of two instances knows. */
async function startFull() {
  const started = await startInbox(cluster.url);
  const author = { id: newConversation() };
  for (const text of ['A', 'B']) {
    await started.store.accept(question(newConversation(), text, { author }), limited);
  }
  return { ...started, author };
}

it('takes a question in while it is noted who asked it: nobody waits for two round trips', async () => {
  const { inbox, persons, store } = await startInbox(cluster.url);
  const c = newConversation();
  const noted = Promise.withResolvers<void>();
  persons.meanwhile = () => noted.promise;
  const accepted = inbox.accept(question(c, 'A'), asked);
  await eventually(async () => expect(textsOf((await store.view(c)).queued)).toEqual(['A']));
  noted.resolve();
  expect(await accepted).toBe('queued');
});

it('takes a question back that is one too many, and the next one not in', async () => {
  const { inbox, store, author } = await startFull();
  const [c, d] = [newConversation(), newConversation()];
  expect(await inbox.accept(question(c, 'C', { author }), limited)).toBe('too-many');
  expect(await store.claim(c, alice)).toBeUndefined();
  expect((await store.view(c)).queued).toEqual([]);
  expect(await inbox.accept(question(d, 'D', { author }), limited)).toBe('too-many');
  // It was never there: when there is room it is taken in.
  expect(await inbox.accept(question(d, 'D', { author }), { ...asked, mostOpen: 3 })).toBe(
    'queued',
  );
});

it('lets one too many be answered that somebody answers already, and counts it', async () => {
  const { inbox, persons, store, author } = await startFull();
  const c = newConversation();
  persons.meanwhile = () => eventually(() => mustClaim(store, c));
  expect(await inbox.accept(question(c, 'C', { author }), limited)).toBe('queued');
  const three = { ...asked, mostOpen: 3 };
  expect(await store.accept(question(newConversation(), 'D', { author }), three)).toBe('too-many');
});

it('answers one that it claimed as it came', async () => {
  const { inbox, author } = await startFull();
  const { receipt, work } = await inbox.acceptAndClaim(
    question(newConversation(), 'C', { author }),
    limited,
    alice,
  );
  expect(receipt).toBe('queued');
  expect(textsOf(work!.turn.messages)).toEqual(['C']);
});

it('takes a question in again whose author seemed to have too many open, and had none', async () => {
  const { inbox, store } = await startInbox(cluster.url);
  const author = { id: newConversation() };
  for (const text of ['A', 'B']) {
    const c = newConversation();
    await store.accept(question(c, text, { author }), limited);
    const { claim } = await mustClaim(store, c);
    await store.conclude(claim, { outcome: 'done', text: 'Yes.' });
    await store.finish(claim, alice, 1);
  }
  const c = newConversation();
  expect(await inbox.accept(question(c, 'C', { author }), limited)).toBe('queued');
  expect(textsOf((await store.view(c)).queued)).toEqual(['C']);
});
