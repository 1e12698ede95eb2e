import { describe, expect, it } from 'vitest';
import { alice, bob, eventually, briefLease } from './store-fixture.ts';
import type { StoreSetup } from './store-fixture.ts';

/** Roles that one instance holds at a time. */
export function leaderLocks({ start }: StoreSetup): void {
  describe('a role', () => {
    it('has one holder at a time, who may renew it', async () => {
      const store = await start();
      expect(await store.acquireLeadership('listen', alice)).toBe(true);
      expect(await store.acquireLeadership('listen', bob)).toBe(false);
      expect(await store.acquireLeadership('listen', alice)).toBe(true);
      expect(await store.acquireLeadership('sweep', bob)).toBe(true);
      expect(await store.acquireLeadership('sweep', alice)).toBe(false);
    });

    it('goes to one of many', async () => {
      const store = await start();
      const owners = Array.from({ length: 20 }, (_, i) => ({ ...alice, owner: `${i}` }));
      const held = await Promise.all(
        owners.map((lease) => store.acquireLeadership('listen', lease)),
      );
      expect(held.filter(Boolean)).toHaveLength(1);
      for (const [i, lease] of owners.entries()) {
        expect(await store.acquireLeadership('listen', lease)).toBe(held[i]);
      }
    });

    it('is free again once its lease ended', async () => {
      const store = await start();
      expect(await store.acquireLeadership('listen', briefLease)).toBe(true);
      await eventually(async () => expect(await store.acquireLeadership('listen', bob)).toBe(true));
      expect(await store.acquireLeadership('listen', briefLease)).toBe(false);
    });

    it('stays with a holder who renews it', async () => {
      const store = await start();
      await store.acquireLeadership('listen', briefLease);
      expect(await store.acquireLeadership('listen', { ...alice, owner: briefLease.owner })).toBe(
        true,
      );
      await store.acquireLeadership('lapses', briefLease);
      await eventually(async () => expect(await store.acquireLeadership('lapses', bob)).toBe(true));
      expect(await store.acquireLeadership('listen', bob)).toBe(false);
    });

    it('is free as soon as its holder, and no other, gives it up', async () => {
      const store = await start();
      await store.releaseLeadership('listen', alice.owner);
      await store.acquireLeadership('listen', alice);
      await store.releaseLeadership('listen', bob.owner);
      await store.releaseLeadership('sweep', alice.owner);
      expect(await store.acquireLeadership('listen', bob)).toBe(false);
      await store.releaseLeadership('listen', alice.owner);
      expect(await store.acquireLeadership('listen', bob)).toBe(true);
      await store.releaseLeadership('listen', alice.owner);
      expect(await store.acquireLeadership('listen', alice)).toBe(false);
    });
  });
}
