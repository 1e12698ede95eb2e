import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { conversationId } from '../../../../../src/core/domain/conversation.ts';
import { StoreUnavailable } from '../../../../../src/core/domain/errors.ts';
import { ReadPositions } from '../../../../../src/platforms/common/read-positions.ts';
import { requiredScopes } from '../../../../../src/platforms/slack/api/identify-bot.ts';
import { SlackApi } from '../../../../../src/platforms/slack/api/web-api.ts';
import { isPermanent, SlackCatchUp } from '../../../../../src/platforms/slack/history/catch-up.ts';
import { ThreadReader } from '../../../../../src/platforms/slack/history/thread-context.ts';
import type { EventHandler } from '../../../../../src/platforms/slack/receive/event-handler.ts';
import { EventReceiver } from '../../../../../src/platforms/slack/receive/event-receiver.ts';
import { recordingLog } from '../../../../fakes/recording-log.ts';
import { type SlackFake, startSlackFake } from '../../../../fakes/slack/slack-fake.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const { signal } = new AbortController();

let fake: SlackFake;
/** What the store keeps from one process to the next. */
let saved: Map<string, string>;
let active: string[];

beforeEach(async () => {
  const channels = ['C1', 'C2', 'D1'].map((id) => ({ id, members: ['U1'] }));
  fake = await startSlackFake({ workspaces: [{ id: 'T1', channels, scopes: requiredScopes }] });
  saved = new Map();
  active = [];
});
afterEach(() => fake.close());

/** A process that receives Slack's messages. */
function startProcess() {
  const log = recordingLog();
  const store = {
    readPositions: async () => saved,
    saveReadPositions: async (_: string, positions: ReadonlyMap<string, string>) => {
      for (const [key, position] of positions) saved.set(key, position);
    },
    participation: () => Promise.resolve(undefined),
    recentlyActive: async () => active.map((root) => conversationId('slack', 'T1', 'C1', root)),
  };
  const positions = new ReadPositions({ platform: 'slack', store, log, isPermanent });
  positions.holdAll();
  const api = new SlackApi({ token: fake.botToken, apiUrl: fake.apiUrl, log });
  const texts: string[] = [];
  const catchUp = new SlackCatchUp({
    platform: 'slack',
    api,
    threads: new ThreadReader(api),
    bot: { team: 'T1', userId: 'U0T1', name: 'Parley' },
    receive: async ({ text }) => void texts.push(text),
    store,
    positions,
    log,
  });
  const receiver = new EventReceiver({ positions, log });
  let failures = 0;
  const handle = async (): Promise<void> => {
    failures -= 1;
    if (failures >= 0) throw new StoreUnavailable('away', 'it is away');
  };
  const readAgain: number[] = [];
  const handler = { handle, flush: () => undefined } as unknown as EventHandler;
  receiver.open(handler, 'T1', (sinceMs) => void readAgain.push(sinceMs));
  return {
    /** When each reading was to begin that the receiver asked for. */
    readAgain,
    /** Texts that were handed in, in order. */
    texts,
    /** What the reading cost, by method. */
    catchUp: async (sinceMs?: number): Promise<Record<string, number>> => {
      const before = fake.calls().length;
      await catchUp.run(sinceMs, signal);
      const calls = Object.groupBy(fake.calls().slice(before), ({ method }) => method);
      return Object.fromEntries(
        Object.entries(calls).map(([method, { length } = []]) => [method, length ?? 0]),
      );
    },
    /** A message comes in by an event; the store is away for this many. */
    receives: async (channel: string, ts: string, storeFailures = 0): Promise<void> => {
      failures = storeFailures;
      const event = { type: 'message', channel, ts, text: 'live' };
      await receiver.receive({ team_id: 'T1', event }).catch(() => undefined);
    },
    stop: () => positions.close(),
  };
}

/** Somebody writes, and Slack tells nobody. */
function writes(channel: string, text: string, ageMs: number, thread?: string): string {
  return fake.person('U1').posts(channel, text, {
    atMs: Date.now() - ageMs,
    silently: true,
    ...(thread === undefined ? {} : { thread_ts: thread }),
  }).ts;
}

describe('the first start', () => {
  it('reads what a day brought, threads and direct messages too, and nothing older', async () => {
    const root = writes('C1', 'a root', 20 * hourMs);
    writes('C1', 'a reply', 3 * hourMs, root);
    writes('C1', 'too old', 25 * hourMs);
    writes('D1', 'directly', 2 * hourMs);
    const { texts, catchUp, stop } = startProcess();
    expect(await catchUp()).toEqual({
      'users.conversations': 1,
      'conversations.history': 3,
      'conversations.replies': 1,
    });
    expect(texts).toEqual(['directly', 'a root', 'a reply']);
    await stop();
  });
});

describe('a later start', () => {
  beforeEach(async () => {
    for (const [at, channel] of ['C1', 'C2', 'C1'].entries()) {
      const root = writes(channel, `root ${at}`, (20 - at) * hourMs);
      active.push(root);
      writes(channel, `reply ${at}`, (10 - at) * hourMs, root);
    }
    const first = startProcess();
    const calls = await first.catchUp();
    expect(calls['conversations.replies']).toBe(3);
    await first.stop();
  });

  it('hands nothing in again, and asks for no thread in which nothing was said', async () => {
    const { texts, catchUp, stop } = startProcess();
    expect(await catchUp()).toEqual({ 'users.conversations': 1, 'conversations.history': 3 });
    expect(texts).toEqual([]);
    await stop();
  });

  it('finds what was missed: in channels, in threads, in direct conversations', async () => {
    const [root = ''] = active;
    writes('C1', 'missed', 2 * minuteMs);
    writes('C1', 'missed in a thread', 3 * minuteMs, root);
    // Nobody had replied to it before.
    writes('C2', 'its first reply', 4 * minuteMs, writes('C2', 'a lone message', 15 * hourMs));
    writes('D1', 'missed directly', 5 * minuteMs);
    const { texts, catchUp, stop } = startProcess();
    expect((await catchUp())['conversations.replies']).toBe(2);
    expect(texts).toEqual(['missed directly', 'missed in a thread', 'missed', 'its first reply']);
    await stop();
  });

  it('finds it in a thread that began days ago, where somebody asked lately', async () => {
    const root = writes('C1', 'long ago', 72 * hourMs);
    active.push(root);
    writes('C1', 'missed', 2 * minuteMs, root);
    const { texts, catchUp, stop } = startProcess();
    expect((await catchUp())['conversations.replies']).toBe(1);
    expect(texts).toEqual(['missed']);
    await stop();
  });

  it('finds it in a channel into which the bot was invited meanwhile, and nothing from before', async () => {
    fake.workspace().addChannel({ id: 'C3', members: ['U1'] });
    writes('C3', 'before Parley stopped', 12 * hourMs);
    writes('C3', 'meanwhile', 2 * minuteMs);
    const { texts, catchUp, stop } = startProcess();
    await catchUp();
    expect(texts).toEqual(['meanwhile']);
    await stop();
  });

  it('reads no more than a day where the position is older', async () => {
    for (const key of saved.keys()) saved.set(key, (Date.now() / 1_000 - 40 * 3_600).toFixed(6));
    writes('C1', 'two days ago', 30 * hourMs);
    const { texts, catchUp, stop } = startProcess();
    await catchUp();
    expect(texts).not.toContain('two days ago');
    expect(texts).toHaveLength(6);
    await stop();
  });

  it('finds it though something newer comes in before it is read', async () => {
    writes('C1', 'missed', 2 * minuteMs);
    const { texts, receives, catchUp, stop } = startProcess();
    await receives('C1', writes('C1', 'live', 0));
    await catchUp();
    expect(texts).toEqual(['missed', 'live']);
    await stop();
    const later = startProcess();
    await later.catchUp();
    expect(later.texts).toEqual([]);
    await later.stop();
  });

  it('finds it at the start after, where reading was cut short', async () => {
    writes('C1', 'missed', 2 * minuteMs);
    const { receives, stop } = startProcess();
    await receives('C1', writes('C1', 'live', 0));
    await stop();
    const later = startProcess();
    await later.catchUp();
    expect(later.texts).toEqual(['missed', 'live']);
    await later.stop();
  });

  it('finds what could not be stored, though what came after it was', async () => {
    const { receives, catchUp, stop } = startProcess();
    await catchUp();
    await receives('C1', writes('C1', 'not stored', 5 * minuteMs), 1);
    await receives('C1', writes('C1', 'stored', 3 * minuteMs));
    await stop();
    const later = startProcess();
    await later.catchUp();
    expect(later.texts).toEqual(['not stored', 'stored']);
    await later.stop();
  });
});

it('takes nothing for read that came after events had ceased', async () => {
  const { texts, receives, catchUp, stop } = startProcess();
  await catchUp();
  writes('C1', 'missed', 10 * minuteMs);
  // By the other connection, before anybody noticed that one was dead.
  await receives('C1', writes('C1', 'live', 5 * minuteMs));
  await catchUp(Date.now() - 12 * minuteMs);
  expect(texts).toEqual(['missed', 'live']);
  await stop();
});

describe('after the store was away', () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ['Date'] }));
  afterEach(() => vi.useRealTimers());

  it('what Slack has given up meanwhile is read again, once', async () => {
    const { receives, readAgain, stop } = startProcess();
    const failedAt = Date.now();
    await receives('C1', '1780000000.000100', 1);
    vi.setSystemTime(failedAt + 7 * minuteMs);
    await receives('C1', '1780000400.000100', 1);
    expect(readAgain).toEqual([]);
    await receives('C2', '1780000420.000100');
    await receives('C2', '1780000421.000100');
    expect(readAgain).toEqual([failedAt]);
    await stop();
  });

  it('nothing is read again that Slack has delivered again', async () => {
    const { receives, readAgain, stop } = startProcess();
    const failedAt = Date.now();
    await receives('C1', '1780000000.000100', 1);
    await receives('C1', '1780000000.000100');
    vi.setSystemTime(failedAt + 7 * minuteMs);
    await receives('C2', '1780000420.000100');
    expect(readAgain).toEqual([]);
    await stop();
  });
});
