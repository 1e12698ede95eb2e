import { expect, it } from 'vitest';
import {
  answer,
  ask,
  eventually,
  briefLease,
  mustClaim,
  newConversation,
  question,
  type StoreSetup,
} from './store-fixture.ts';

/** Open conversations and the pause, as operators see and set them. */
export function openConversations({ start, beside, reopen }: StoreSetup): void {
  it('lists open conversations, owned or not, until they are answered', async () => {
    const store = await start();
    const [first, second] = [newConversation(), newConversation()];
    await ask(store, question(first, 'A'));
    await ask(store, question(second, 'B'), question(second, 'C'));
    await mustClaim(store, second);
    const found = await (await beside()).openConversations();
    const mine = found.filter(({ conversation }) => [first, second].includes(conversation));
    expect(mine).toEqual([
      { conversation: first, owned: false, since: expect.any(Number) },
      { conversation: second, owned: true, since: expect.any(Number) },
    ]);
    for (const { since } of mine) expect(Math.abs(Date.now() - since)).toBeLessThan(60_000);
    await answer(store, first);
    const left = (await store.openConversations()).map(({ conversation }) => conversation);
    expect(left).not.toContain(first);
    expect(left).toContain(second);
  });

  it('lists a conversation whose owner is gone as not owned', async () => {
    const store = await start();
    const c = newConversation();
    await ask(store, question(c, 'A'));
    await mustClaim(store, c, briefLease);
    await eventually(async () => {
      const found = (await store.openConversations()).find(
        ({ conversation }) => conversation === c,
      );
      expect(found).toMatchObject({ owned: false });
    });
  });

  it('keeps a pause until it is ended, across restarts and for all instances', async () => {
    const store = await start();
    expect(await store.pausedSince()).toBeUndefined();
    await store.setPausedSince(1_700_000_000_123);
    expect(await (await beside()).pausedSince()).toBe(1_700_000_000_123);
    const later = await reopen();
    expect(await later.pausedSince()).toBe(1_700_000_000_123);
    await later.setPausedSince(undefined);
    expect(await later.pausedSince()).toBeUndefined();
  });
}
