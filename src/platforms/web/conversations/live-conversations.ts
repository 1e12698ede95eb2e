// Tested by test/integration/web-conversation.test.ts
import { HTTPException } from 'hono/http-exception';
import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Store } from '../../../core/ports/store.ts';
import { LiveConversation } from './live-conversation.ts';
import { SseClient } from '../http/sse-client.ts';

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
