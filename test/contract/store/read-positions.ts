import { describe, expect, it } from 'vitest';
import { eventually } from './store-fixture.ts';
import type { StoreSetup } from './store-fixture.ts';

/** How far places were read. */
export function readPositions({ start, reopen }: StoreSetup): void {
  describe('bookmarks', () => {
    it('are as they were marked last, each platform’s its own', async () => {
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

    it('are forgotten by an empty mark', async () => {
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

    it('stay for as long as history is kept', async () => {
      const store = await start({ retentionMs: 1e12 });
      await store.saveReadPositions('test', new Map([['C1', '1']]));
      await store.sweep();
      expect(await store.readPositions('test')).toEqual(new Map([['C1', '1']]));
    });

    it('stay for as long after they were marked again', async () => {
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

    it('go after that', async () => {
      const store = await start({ retentionMs: 1 });
      await store.saveReadPositions('test', new Map([['C1', '1']]));
      await eventually(async () => {
        await store.sweep();
        expect(await store.readPositions('test')).toEqual(new Map());
      });
    });
  });
}
