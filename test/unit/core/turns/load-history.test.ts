import { expect, it } from 'vitest';
import { EventLoopYield } from '../../../../src/core/timing.ts';
import { conversationId } from '../../../../src/core/domain/conversation.ts';
import type { HistoryEntry } from '../../../../src/core/domain/turn.ts';
import type { EarlierEntry, Platform } from '../../../../src/core/ports/platform.ts';
import type { Store, ClaimedTurn } from '../../../../src/core/ports/store.ts';
import { loadHistory } from '../../../../src/core/turns/load-history.ts';
import { recordingLog } from '../../../fakes/recording-log.ts';

const conversation = conversationId('slack', 'T1', 'C1', '1');
const work = { turn: { conversation, messages: [] }, history: [] } as unknown as ClaimedTurn;

/** A thread of long messages that is read for the first time, and what of it is kept. */
function thread(messages: number, chars: number) {
  const said: EarlierEntry[] = Array.from({ length: messages }, (_, at) => ({
    id: `m${at}`,
    role: 'user',
    author: { id: 'slack:T1:U1' },
    text: 'long '.repeat(chars / 5),
    at,
  }));
  const kept: HistoryEntry[] = [];
  const platform = { earlierHistory: () => Promise.resolve(said) } as unknown as Platform;
  const store = {
    addEarlierHistory: async (_: unknown, entries: readonly HistoryEntry[]) =>
      void kept.push(...entries),
  } as unknown as Store;
  const read = (signal: AbortSignal) =>
    loadHistory(work, platform, store, new EventLoopYield(), recordingLog(), signal);
  return { kept, read };
}

it('keeps the newest of a thread that is longer than any model reads', async () => {
  const { kept, read } = thread(60, 40_000);
  await read(new AbortController().signal);
  expect(kept.map(({ id }) => id)).toEqual(Array.from({ length: 25 }, (_, at) => `m${35 + at}`));
});

it('ends while it counts when nobody wants the answer any more', async () => {
  const { kept, read } = thread(20, 40_000);
  const stop = new AbortController();
  const reading = read(stop.signal);
  setImmediate(() => stop.abort(new Error('stopped')));
  await expect(reading).rejects.toThrow('stopped');
  expect(kept).toEqual([]);
});
