import { describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../../../src/core/domain/errors.ts';
import { ReadPositions } from '../../../../src/platforms/common/read-positions.ts';
import { recordingLog } from '../../../fakes/recording-log.ts';

/** Positions in a store that keeps them, or fails this many times. */
async function opened(kept = new Map<string, string>(), failures = 0, maxPositions = 100) {
  let left = failures;
  const store = {
    readPositions: async () => kept,
    saveReadPositions: async (_: string, saved: ReadonlyMap<string, string>) => {
      left -= 1;
      if (left >= 0) throw new StoreUnavailable('away', 'it is away');
      for (const [key, position] of saved) kept.set(key, position);
    },
  };
  const positions = new ReadPositions({
    platform: 'discord',
    store,
    log: recordingLog(),
    maxPositions,
    isPermanent: (key) => key.startsWith('@'),
  });
  await positions.load();
  return { positions, kept };
}

describe('a read position', () => {
  it('only grows, and is kept', async () => {
    const { positions, kept } = await opened(new Map([['c', '150']]));
    positions.advance('c', '99');
    positions.advance('d', '170');
    positions.advance('d', '160');
    await positions.close();
    expect([...kept]).toEqual([
      ['c', '150'],
      ['d', '170'],
    ]);
    expect([...positions.entries()]).toEqual([...kept]);
  });

  it('is in memory for a limited number of places: the quietest go first', async ({
    onTestFinished,
  }) => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const kept = new Map(Array.from({ length: 30 }, (_, at) => [`old-${at}`, `${100 + at}`]));
    const { positions } = await opened(kept, 0, 20);
    expect(positions.get('old-9')).toBeUndefined();
    expect(positions.get('old-10')).toBe('110');
    positions.advance('@guild/g', '1');
    positions.hold('old-10', '110');
    for (let at = 0; at < 1_000; at += 1) {
      positions.advance(`new-${at}`, `${1_000 + at}`);
      // oxlint-disable-next-line no-await-in-loop -- each is saved before the next one
      if (at % 10 === 0) await vi.advanceTimersByTimeAsync(2_000);
    }
    expect([...positions.entries()].length).toBeLessThan(40);
    expect(positions.get('new-999')).toBe('1999');
    expect(positions.get('old-10')).toBe('110');
    expect(positions.get('@guild/g')).toBe('1');
    await positions.close();
    // None was lost in the store.
    expect(kept.size).toBe(30 + 1_000 + 1);
  });

  it('stays where reading has come to, when that is left to the next start', async () => {
    const { positions } = await opened(new Map([['c', '150']]));
    positions.hold('c', '150');
    positions.advance('c', '900');
    positions.advanceTo('c', '160');
    positions.hold('c', '160');
    positions.advanceTo('c', '180');
    expect(positions.get('c')).toBe('160');
    positions.release('c', true);
    positions.advanceTo('c', '180');
    positions.release('c', false);
    expect(positions.get('c')).toBe('180');
    await positions.close();
  });

  it('stays while what is behind it is read again, by however many', async () => {
    const { positions } = await opened(new Map([['c', '150']]));
    positions.hold('c', '150');
    positions.hold('c', '150');
    positions.advance('c', '180');
    positions.release('c', true);
    expect(positions.get('c')).toBe('150');
    positions.release('c', true);
    expect(positions.get('c')).toBe('180');
    await positions.close();
  });

  it('stays before what could not be stored, until it is read again', async () => {
    const { positions, kept } = await opened();
    positions.markUnread('c', '149');
    positions.advance('c', '180');
    expect(positions.get('c')).toBe('149');
    positions.hold('c', '149');
    positions.release('c', false);
    expect(positions.get('c')).toBe('149');
    positions.hold('c', '149');
    positions.markUnread('c', '189');
    positions.release('c', true);
    expect(positions.get('c')).toBe('149');
    positions.hold('c', '149');
    positions.release('c', true);
    await positions.close();
    expect(kept.get('c')).toBe('180');
  });

  it('stays in every place, known or not, until all is read again', async () => {
    const { positions, kept } = await opened(new Map([['c', '150']]));
    positions.holdAll();
    positions.holdAll();
    positions.advance('c', '180');
    positions.advance('new', '190');
    positions.hold('c', '150');
    positions.advance('c', '160');
    positions.release('c', true);
    positions.releaseAll();
    expect([...positions.entries()]).toEqual([['c', '150']]);
    positions.releaseAll();
    await positions.close();
    expect([...kept]).toEqual([
      ['c', '180'],
      ['new', '190'],
    ]);
  });

  it('is not beyond what is still being handled, whatever is handled beside it', async () => {
    const { positions, kept } = await opened(new Map([['c', '150']]));
    positions.holdLive('c', '159');
    positions.holdLive('c', '169');
    positions.advance('c', '170');
    positions.release('c', true);
    expect(positions.get('c')).toBe('150');
    positions.advance('c', '160');
    positions.release('c', true);
    await positions.close();
    expect([...kept]).toEqual([['c', '170']]);
  });

  it('is not known in a new place before it is known what was missed there', async () => {
    const { positions } = await opened(new Map([['@team', '150']]));
    positions.holdAll();
    positions.holdLive('new', '189');
    expect(positions.get('new')).toBeUndefined();
    positions.hold('new', '150');
    expect(positions.get('new')).toBe('150');
    await positions.close();
  });

  it('stays before what could not be stored in a place that was not known', async () => {
    const { positions, kept } = await opened();
    positions.holdAll();
    positions.advance('new', '190');
    positions.markUnread('new', '194');
    positions.advance('new', '200');
    positions.releaseAll();
    await positions.close();
    expect([...kept]).toEqual([['new', '194']]);
  });

  it('is what was received before the positions were loaded, if that is later', async () => {
    const kept = new Map([['c', '150']]);
    const { positions } = await opened(kept);
    positions.advance('c', '180');
    await positions.load();
    expect(positions.get('c')).toBe('180');
    await positions.close();
  });

  it('is kept later when the store is away', async () => {
    const { positions, kept } = await opened(new Map(), 1);
    positions.advance('c', '150');
    await positions.close();
    expect(kept.size).toBe(0);
    await positions.close();
    expect(kept.get('c')).toBe('150');
  });

  it('is forgotten with the channel', async () => {
    const { positions, kept } = await opened();
    positions.advance('c', '150');
    positions.forget('c');
    await positions.close();
    expect(kept.size).toBe(0);
  });
});
