import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type ConversationId, conversationId } from '../../../../src/core/domain/conversation.ts';
import { StoreUnavailable } from '../../../../src/core/domain/errors.ts';
import { UnclaimedTurnPoller } from '../../../../src/core/instances/unclaimed-turns.ts';
import { recordingLog } from '../../../fakes/recording-log.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const direct = (at: number): ConversationId => conversationId('slack', 'T1', `D${at}`);

/** One instance of several, with so many places, and a backlog that waits for anybody. */
function open({ places, backlog }: { places: number; backlog: number }) {
  const waiting = new Set(Array.from({ length: backlog }, (_, at) => direct(at)));
  const atHand = new Map<ConversationId, () => void>();
  const orphans = new Set<ConversationId>();
  let looks = 0;
  let awayMs = 0;
  const leftovers = new UnclaimedTurnPoller({
    store: {
      shared: true,
      unclaimed: async () => {
        looks += 1;
        if (awayMs > 0) {
          await new Promise((resolve) => setTimeout(resolve, awayMs));
          throw new StoreUnavailable('away', 'the store is away');
        }
        return [...waiting, ...orphans].map((conversation) => ({
          conversation,
          attempts: orphans.has(conversation) ? 1 : 0,
        }));
      },
    },
    platforms: new Map([['slack', {}]]),
    suspectAttempts: 2,
    isBusy: (conversation) => atHand.has(conversation),
    slots: places,
    process: (conversation) => {
      waiting.delete(conversation);
      orphans.delete(conversation);
      const { promise, resolve } = Promise.withResolvers<void>();
      atHand.set(conversation, resolve);
      return promise;
    },
    log: recordingLog(),
  });
  return {
    leftovers,
    atHand,
    waiting,
    orphans,
    looks: () => looks,
    end: (conversation: ConversationId) => {
      atHand.get(conversation)?.();
      atHand.delete(conversation);
    },
    /** Each question to the store fails from now on, and takes so long to. */
    away: (ms: number) => (awayMs = ms),
  };
}

describe('what nobody is at', () => {
  it('is taken up as far as there is room, and the next as soon as there is', async () => {
    const { leftovers, atHand, waiting, end } = open({ places: 2, backlog: 6 });
    leftovers.start();
    await pass(10);
    expect([...atHand.keys()]).toEqual([direct(0), direct(1), direct(2), direct(3)]);
    await pass(60_000);
    expect(atHand.size).toBe(4);
    end(direct(1));
    await pass(10);
    expect([...atHand.keys()]).toEqual([direct(0), direct(2), direct(3), direct(4)]);
    end(direct(0));
    end(direct(2));
    end(direct(3));
    end(direct(4));
    await pass(10);
    expect([...atHand.keys()]).toEqual([direct(5)]);
    expect(waiting.size).toBe(0);
    await leftovers.stop();
  });

  it('waits behind nobody where people read the half of it', async () => {
    const { leftovers, atHand, orphans } = open({ places: 2, backlog: 6 });
    leftovers.start();
    await pass(10);
    orphans.add(direct(9));
    await pass(2_000);
    expect(atHand.size).toBe(5);
    expect([...atHand.keys()].at(-1)).toBe(direct(9));
    await leftovers.stop();
  });

  it('is left alone from the moment of a stop on, however much of it there is', async () => {
    const { leftovers, end, looks } = open({ places: 2, backlog: 50 });
    leftovers.start();
    await pass(10);
    const before = looks();
    const stopped = leftovers.stop();
    end(direct(0));
    await pass(10_000);
    await stopped;
    expect(looks()).toBe(before);
  });

  it('keeps no stop waiting, however long the store was away', async () => {
    const { leftovers, away } = open({ places: 2, backlog: 0 });
    away(3_000);
    leftovers.start();
    await pass(600_000);
    const stopped = vi.fn<() => void>();
    void leftovers.stop().then(stopped);
    await pass(3_000);
    expect(stopped).toHaveBeenCalledOnce();
  });

  it('is found as soon as it is looked for again, also while that goes on', async () => {
    const { leftovers, atHand, waiting, away } = open({ places: 2, backlog: 0 });
    away(3_000);
    leftovers.start();
    await pass(100);
    away(0);
    waiting.add(direct(7));
    leftovers.poll();
    await pass(2_950);
    expect([...atHand.keys()]).toEqual([direct(7)]);
    await leftovers.stop();
  });
});
