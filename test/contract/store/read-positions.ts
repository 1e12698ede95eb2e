import { describe, expect, it } from 'vitest';
import { eventually } from './store-fixture.ts';
import type { StoreSetup } from './store-fixture.ts';

/** Read positions of platforms. */
export function readPositions({ start, reopen }: StoreSetup): void {
  describe('read positions', () => {
    it('are as they were saved last, for each platform by itself', async () => {
      const store = await start();
      expect(await store.readPositions('test')).toEqual(new Map());
      await store.saveReadPositions(
        'test',
        new Map([
          ['C1', '17.5'],
          ['C2', '20'],
          ['C:3 é', '0'],
        ]),
      );
      await store.saveReadPositions('tes', new Map([['C1', 'other']]));
      await store.saveReadPositions('test', new Map([['C2', '1']]));
      await store.saveReadPositions('test', new Map());
      const marks = [
        ['C1', '17.5'],
        ['C2', '1'],
        ['C:3 é', '0'],
      ] as const;
      expect(await store.readPositions('test')).toEqual(new Map(marks));
      const again = await reopen();
      expect(await again.readPositions('test')).toEqual(new Map(marks));
      expect(await again.readPositions('tes')).toEqual(new Map([['C1', 'other']]));
    });

    it('are forgotten by an empty position', async () => {
      const store = await start();
      await store.saveReadPositions('test', new Map([['C1', '1']]));
      await store.saveReadPositions(
        'test',
        new Map([
          ['C1', ''],
          ['C2', '1'],
          ['C3', ''],
        ]),
      );
      expect(await (await reopen()).readPositions('test')).toEqual(new Map([['C2', '1']]));
    });

    it('are kept as long as history', async () => {
      const store = await start({ retentionMs: 1e12 });
      await store.saveReadPositions('test', new Map([['C1', '1']]));
      await store.sweep();
      expect(await store.readPositions('test')).toEqual(new Map([['C1', '1']]));
    });

    it('are kept as long from when they were saved again', async () => {
      const store = await start({ retentionMs: 300 });
      await store.saveReadPositions(
        'test',
        new Map([
          ['C1', '1'],
          ['C2', '1'],
        ]),
      );
      await eventually(async () => {
        await store.saveReadPositions('test', new Map([['C1', '2']]));
        await store.sweep();
        expect((await store.readPositions('test')).get('C2')).toBeUndefined();
      });
      expect(await store.readPositions('test')).toEqual(new Map([['C1', '2']]));
    });

    it('are deleted after that', async () => {
      const store = await start({ retentionMs: 1 });
      await store.saveReadPositions('test', new Map([['C1', '1']]));
      await eventually(async () => {
        await store.sweep();
        expect(await store.readPositions('test')).toEqual(new Map());
      });
    });
  });
}
