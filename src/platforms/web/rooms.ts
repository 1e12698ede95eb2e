import type { ConversationId } from '../../core/conversation.ts';
import type { Log } from '../../core/ports/log.ts';
import type { Store } from '../../core/ports/store.ts';
import { Room } from './room.ts';
import { Viewer } from './viewer.ts';

/** More open pages than this are refused. */
const maxViewers = 1_000;

/** Too many pages are open; a later try may find room. */
export class Crowded extends Error {
  override readonly name = 'Crowded';
}

/** The conversations that somebody looks at or that have a turn running here. */
export class Rooms {
  readonly #store: Store;
  readonly #log: Log;
  readonly #rooms = new Map<ConversationId, Room>();
  readonly #viewers = new Set<Viewer>();
  #closed = false;

  constructor(store: Store, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** The conversation's room, if there is anybody to tell. */
  find(conversation: ConversationId): Room | undefined {
    return this.#rooms.get(conversation);
  }

  enter(conversation: ConversationId): Room {
    const found = this.#rooms.get(conversation);
    if (found !== undefined) return found;
    const room = new Room(conversation, this.#store, this.#log);
    this.#rooms.set(conversation, room);
    return room;
  }

  /** Opens a page on a conversation. Throws `Crowded` or `StoreUnavailable`. */
  async open(conversation: ConversationId): Promise<Viewer> {
    if (this.#closed || this.#viewers.size >= maxViewers) {
      throw new Crowded('Too many pages are open; close one, or try again in a minute.');
    }
    const room = this.enter(conversation);
    const viewer = new Viewer(room, () => {
      this.#viewers.delete(viewer);
      this.tidy(conversation);
    });
    this.#viewers.add(viewer);
    try {
      await room.join(viewer);
    } catch (cause) {
      viewer.close();
      throw cause;
    }
    if (this.#closed) viewer.close();
    return viewer;
  }

  /** Forgets a room that nobody needs. */
  tidy(conversation: ConversationId): void {
    if (this.#rooms.get(conversation)?.isEmpty === true) this.#rooms.delete(conversation);
  }

  /** Ends every open page; the browser comes back by itself. */
  close(): void {
    this.#closed = true;
    for (const viewer of this.#viewers) viewer.close();
  }
}
