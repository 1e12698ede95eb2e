import type { Subscriber, LiveConversation } from '../conversations/live-conversation.ts';
import type { HistoryEntry } from '../../../core/domain/turn.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { ConversationView } from '../conversations/conversation-view.ts';

/** An event at least this often, so that both ends notice when the other is gone. */
const heartbeatMs = 15_000;
const heartbeat = 'event: beat\ndata: {}\n\n';
/** The browser comes back this soon after a cut. */
const opening = 'retry: 1000\n\n';

/**
 * One open page: what it was sent, and what it must be sent next. Whoever reads slowly is sent
 * fewer steps, never older text.
 */
export class SseClient implements Subscriber {
  readonly #room: LiveConversation;
  readonly #onClose: () => void;
  readonly #knownEntries = new Set<string>();
  readonly #sentTexts = new Map<string, string>();
  #version = -1;
  #opened = false;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(room: LiveConversation, onClose: () => void) {
    this.#room = room;
    this.#onClose = onClose;
  }

  notify(): void {
    this.#wake?.();
  }

  /** The next events to send, waiting for them if need be; undefined once closed. */
  async nextEvents(): Promise<string | undefined> {
    if (!this.#opened) {
      this.#opened = true;
      return opening + this.#news();
    }
    while (!this.#closed) {
      const news = this.#news();
      if (news !== '') return news;
      if (!(await this.#woken())) return heartbeat;
    }
    return undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#room.unsubscribe(this);
    this.#onClose();
    this.notify();
  }

  #news(): string {
    if (this.#version === this.#room.version) return this.#newTexts();
    this.#version = this.#room.version;
    const picture = this.#room.view();
    const event = stateEvent(picture, this.#knownEntries);
    for (const { id } of picture.entries) this.#knownEntries.add(id);
    this.#sentTexts.clear();
    for (const { key, text } of picture.running?.pages ?? []) this.#sentTexts.set(key, text);
    return event;
  }

  #newTexts(): string {
    const live = this.#room.turn;
    if (live === undefined) return '';
    let events = '';
    for (const [key, { text }] of live.pages) {
      const sent = this.#sentTexts.get(key);
      // Of a page that is not shown, or not any more, the page's script knows nothing.
      if (sent === undefined || sent === text) continue;
      events += pageEvent(live.id, key, sent, text);
      this.#sentTexts.set(key, text);
    }
    return events;
  }

  /** True when woken, false when it is time for a sign of life. */
  #woken(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(false), heartbeatMs).unref();
      const done = (woken: boolean) => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve(woken);
      };
      this.#wake = () => done(true);
    });
  }
}

/** The whole conversation, but for the entries that the page has already. */
function stateEvent(picture: ConversationView, known: ReadonlySet<string>): string {
  return event('state', {
    ids: picture.entries.map(({ id }) => id),
    entries: picture.entries.filter(({ id }) => !known.has(id)).map(shownEntry),
    running: picture.running && {
      ...picture.running,
      messages: picture.running.messages.map(shownMessage),
    },
    queued: picture.queued.map(shownMessage),
  });
}

/** A page reads `text` now; only what differs from what was sent travels. */
function pageEvent(turn: string, key: string, sent: string, text: string): string {
  let keep = 0;
  while (keep < sent.length && keep < text.length && sent[keep] === text[keep]) keep += 1;
  return event('page', { turn, key, keep, text: text.slice(keep) });
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** What a page needs of an entry: no author, since there is only one, and no token counts. */
function shownEntry({ id, role, text, at, outcome, note }: HistoryEntry): Record<string, unknown> {
  return { id, role, text, at, outcome, note };
}

function shownMessage({ id, text, sentAt }: Message): Record<string, unknown> {
  return { id, text, at: sentAt };
}
