import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Store, StoredConversation } from '../../../core/ports/store.ts';
import { LiveTurn, conversationView, type ConversationView } from './conversation-view.ts';

/** Somebody who looks at a conversation. */
export interface Subscriber {
  /** There is something new to see. */
  notify(): void;
}

/**
 * How often the store is asked while somebody looks at what another process writes, or the store
 * could not be read.
 */
const pollMs = 1_000;

/** One conversation, while somebody looks at it or a turn of it runs here. */
export class LiveConversation {
  readonly #conversation: ConversationId;
  readonly #store: Store;
  readonly #log: Log;
  readonly #onlookers = new Set<Subscriber>();
  #view: StoredConversation = { history: [], queued: [] };
  #live: LiveTurn | undefined;
  #version = 0;
  #stale = false;
  /** Answers of the store may overtake each other: the number of the newest asked and loaded. */
  #asked = 0;
  #loaded = 0;
  #reading = false;
  #poll: NodeJS.Timeout | undefined;

  constructor(conversation: ConversationId, store: Store, log: Log) {
    this.#conversation = conversation;
    this.#store = store;
    this.#log = log;
  }

  /** Grows with every change but the text of a page that is there already. */
  get version(): number {
    return this.#version;
  }

  /** Nobody looks and nothing runs: the store alone knows enough. */
  get isUnused(): boolean {
    return this.#onlookers.size === 0 && this.#live === undefined;
  }

  get turn(): LiveTurn | undefined {
    return this.#live;
  }

  view(): ConversationView {
    return conversationView(this.#view, this.#live);
  }

  /** Lets somebody look. Throws `StoreUnavailable` if there is nothing to be seen. */
  async subscribe(onlooker: Subscriber): Promise<void> {
    this.#onlookers.add(onlooker);
    await this.#load();
    this.#pollIfFollowing();
  }

  unsubscribe(onlooker: Subscriber): void {
    this.#onlookers.delete(onlooker);
    if (this.#onlookers.size > 0) return;
    clearTimeout(this.#poll);
    if (this.#live?.ended === true) this.#live = undefined;
  }

  /** A turn starts, or starts again, in this process. */
  beginTurn(turn: string, messages: readonly Message[]): LiveTurn {
    const live = new LiveTurn(turn, messages);
    this.#live = live;
    this.#restructured();
    this.storeChanged();
    return live;
  }

  /** A turn is over, and the store knows it. */
  endTurn(turn: string): void {
    if (this.#live?.id !== turn) return;
    this.#live.ended = true;
    if (this.#onlookers.size === 0) this.#live = undefined;
    this.storeChanged();
  }

  /** The text of a page that is there already has changed. */
  textChanged(): void {
    for (const onlooker of this.#onlookers) onlooker.notify();
  }

  /** Pages came or went, or the working mark changed. */
  structureChanged(): void {
    this.#restructured();
  }

  /** The store knows something new about this conversation. */
  storeChanged(): void {
    if (this.#onlookers.size === 0) return;
    this.#stale = true;
    if (!this.#reading) void this.#read();
  }

  /** Reads until nothing changed meanwhile; one reader at a time. */
  async #read(): Promise<void> {
    this.#reading = true;
    try {
      while (this.#stale && this.#onlookers.size > 0) {
        this.#stale = false;
        await this.#load();
      }
      this.#pollIfFollowing();
    } catch (err) {
      this.#log.warn({ err, conversation: this.#conversation }, 'web page not refreshed');
      this.#pollSoon();
    } finally {
      this.#reading = false;
    }
  }

  async #load(): Promise<void> {
    // Only a view that was asked for after the turn ended may take the place of what it showed.
    const over = this.#live?.ended === true ? this.#live : undefined;
    this.#asked += 1;
    const asked = this.#asked;
    const view = await this.#store.conversationView(this.#conversation);
    if (asked < this.#loaded) return;
    this.#loaded = asked;
    this.#view = view;
    if (over !== undefined && this.#live === over) this.#live = undefined;
    this.#restructured();
  }

  #restructured(): void {
    this.#version += 1;
    this.textChanged();
  }

  /** With a shared store the turn may run in another process, which cannot wake us. */
  #pollIfFollowing(): void {
    const elsewhere = this.#view.running !== undefined && this.#view.running.id !== this.#live?.id;
    if (elsewhere || (this.#view.queued.length > 0 && this.#live === undefined)) this.#pollSoon();
  }

  #pollSoon(): void {
    clearTimeout(this.#poll);
    this.#poll = setTimeout(() => this.storeChanged(), pollMs).unref();
  }
}
