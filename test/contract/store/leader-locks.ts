import { describe, expect, it } from 'vitest';
import { alice, bob, eventually, fleeting } from './store-fixture.ts';
import type { Stage } from './store-fixture.ts';

/** Who does what only one may do. */
export function roles({ start }: Stage): void {
  describe('a role', () => {
    it('is one owner’s at a time, who may hold it on', async () => {
      const store = await start();
      expect(await store.hold('listen', alice)).toBe(true);
      expect(await store.hold('listen', bob)).toBe(false);
      expect(await store.hold('listen', alice)).toBe(true);
      expect(await store.hold('sweep', bob)).toBe(true);
      expect(await store.hold('sweep', alice)).toBe(false);
    });

    it('falls to one of many', async () => {
      const store = await start();
      const owners = Array.from({ length: 20 }, (_, i) => ({ ...alice, owner: `${i}` }));
      const held = await Promise.all(owners.map((lease) => store.hold('listen', lease)));
      expect(held.filter(Boolean)).toHaveLength(1);
      for (const [i, lease] of owners.entries()) {
        expect(await store.hold('listen', lease)).toBe(held[i]);
      }
    });

    it('passes on once its owner gave no sign of life', async () => {
      const store = await start();
      expect(await store.hold('listen', fleeting)).toBe(true);
      await eventually(async () => expect(await store.hold('listen', bob)).toBe(true));
      expect(await store.hold('listen', fleeting)).toBe(false);
    });

    it('stays with an owner who holds it on', async () => {
      const store = await start();
      await store.hold('listen', fleeting);
      expect(await store.hold('listen', { ...alice, owner: fleeting.owner })).toBe(true);
      await store.hold('lapses', fleeting);
      await eventually(async () => expect(await store.hold('lapses', bob)).toBe(true));
      expect(await store.hold('listen', bob)).toBe(false);
    });

    it('is free as soon as its owner, and nobody else, gives it up', async () => {
      const store = await start();
      await store.yield('listen', alice.owner);
      await store.hold('listen', alice);
      await store.yield('listen', bob.owner);
      await store.yield('sweep', alice.owner);
      expect(await store.hold('listen', bob)).toBe(false);
      await store.yield('listen', alice.owner);
      expect(await store.hold('listen', bob)).toBe(true);
      await store.yield('listen', alice.owner);
      expect(await store.hold('listen', alice)).toBe(false);
    });
  });
}
