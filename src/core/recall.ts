import { withDeadline } from './deadline.ts';
import { ClaimLost } from './errors.ts';
import type { Entry } from './history.ts';
import { maxMessageChars, type Message, tidyMessage } from './message.ts';
import type { Log } from './ports/log.ts';
import type { Platform } from './ports/platform.ts';
import type { Store, Work } from './ports/store.ts';
import { countTokens } from './tokens.ts';

/** How long the platform may take to tell what was said before. */
const patienceMs = 20_000;

/**
 * What was said before a turn: the stored history, or, where the bot has just been called into a
 * conversation, what its platform knows of it, which is kept from then on. Without an answer from
 * the platform the turn goes on with what there is.
 */
export async function recall(
  { turn, history }: Work,
  platform: Platform,
  store: Store,
  log: Log,
  signal: AbortSignal,
): Promise<readonly Entry[]> {
  if (history.length > 0 || platform.earlier === undefined) return history;
  try {
    const messages = await withDeadline(patienceMs, signal, async (end) =>
      platform.earlier?.(turn.conversation, turn.messages, end),
    );
    const past: Entry[] = [];
    for (const message of messages ?? []) {
      const entry = await keep(message, store);
      if (entry !== undefined) past.push(entry);
    }
    return past;
  } catch (error) {
    if (signal.aborted || error instanceof ClaimLost) throw error;
    log.warn({ err: error }, 'what was said before is not known');
    return history;
  }
}

async function keep(said: Message, store: Store): Promise<Entry | undefined> {
  const tidy = tidyMessage(said);
  const text = tidy.text.slice(0, maxMessageChars).toWellFormed();
  if (text === '') return undefined;
  const tokens = countTokens(text);
  const message: Message = { ...tidy, text, kind: 'context' };
  await store.accept(message, { stops: false, tokens });
  const { id, author, sentAt: at } = message;
  return { id, role: 'user', author, text, at, tokens };
}
