import { describe, expect, it, vi } from 'vitest';
import { StoreUnavailable } from '../../../../../src/core/domain/errors.ts';
import {
  ReadPositions,
  directChannel,
  directKey,
  positionKey,
} from '../../../../../src/platforms/discord/history/read-positions.ts';
import { recordingLog } from '../../../../fakes/recording-log.ts';

/** Marks over a store that keeps them, or fails so many times. */
async function opened(kept = new Map<string, string>(), failures = 0, mostPlaces = 100) {
  let left = failures;
  const store = {
    readPositions: async () => kept,
    saveReadPositions: async (_: string, marks: ReadonlyMap<string, string>) => {
      left -= 1;
      if (left >= 0) throw new StoreUnavailable('away', 'it is away');
      for (const [place, mark] of marks) kept.set(place, mark);
    },
  };
  const bookmarks = new ReadPositions({ store, log: recordingLog(), mostPlaces });
  await bookmarks.load();
  return { bookmarks, kept };
}

describe('how far was read', () => {
  it('only grows, and is kept', async () => {
    const { bookmarks, kept } = await opened(new Map([['c', '150']]));
    expect(bookmarks.newestIn('g')).toBe('150');
    bookmarks.advance('c', '99');
    bookmarks.advance('d', '170');
    bookmarks.advance('d', '160');
    await bookmarks.close();
    expect([...kept]).toEqual([
      ['c', '150'],
      ['d', '170'],
    ]);
    expect(bookmarks.keys()).toEqual(['c', 'd']);
  });

  it('is known for each guild by itself, where nothing was heard there by what was opened', async () => {
    const { bookmarks, kept } = await opened(new Map([['c', '150']]));
    bookmarks.advance('d', '170');
    expect(bookmarks.newestIn('g')).toBe('150');
    bookmarks.noteNewest('g', '160');
    bookmarks.noteNewest('h', '190');
    bookmarks.ignoreBefore('c', '999');
    expect(bookmarks.newestIn('g')).toBe('160');
    await bookmarks.close();
    const later = (await opened(kept)).bookmarks;
    expect([later.newestIn('g'), later.newestIn('i'), later.ignoredBefore('c')]).toEqual([
      '160',
      '190',
      '999',
    ]);
    await later.close();
  });

  it('is at hand for so many places: those where nothing was said for longest go first', async ({
    onTestFinished,
  }) => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const kept = new Map(Array.from({ length: 30 }, (_, at) => [`old-${at}`, `${100 + at}`]));
    const { bookmarks } = await opened(kept, 0, 20);
    expect(bookmarks.get('old-9')).toBeUndefined();
    expect(bookmarks.get('old-10')).toBe('110');
    bookmarks.noteNewest('g', '1');
    bookmarks.ignoreBefore('c', '1');
    bookmarks.hold('old-10', '110');
    for (let at = 0; at < 1_000; at += 1) {
      bookmarks.advance(`new-${at}`, `${1_000 + at}`);
      // oxlint-disable-next-line no-await-in-loop -- each is saved before the next one
      if (at % 10 === 0) await vi.advanceTimersByTimeAsync(2_000);
    }
    expect(bookmarks.keys().length).toBeLessThan(40);
    expect(bookmarks.get('new-999')).toBe('1999');
    expect(bookmarks.get('old-10')).toBe('110');
    expect([bookmarks.newestIn('g'), bookmarks.ignoredBefore('c')]).toEqual(['1', '1']);
    await bookmarks.close();
    // None was lost in the store.
    expect(kept.size).toBe(30 + 1_000 + 2);
  });

  it('stays where reading has come to, when that is left to the next start', async () => {
    const { bookmarks } = await opened(new Map([['c', '150']]));
    bookmarks.hold('c', '150');
    bookmarks.advance('c', '900');
    bookmarks.advanceTo('c', '160');
    bookmarks.hold('c', '160');
    bookmarks.advanceTo('c', '180');
    expect(bookmarks.get('c')).toBe('160');
    bookmarks.release('c', true);
    bookmarks.advanceTo('c', '180');
    bookmarks.release('c', false);
    expect(bookmarks.get('c')).toBe('180');
    await bookmarks.close();
  });

  it('stays while what is behind it is read again, by however many', async () => {
    const { bookmarks } = await opened(new Map([['c', '150']]));
    bookmarks.hold('c', '150');
    bookmarks.hold('c', '150');
    bookmarks.advance('c', '180');
    bookmarks.release('c', true);
    expect(bookmarks.get('c')).toBe('150');
    bookmarks.release('c', true);
    expect(bookmarks.get('c')).toBe('180');
    await bookmarks.close();
  });

  it('stays before what could not be taken in, until it is read again', async () => {
    const { bookmarks, kept } = await opened();
    bookmarks.markUnread('c', '150');
    bookmarks.advance('c', '180');
    expect(bookmarks.get('c')).toBe('149');
    bookmarks.hold('c', '149');
    bookmarks.release('c', false);
    expect(bookmarks.get('c')).toBe('149');
    bookmarks.hold('c', '149');
    bookmarks.markUnread('c', '190');
    bookmarks.release('c', true);
    expect(bookmarks.get('c')).toBe('149');
    bookmarks.hold('c', '149');
    bookmarks.release('c', true);
    await bookmarks.close();
    expect(kept.get('c')).toBe('180');
  });

  it('is kept later when the store is away', async () => {
    const { bookmarks, kept } = await opened(new Map(), 1);
    bookmarks.advance('c', '150');
    await bookmarks.close();
    expect(kept.size).toBe(0);
    await bookmarks.close();
    expect(kept.get('c')).toBe('150');
  });

  it('is forgotten with the channel', async () => {
    const { bookmarks, kept } = await opened();
    bookmarks.advance('c', '150');
    bookmarks.forget('c');
    await bookmarks.close();
    expect(kept.size).toBe(0);
  });
});

it('tells direct conversations from channels', () => {
  expect(directChannel(directKey('7'))).toBe('7');
  expect(directChannel('7')).toBeUndefined();
  expect(positionKey({ channel: '7' })).toBe(directKey('7'));
  expect(positionKey({ guild: '1', channel: '7' })).toBe('7');
});
