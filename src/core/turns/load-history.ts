import { type EventLoopYield, withDeadline } from '../timing.ts';
import type { HistoryEntry } from '../domain/turn.ts';
import { cleanName, cleanText, maxMessageChars } from '../domain/message.ts';
import type { Log } from '../ports/log.ts';
import type { EarlierEntry, Platform } from '../ports/platform.ts';
import type { Store, ClaimedTurn } from '../ports/store.ts';
import { countTokens } from './prompt.ts';

/**
 * Of what was said before so much is looked at, the newest, in UTF-16 units: more than a model's
 * budget holds, and counted in a few seconds whatever it is.
 */
const maxPastChars = 1_000_000;
/** Longest wait for the platform's earlier messages, in milliseconds. */
const patienceMs = 20_000;

/**
 * What was said before a turn: the stored history, or, where the bot has just been called into a
 * conversation, what its platform knows of it, which is kept from then on. Without an answer from
 * the platform the turn goes on with what there is.
 */
export async function loadHistory(
  { turn, history }: ClaimedTurn,
  platform: Platform,
  store: Store,
  eventLoop: EventLoopYield,
  log: Log,
  signal: AbortSignal,
): Promise<readonly HistoryEntry[]> {
  if (history.length > 0 || platform.earlierHistory === undefined) return history;
  try {
    const said = await withDeadline(patienceMs, signal, async (end) =>
      platform.earlierHistory?.(turn.conversation, turn.messages, end),
    );
    const past: HistoryEntry[] = [];
    for (const one of newest(said ?? [])) {
      signal.throwIfAborted();
      past.push(await counted(one, eventLoop));
    }
    const told = past.filter(({ text }) => text !== '');
    if (told.length > 0) await store.addEarlierHistory(turn.conversation, told);
    return told;
  } catch (error) {
    if (signal.aborted) throw error;
    log.warn({ err: error }, 'earlier messages not loaded');
    return history;
  }
}

/** @param said oldest first */
function newest(said: readonly EarlierEntry[]): readonly EarlierEntry[] {
  let chars = 0;
  const tooOld = said.findLastIndex(({ text }) => {
    chars += Math.min(text.length, maxMessageChars);
    return chars > maxPastChars;
  });
  return said.slice(tooOld + 1);
}

async function counted(said: EarlierEntry, eventLoop: EventLoopYield): Promise<HistoryEntry> {
  const text = cleanText(said.text).slice(0, maxMessageChars).toWellFormed();
  const { author } = said;
  const name = author?.name === undefined ? {} : { name: cleanName(author.name) };
  return {
    ...said,
    text,
    tokens: await countTokens(text, eventLoop),
    ...(author === undefined ? {} : { author: { ...author, ...name } }),
  };
}
