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

/** What an operator sees of a store, and orders in it. */
export function openConversations({ start, beside, reopen }: StoreSetup): void {
  it('tells what is in hand, whoever is at it, until it is answered', async () => {
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

  it('tells of one whose owner is gone as of one that waits', async () => {
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

  it('keeps a pause until it is over, across restarts and for everybody', async () => {
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
