import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/core/ports/store.ts';
import { PoisonMessageGuard } from '../../../src/core/intake/poison-messages.ts';
import { recordingLog } from '../../fakes/recording-log.ts';
import type { StoreSetup } from './store-fixture.ts';

/** Notes of messages that are being read, which outlive the process that reads. */
export function poisonMessages({ start, reopen }: StoreSetup): void {
  const long = { id: 'T1:C1:1', chars: 5_000 };
  const never = (): Promise<void> => new Promise<never>(() => {});

  /** A process that takes a message in: what became of it. */
  async function taken(store: Store, message = long): Promise<string[]> {
    const done: string[] = [];
    const notes = new PoisonMessageGuard({ platform: 'test', store, log: recordingLog() });
    await notes.read(
      message,
      async () => void done.push('read'),
      async () => void done.push('told'),
    );
    return done;
  }

  /** A process that ends while it reads. */
  async function endedBy(store: Store): Promise<boolean> {
    const notes = new PoisonMessageGuard({ platform: 'test', store, log: recordingLog() });
    const reading = Promise.withResolvers<boolean>();
    void notes.read(
      long,
      () => {
        reading.resolve(true);
        return never();
      },
      async () => reading.resolve(false),
    );
    return reading.promise;
  }

  describe('a message that ends whoever reads it', () => {
    it('is read again once, then told of once, and then left alone', async () => {
      expect(await endedBy(await start())).toBe(true);
      expect(await endedBy(await reopen())).toBe(true);
      expect(await taken(await reopen())).toEqual(['told']);
      expect(await taken(await reopen())).toEqual([]);
      expect(await taken(await reopen(), { ...long, id: 'T1:C1:2' })).toEqual(['read']);
    });

    it('is told of once, though it comes several times after a start', async () => {
      expect(await endedBy(await start())).toBe(true);
      expect(await endedBy(await reopen())).toBe(true);
      const store = await reopen();
      const notes = new PoisonMessageGuard({ platform: 'test', store, log: recordingLog() });
      const done: string[] = [];
      const comes = (): Promise<void> =>
        notes.read(
          long,
          async () => void done.push('read'),
          async () => void done.push('told'),
        );
      await Promise.all([comes(), comes()]);
      await comes();
      expect(done).toEqual(['told']);
    });

    it('is as any other once it was read', async () => {
      expect(await endedBy(await start())).toBe(true);
      expect(await taken(await reopen())).toEqual(['read']);
      const store = await reopen();
      expect(await store.readPositions('test-reading')).toEqual(new Map());
      expect(await endedBy(store)).toBe(true);
      expect(await taken(await reopen())).toEqual(['read']);
    });

    it('leaves no note where what it says only fails', async () => {
      const store = await start();
      const notes = new PoisonMessageGuard({ platform: 'test', store, log: recordingLog() });
      const failing = notes.read(long, () => Promise.reject(new Error('no')), never);
      await expect(failing).rejects.toThrow('no');
      expect(await store.readPositions('test-reading')).toEqual(new Map());
    });
  });
}
