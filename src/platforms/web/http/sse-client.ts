import type { LiveConversation, Subscriber } from '../conversations/live-conversations.ts';
import type { HistoryEntry } from '../../../core/domain/turn.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { ConversationView } from '../conversations/conversation-view.ts';

/** Longest time between two events, in ms, so that both ends notice a lost connection. */
const heartbeatMs = 15_000;
const heartbeat = 'event: beat\ndata: {}\n\n';
/** Delay of the browser's reconnection: 1 s. */
const opening = 'retry: 1000\n\n';

/**
 * An open page at its event stream: what was sent to it, and the events it needs next. A slow reader
 * gets fewer events, never older text.
 */
export class SseClient implements Subscriber {
  readonly #conversation: LiveConversation;
  readonly #onClose: () => void;
  readonly #sentEntries = new Set<string>();
  readonly #sentTexts = new Map<string, string>();
  #version = -1;
  #opened = false;
  #closed = false;
  #onNotify: (() => void) | undefined;

  constructor(conversation: LiveConversation, onClose: () => void) {
    this.#conversation = conversation;
    this.#onClose = onClose;
  }

  notify(): void {
    this.#onNotify?.();
  }

  /** Resolves to the next events, or the heartbeat; undefined once closed. */
  async nextEvents(): Promise<string | undefined> {
    if (!this.#opened) {
      this.#opened = true;
      return opening + this.#newEvents();
    }
    while (!this.#closed) {
      const events = this.#newEvents();
      if (events !== '') return events;
      if (!(await this.#notified())) return heartbeat;
    }
    return undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conversation.unsubscribe(this);
    this.#onClose();
    this.notify();
  }

  #newEvents(): string {
    if (this.#version === this.#conversation.version) return this.#newTextEvents();
    this.#version = this.#conversation.version;
    const view = this.#conversation.view();
    const event = stateEvent(view, this.#sentEntries);
    for (const { id } of view.entries) this.#sentEntries.add(id);
    this.#sentTexts.clear();
    for (const { key, text } of view.running?.pages ?? []) this.#sentTexts.set(key, text);
    return event;
  }

  #newTextEvents(): string {
    const live = this.#conversation.turn;
    if (live === undefined) return '';
    let events = '';
    for (const [key, { text }] of live.pages) {
      const sent = this.#sentTexts.get(key);
      // The script does not know pages that were not in the last state event.
      if (sent === undefined || sent === text) continue;
      events += pageEvent(live.id, key, sent, text);
      this.#sentTexts.set(key, text);
    }
    return events;
  }

  /** True after `notify`, false when a heartbeat is due. */
  #notified(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(false), heartbeatMs).unref();
      const done = (notified: boolean) => {
        clearTimeout(timer);
        this.#onNotify = undefined;
        resolve(notified);
      };
      this.#onNotify = () => done(true);
    });
  }
}

/** The whole conversation, without the entries that the page has already. */
function stateEvent(view: ConversationView, known: ReadonlySet<string>): string {
  return event('state', {
    ids: view.entries.map(({ id }) => id),
    entries: view.entries.filter(({ id }) => !known.has(id)).map(entryFields),
    running: view.running && {
      ...view.running,
      messages: view.running.messages.map(messageFields),
    },
    queued: view.queued.map(messageFields),
  });
}

/** New text of a page, as the difference from the text sent before. */
function pageEvent(turn: string, key: string, sent: string, text: string): string {
  let keep = 0;
  while (keep < sent.length && keep < text.length && sent[keep] === text[keep]) keep += 1;
  return event('page', { turn, key, keep, text: text.slice(keep) });
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** The fields of an entry for the page: without author, as there is only one, and token counts. */
function entryFields({ id, role, text, at, outcome, note }: HistoryEntry): Record<string, unknown> {
  return { id, role, text, at, outcome, note };
}

function messageFields({ id, text, sentAt }: Message): Record<string, unknown> {
  return { id, text, at: sentAt };
}
