import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts';
import type { Store } from '../../../src/core/ports/store.ts';
import { ask, alice, isWaiting, mustClaim, newConversation, question } from './store-fixture.ts';
import type { OpenedStore, StoreSettings } from './store-fixture.ts';
import { storeContract } from './store-contract.ts';

async function open(settings: StoreSettings): Promise<OpenedStore> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-store-'));
  const stores: Store[] = [];
  const openAgain = async (): Promise<Store> => {
    await stores.at(-1)?.close();
    const store = await openSqliteStore({ folder, retentionMs: 1e13, ...settings });
    stores.push(store);
    return store;
  };
  return {
    store: await openAgain(),
    // Only one process can have it: its other users share the store.
    beside: async () => stores.at(-1)!,
    reopen: openAgain,
    async dispose() {
      await stores.at(-1)?.close();
      await rm(folder, { recursive: true });
    },
  };
}

storeContract('SQLite', open);

describe('SQLite after a restart', () => {
  it('claims interrupted turns at once, though their leases had long to run', async () => {
    const opened = await open({});
    try {
      const c = newConversation();
      await ask(opened.store, question(c, 'A'));
      const first = await mustClaim(opened.store, c, alice);
      const again = await opened.reopen();
      expect(await isWaiting(again, c)).toBe(true);
      expect((await again.renew([first.claim], alice)).lost).toEqual([first.claim]);
      expect((await mustClaim(again, c)).turn.attempt).toBe(2);
    } finally {
      await opened.dispose();
    }
  });
});
