import type { HistoryEntry, PageRecord } from '../../../core/domain/turn.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { StoredConversation } from '../../../core/ports/store.ts';
import type { WorkingState } from '../../../core/ports/surface.ts';
import { PageSplitter } from '../../../core/reply/pages/page-splitter.ts';
import { webFormat } from '../surface.ts';

interface PageView {
  readonly key: string;
  readonly text: string;
}

interface TurnView {
  readonly id: string;
  readonly messages: readonly Message[];
  readonly pages: readonly PageView[];
  readonly working: WorkingState | undefined;
  readonly stopping: boolean;
}

/** A conversation as a page shows it. */
export interface ConversationView {
  readonly entries: readonly HistoryEntry[];
  readonly running: TurnView | undefined;
  readonly queued: readonly Message[];
}

/**
 * Puts together what the store knows and what this process shows already. The two were not read
 * in the same instant: whatever is in history is over, and no message is shown twice.
 */
export function conversationView(
  view: StoredConversation,
  live: LiveTurn | undefined,
): ConversationView {
  const past = new Set(view.history.map((entry) => entry.id));
  const running = shownTurn(view, live, past);
  const taken = new Set(running?.messages.map((message) => message.id));
  return {
    entries: view.history.filter((entry) => !taken.has(entry.id)),
    running,
    queued: view.queued.filter(({ id }) => !taken.has(id) && !past.has(id)),
  };
}

function shownTurn(
  view: StoredConversation,
  live: LiveTurn | undefined,
  past: ReadonlySet<string>,
): TurnView | undefined {
  const stored = view.running;
  if (live !== undefined && !past.has(live.id) && (!live.ended || stored?.id === live.id)) {
    const records = stored?.id === live.id ? stored.pages : [];
    return {
      id: live.id,
      messages: live.messages,
      pages: shownPages(records, live),
      working: live.working,
      stopping: stored?.id === live.id && stored.stopRequested,
    };
  }
  if (stored === undefined || past.has(stored.id)) return undefined;
  return {
    id: stored.id,
    messages: stored.messages,
    pages: shownPages(stored.pages, undefined),
    working: undefined,
    stopping: stored.stopRequested,
  };
}

function shownPages(records: readonly PageRecord[], live: LiveTurn | undefined): PageView[] {
  const places = new Map(records.map(({ key, index }) => [key, index]));
  const known = records.every(({ key }) => live?.pages.has(key));
  const texts = new Map(known ? [] : completePages(records));
  for (const [key, page] of live?.pages ?? []) {
    texts.set(key, page.text);
    if (page.index !== undefined) places.set(key, page.index);
  }
  return [...texts]
    .filter(([key]) => !live?.removed.has(key))
    .map(([key, text]) => ({ key, text, place: places.get(key) ?? Number.MAX_SAFE_INTEGER }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ key, text }) => ({ key, text }));
}

/**
 * What the pages of an earlier process read, by key. Their records hold slices of the source; a
 * page stands alone, so what an earlier one left open is opened again.
 */
function completePages(records: readonly PageRecord[]): [string, string][] {
  const pages = new PageSplitter(webFormat);
  pages.push(records.map(({ source }) => source).join(''));
  const last = pages.live();
  const texts = [...pages.frozen, ...(last === undefined ? [] : [last])].map(({ text }) => text);
  const matching = texts.length === records.length;
  return records.map(({ key, source }, at) => [key, (matching && texts[at]) || source]);
}

/** A page as this process wrote it. */
export interface LivePage {
  /** From 0; absent for a page that an earlier process posted: the store knows its place. */
  readonly index?: number;
  readonly text: string;
}

/** What a turn that this process works on shows right now; newer than what the store knows. */
export class LiveTurn {
  readonly id: string;
  readonly messages: readonly Message[];
  /** By the key of their post, which is their id, too. */
  readonly pages = new Map<string, LivePage>();
  /** Keys of pages that the store may still know. */
  readonly removed = new Set<string>();
  working: WorkingState | undefined;
  ended = false;

  constructor(id: string, messages: readonly Message[]) {
    this.id = id;
    this.messages = messages;
  }

  /** Makes a page read `text`; true if the page is new. */
  write(key: string, page: LivePage): boolean {
    const earlier = this.pages.get(key);
    this.pages.set(key, { ...earlier, ...page });
    this.removed.delete(key);
    return earlier === undefined;
  }

  remove(key: string): void {
    this.pages.delete(key);
    this.removed.add(key);
  }
}
