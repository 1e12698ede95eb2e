import { setImmediate } from 'node:timers/promises';
import type { Store, ConversationSummary, StoredConversation } from '../../../core/ports/store.ts';
import { titleOf } from './export.ts';

/** Conversations that are found at most. */
const mostFound = 50;
/** Texts are read up to so many characters: what is older is not searched. */
const mostRead = 20_000_000;
/** Messages of a conversation that are read, the newest. */
const mostEntries = 2_000;
/** Words of a question that count. */
const mostWords = 10;
/** Characters shown before what was found, and in all. */
const shownBefore = 30;
const shown = 120;

interface SearchHit {
  readonly summary: ConversationSummary;
  /** Where it was said; absent if the title says it. */
  readonly passage?: string;
}

/** What was found, latest first. */
export interface SearchResult {
  readonly hits: readonly SearchHit[];
  /** The search ended before all was read. */
  readonly more: boolean;
}

/**
 * Finds conversations by their titles and by what was said in them: those with a title or a
 * message that holds every word, in any case. Its cost grows with what is read, up to a bound.
 *
 * @param summaries latest first
 * @param signal nobody waits for the answer any more
 */
export async function search(
  store: Pick<Store, 'conversationView'>,
  summaries: readonly ConversationSummary[],
  wanted: string,
  signal: AbortSignal,
): Promise<SearchResult> {
  const words = folded(wanted).split(/\s+/).filter(Boolean).slice(0, mostWords);
  const found: SearchHit[] = [];
  let left = mostRead;
  for (const summary of summaries) {
    if (found.length >= mostFound || left <= 0 || signal.aborted)
      return { hits: found, more: true };
    if (indexIn(titleOf(summary), words) >= 0) {
      found.push({ summary });
      continue;
    }
    for (const text of textsOf(await store.conversationView(summary.conversation, mostEntries))) {
      left -= text.length;
      const place = indexIn(text, words);
      if (place < 0) continue;
      found.push({ summary, passage: passageAt(text, place) });
      break;
    }
    // The embedded store reads at once: others get their turn in between.
    await setImmediate();
  }
  return { hits: found, more: false };
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

/** Where the first of the words is, if the text holds them all; else -1. */
function indexIn(text: string, words: readonly string[]): number {
  const plain = folded(text);
  const places = words.map((word) => plain.indexOf(word));
  return places.includes(-1) ? -1 : (places[0] ?? -1);
}

function folded(text: string): string {
  return text.toLowerCase();
}

function passageAt(text: string, place: number): string {
  const from = Math.max(0, place - shownBefore);
  const piece = text
    .slice(from, from + shown)
    .toWellFormed()
    .replaceAll(/\s+/g, ' ')
    .trim();
  return `${from > 0 ? '…' : ''}${piece}${from + shown < text.length ? '…' : ''}`;
}
