// Tested by test/integration/web-conversation.test.ts
import { HTTPException } from 'hono/http-exception';
import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Store, StoredConversation } from '../../../core/ports/store.ts';
import { SseClient } from '../http/sse-client.ts';
import type { Message } from '../../../core/domain/message.ts';
import { conversationView, type ConversationView, LiveTurn } from './conversation-view.ts';

/** Most open pages of this process; further ones are refused. */
const maxClients = 1_000;
/**
 * Most open pages of one browser, by session or login. Further ones are refused; closing the oldest
 * instead would make it reconnect and close the next one.
 */
const maxClientsPerBrowser = 20;

/** The browser of an open page. */
export interface Browser {
  readonly session?: string | undefined;
  /** Id of the login, where the page has a password. */
  readonly login?: string | undefined;
}

/** The conversations with open pages or with a turn that runs in this process. */
export class LiveConversations {
  readonly #store: Store;
  readonly #log: Log;
  readonly #conversations = new Map<ConversationId, LiveConversation>();
  readonly #clients = new Map<SseClient, Browser>();
  #closed = false;

  constructor(store: Store, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** The live conversation, if it has open pages or a turn here. */
  find(conversation: ConversationId): LiveConversation | undefined {
    return this.#conversations.get(conversation);
  }

  ensure(conversation: ConversationId): LiveConversation {
    const found = this.#conversations.get(conversation);
    if (found !== undefined) return found;
    const live = new LiveConversation(conversation, this.#store, this.#log);
    this.#conversations.set(conversation, live);
    return live;
  }

  /** Logins of all open pages. */
  get logins(): ReadonlySet<string> {
    const logins = [...this.#clients.values()].map(({ login }) => login);
    return new Set(logins.filter((login) => login !== undefined));
  }

  /** Opens a page on a conversation. Throws an `HTTPException` at a limit, or `StoreUnavailable`. */
  async connect(conversation: ConversationId, browser: Browser = {}): Promise<SseClient> {
    if (this.#closed || this.#clients.size >= maxClients) {
      throw tooManyPages('Too many pages are open; close one, or try again in a minute.');
    }
    if (this.#openPages(browser) >= maxClientsPerBrowser) {
      throw tooManyPages(`This browser has ${maxClientsPerBrowser} pages open already; close one.`);
    }
    const live = this.ensure(conversation);
    const client = new SseClient(live, () => {
      this.#clients.delete(client);
      this.removeIfUnused(conversation);
    });
    this.#clients.set(client, browser);
    try {
      await live.subscribe(client);
    } catch (cause) {
      client.close();
      throw cause;
    }
    if (this.#closed) client.close();
    return client;
  }

  /** Drops a conversation without pages and without a turn. */
  removeIfUnused(conversation: ConversationId): void {
    if (this.#conversations.get(conversation)?.isUnused === true)
      this.#conversations.delete(conversation);
  }

  /** Closes every page; browsers reconnect by themselves. */
  close(): void {
    this.#closed = true;
    for (const client of this.#clients.keys()) client.close();
  }

  /** Closes the pages of a login. */
  closeLogin(login: string): void {
    for (const [client, browser] of this.#clients) {
      if (browser.login === login) client.close();
    }
  }

  /** Open pages of a browser: by its session or its login, whichever has more. */
  #openPages({ session, login }: Browser): number {
    let [ofSession, ofLogin] = [0, 0];
    for (const browser of this.#clients.values()) {
      if (session !== undefined && browser.session === session) ofSession += 1;
      if (login !== undefined && browser.login === login) ofLogin += 1;
    }
    return Math.max(ofSession, ofLogin);
  }
}

function tooManyPages(message: string): HTTPException {
  return new HTTPException(503, { message });
}

/** An open page of a conversation. */
export interface Subscriber {
  /** Called when the conversation changed; the subscriber reads what it needs. */
  notify(): void;
}

/** Interval of store reads while another process runs the turn, or after a failed read, in ms. */
const pollMs = 1_000;

/** A conversation with open pages, or with a turn that runs in this process. */
export class LiveConversation {
  readonly #conversation: ConversationId;
  readonly #store: Store;
  readonly #log: Log;
  readonly #subscribers = new Set<Subscriber>();
  #view: StoredConversation = { history: [], queued: [] };
  #turn: LiveTurn | undefined;
  #version = 0;
  #stale = false;
  /** Numbers of the newest read requested and loaded: reads of the store may overtake each other. */
  #lastRequested = 0;
  #lastLoaded = 0;
  #isLoading = false;
  #pollTimer: NodeJS.Timeout | undefined;

  constructor(conversation: ConversationId, store: Store, log: Log) {
    this.#conversation = conversation;
    this.#store = store;
    this.#log = log;
  }

  /** Number that grows with every change except to the text of an existing page. */
  get version(): number {
    return this.#version;
  }

  /** Whether it has neither open pages nor a turn here, so that it can be dropped. */
  get isUnused(): boolean {
    return this.#subscribers.size === 0 && this.#turn === undefined;
  }

  get turn(): LiveTurn | undefined {
    return this.#turn;
  }

  view(): ConversationView {
    return conversationView(this.#view, this.#turn);
  }

  /** Adds an open page and loads the view. Throws `StoreUnavailable`. */
  async subscribe(subscriber: Subscriber): Promise<void> {
    this.#subscribers.add(subscriber);
    await this.#loadView();
    this.#pollIfFollowing();
  }

  unsubscribe(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    if (this.#subscribers.size > 0) return;
    clearTimeout(this.#pollTimer);
    if (this.#turn?.ended === true) this.#turn = undefined;
  }

  /** Starts or restarts a turn in this process. */
  beginTurn(turn: string, messages: readonly Message[]): LiveTurn {
    const live = new LiveTurn(turn, messages);
    this.#turn = live;
    this.structureChanged();
    this.storeChanged();
    return live;
  }

  /** Ends a turn whose end is stored. */
  endTurn(turn: string): void {
    if (this.#turn?.id !== turn) return;
    this.#turn.ended = true;
    if (this.#subscribers.size === 0) this.#turn = undefined;
    this.storeChanged();
  }

  /** Reports new text of an existing page. */
  textChanged(): void {
    for (const subscriber of this.#subscribers) subscriber.notify();
  }

  /** Reports pages added or removed, or a new working state. */
  structureChanged(): void {
    this.#version += 1;
    this.textChanged();
  }

  /** Reports a change in the store. */
  storeChanged(): void {
    if (this.#subscribers.size === 0) return;
    this.#stale = true;
    if (!this.#isLoading) void this.#loadUntilFresh();
  }

  /** Loads again until nothing changed meanwhile; one loop at a time. */
  async #loadUntilFresh(): Promise<void> {
    this.#isLoading = true;
    try {
      while (this.#stale && this.#subscribers.size > 0) {
        this.#stale = false;
        await this.#loadView();
      }
      this.#pollIfFollowing();
    } catch (err) {
      this.#log.warn({ err, conversation: this.#conversation }, 'web page not refreshed');
      this.#pollSoon();
    } finally {
      this.#isLoading = false;
    }
  }

  async #loadView(): Promise<void> {
    // A view requested before the turn ended may lack its answer, and must not replace the live one.
    const ended = this.#turn?.ended === true ? this.#turn : undefined;
    this.#lastRequested += 1;
    const request = this.#lastRequested;
    const view = await this.#store.conversationView(this.#conversation);
    if (request < this.#lastLoaded) return;
    this.#lastLoaded = request;
    this.#view = view;
    if (ended !== undefined && this.#turn === ended) this.#turn = undefined;
    this.structureChanged();
  }

  /** With a shared store the turn may run in another process, which cannot notify this one. */
  #pollIfFollowing(): void {
    const elsewhere = this.#view.running !== undefined && this.#view.running.id !== this.#turn?.id;
    if (elsewhere || (this.#view.queued.length > 0 && this.#turn === undefined)) this.#pollSoon();
  }

  #pollSoon(): void {
    clearTimeout(this.#pollTimer);
    this.#pollTimer = setTimeout(() => this.storeChanged(), pollMs).unref();
  }
}
