import type { Message } from '../../../core/domain/message.ts';
import type { StoredConversation } from '../../../core/ports/store.ts';
import type { WorkingState } from '../../../core/ports/surface.ts';
import { PageSplitter } from '../../../core/reply/pages/page-splitter.ts';
import type { HistoryEntry, PageRecord } from '../../../core/domain/turn.ts';
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

/** A conversation as the page shows it. */
export interface ConversationView {
  readonly entries: readonly HistoryEntry[];
  readonly running: TurnView | undefined;
  readonly queued: readonly Message[];
}

/**
 * The stored conversation with the newer live turn of this process. The two were not read in the
 * same instant: a turn in the history is finished, and no message appears twice.
 */
export function conversationView(
  view: StoredConversation,
  live: LiveTurn | undefined,
): ConversationView {
  const finished = new Set(view.history.map((entry) => entry.id));
  const running = turnView(view, live, finished);
  const inTurn = new Set(running?.messages.map((message) => message.id));
  return {
    entries: view.history.filter((entry) => !inTurn.has(entry.id)),
    running,
    queued: view.queued.filter(({ id }) => !inTurn.has(id) && !finished.has(id)),
  };
}

function turnView(
  view: StoredConversation,
  live: LiveTurn | undefined,
  finished: ReadonlySet<string>,
): TurnView | undefined {
  const stored = view.running;
  if (live !== undefined && !finished.has(live.id) && (!live.ended || stored?.id === live.id)) {
    const records = stored?.id === live.id ? stored.pages : [];
    return {
      id: live.id,
      messages: live.messages,
      pages: pageViews(records, live),
      working: live.working,
      stopping: stored?.id === live.id && stored.stopRequested,
    };
  }
  if (stored === undefined || finished.has(stored.id)) return undefined;
  return {
    id: stored.id,
    messages: stored.messages,
    pages: pageViews(stored.pages, undefined),
    working: undefined,
    stopping: stored.stopRequested,
  };
}

function pageViews(records: readonly PageRecord[], live: LiveTurn | undefined): PageView[] {
  const indexes = new Map(records.map(({ key, index }) => [key, index]));
  const known = records.every(({ key }) => live?.pages.has(key));
  const texts = new Map(known ? [] : completePages(records));
  for (const [key, page] of live?.pages ?? []) {
    texts.set(key, page.text);
    if (page.index !== undefined) indexes.set(key, page.index);
  }
  return [...texts]
    .filter(([key]) => !live?.removed.has(key))
    .map(([key, text]) => ({ key, text, index: indexes.get(key) ?? Number.MAX_SAFE_INTEGER }))
    .toSorted((a, b) => a.index - b.index)
    .map(({ key, text }) => ({ key, text }));
}

/**
 * Texts of pages that an earlier process wrote, by key. Records hold slices of the source, while a
 * page must be complete markdown: marks that stayed open on the page before are opened again.
 */
function completePages(records: readonly PageRecord[]): [string, string][] {
  const pages = new PageSplitter(webFormat);
  pages.push(records.map(({ source }) => source).join(''));
  const last = pages.live();
  const texts = [...pages.frozen, ...(last === undefined ? [] : [last])].map(({ text }) => text);
  const matching = texts.length === records.length;
  return records.map(({ key, source }, at) => [key, (matching && texts[at]) || source]);
}

/** A page written by this process. */
export interface LivePage {
  /** Position from 0; absent for a page of an earlier process, whose index is in the store. */
  readonly index?: number;
  readonly text: string;
}

/** A turn that runs in this process, with its pages; newer than the stored turn. */
export class LiveTurn {
  readonly id: string;
  readonly messages: readonly Message[];
  /** Pages by key, which is also their id. */
  readonly pages = new Map<string, LivePage>();
  /** Keys of removed pages, which the store may still list. */
  readonly removed = new Set<string>();
  working: WorkingState | undefined;
  ended = false;

  constructor(id: string, messages: readonly Message[]) {
    this.id = id;
    this.messages = messages;
  }

  /** Sets a page's text; true if the page is new. */
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
