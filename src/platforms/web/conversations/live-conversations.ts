import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Store } from '../../../core/ports/store.ts';
import { LiveConversation } from './live-conversation.ts';
import { SseClient } from '../http/sse-client.ts';

/** More open pages than this are refused. */
const maxClients = 1_000;
/**
 * More of one browser, by its session or its login, are refused, too: they would take places from
 * others. Not the oldest is closed instead: it would come back and close the next one.
 */
const maxClientsPerBrowser = 20;

/** Whose page it is that looks. */
export interface Browser {
  readonly session?: string | undefined;
  /** Where a password is asked for. */
  readonly login?: string | undefined;
}

/** Too many pages are open; a later try may find room. */
export class TooManyPages extends Error {
  override readonly name = 'Crowded';
}

/** The conversations that somebody looks at or that have a turn running here. */
export class LiveConversations {
  readonly #store: Store;
  readonly #log: Log;
  readonly #rooms = new Map<ConversationId, LiveConversation>();
  readonly #viewers = new Map<SseClient, Browser>();
  #closed = false;

  constructor(store: Store, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** The conversation's room, if there is anybody to tell. */
  find(conversation: ConversationId): LiveConversation | undefined {
    return this.#rooms.get(conversation);
  }

  ensure(conversation: ConversationId): LiveConversation {
    const found = this.#rooms.get(conversation);
    if (found !== undefined) return found;
    const room = new LiveConversation(conversation, this.#store, this.#log);
    this.#rooms.set(conversation, room);
    return room;
  }

  /** By which logins pages are open. */
  get logins(): ReadonlySet<string> {
    const logins = [...this.#viewers.values()].map(({ login }) => login);
    return new Set(logins.filter((login) => login !== undefined));
  }

  /** Opens a page on a conversation. Throws `Crowded` or `StoreUnavailable`. */
  async connect(conversation: ConversationId, browser: Browser = {}): Promise<SseClient> {
    if (this.#closed || this.#viewers.size >= maxClients) {
      throw new TooManyPages('Too many pages are open; close one, or try again in a minute.');
    }
    if (this.#has(browser) >= maxClientsPerBrowser) {
      throw new TooManyPages(
        `This browser has ${maxClientsPerBrowser} pages open already; close one.`,
      );
    }
    const room = this.ensure(conversation);
    const viewer = new SseClient(room, () => {
      this.#viewers.delete(viewer);
      this.removeIfUnused(conversation);
    });
    this.#viewers.set(viewer, browser);
    try {
      await room.subscribe(viewer);
    } catch (cause) {
      viewer.close();
      throw cause;
    }
    if (this.#closed) viewer.close();
    return viewer;
  }

  /** Forgets a room that nobody needs. */
  removeIfUnused(conversation: ConversationId): void {
    if (this.#rooms.get(conversation)?.isUnused === true) this.#rooms.delete(conversation);
  }

  /** Ends every open page; the browser comes back by itself. */
  close(): void {
    this.#closed = true;
    for (const viewer of this.#viewers.keys()) viewer.close();
  }

  /** Ends the pages that were opened by a login. */
  closeLogin(login: string): void {
    for (const [viewer, browser] of this.#viewers) {
      if (browser.login === login) viewer.close();
    }
  }

  /** How many pages a browser has open, by what it has most with. */
  #has({ session, login }: Browser): number {
    let [ofSession, ofLogin] = [0, 0];
    for (const browser of this.#viewers.values()) {
      if (session !== undefined && browser.session === session) ofSession += 1;
      if (login !== undefined && browser.login === login) ofLogin += 1;
    }
    return Math.max(ofSession, ofLogin);
  }
}
