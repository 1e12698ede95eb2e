import { setImmediate } from 'node:timers/promises';
import type { Store, ConversationSummary, StoredConversation } from '../../../core/ports/store.ts';
import { titleOf } from './export.ts';

/** Most conversations in a result. */
const maxHits = 50;
/** Characters read by one search; older texts are left out. */
const maxReadChars = 20_000_000;
/** Messages read of a conversation, the newest. */
const maxEntries = 2_000;
/** Words of a search that count. */
const maxWords = 10;
/** Characters of a passage before the hit. */
const contextChars = 30;
/** Characters of a passage. */
const passageChars = 120;

interface SearchHit {
  readonly summary: ConversationSummary;
  /** Text around the hit; absent for a hit in the title. */
  readonly passage?: string;
}

/** Conversations that match, latest first. */
export interface SearchResult {
  readonly hits: readonly SearchHit[];
  /** Whether the search ended at a limit. */
  readonly more: boolean;
}

/**
 * Searches conversations: a hit has every word in its title or in one message, in any case. Reads at
 * most 20 million characters.
 *
 * @param summaries latest first
 * @param signal ends the search early
 */
export async function search(
  store: Pick<Store, 'conversationView'>,
  summaries: readonly ConversationSummary[],
  text: string,
  signal: AbortSignal,
): Promise<SearchResult> {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean).slice(0, maxWords);
  const hits: SearchHit[] = [];
  let left = maxReadChars;
  for (const summary of summaries) {
    if (hits.length >= maxHits || left <= 0 || signal.aborted) return { hits, more: true };
    if (indexIn(titleOf(summary), words) >= 0) {
      hits.push({ summary });
      continue;
    }
    for (const entry of textsOf(await store.conversationView(summary.conversation, maxEntries))) {
      left -= entry.length;
      const index = indexIn(entry, words);
      if (index < 0) continue;
      hits.push({ summary, passage: passageAt(entry, index) });
      break;
    }
    // SQLite reads synchronously: other requests run in between.
    await setImmediate();
  }
  return { hits, more: false };
}

/** Newest first. */
function textsOf({ history, running, queued }: StoredConversation): string[] {
  const texts = [
    ...history.map(({ text }) => text),
    ...(running?.messages ?? []).map(({ text }) => text),
    (running?.pages ?? []).map(({ source }) => source).join(''),
    ...queued.map(({ text }) => text),
  ];
  return texts.toReversed();
}

/** Index of the first word, if the text has all words; else -1. */
function indexIn(text: string, words: readonly string[]): number {
  const plain = text.toLowerCase();
  const indexes = words.map((word) => plain.indexOf(word));
  return indexes.includes(-1) ? -1 : (indexes[0] ?? -1);
}

function passageAt(text: string, index: number): string {
  const from = Math.max(0, index - contextChars);
  const piece = text
    .slice(from, from + passageChars)
    .toWellFormed()
    .replaceAll(/\s+/g, ' ')
    .trim();
  return `${from > 0 ? '…' : ''}${piece}${from + passageChars < text.length ? '…' : ''}`;
}
