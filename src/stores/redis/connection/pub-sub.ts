import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { StoreWatcher } from '../../../core/ports/store.ts';
import { type Client, type Connection, createClient } from './connection.ts';
import { withoutCommand } from './errors.ts';
import type { Target } from './redis-url.ts';

/** Between two tries to listen, in milliseconds. */
const pauseMs = 500;
/** A connection that only listens may be silent for ever. */
const neverMs = 2 ** 31 - 1;

/**
 * Tells what other instances put into the store, on a connection of its own that comes back by
 * itself. News that come while it is away are missed: whoever hears them looks from time to time.
 */
export class PubSub {
  readonly #connection: Connection;
  readonly #client: Client;
  readonly #channel: string;
  readonly #log: Log;
  readonly #watchers = new Set<StoreWatcher>();
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param connection on which news are told: a connection that listens can do nothing else */
  constructor(connection: Connection, target: Target, channel: string, log: Log) {
    this.#connection = connection;
    this.#client = createClient(target, neverMs);
    this.#channel = channel;
    this.#log = log;
    this.#client.on('message', (_channel: string, news: string) => this.#tell(news));
    this.#client.on('ready', () => this.#listen());
    this.#client.on('error', (error: unknown) => {
      this.#log.debug({ err: withoutCommand(error) }, 'redis connection for news failed');
    });
  }

  watch(watcher: StoreWatcher): void {
    this.#watchers.add(watcher);
    if (this.#watchers.size > 1) return;
    this.#client.connect().catch((error: unknown) => {
      this.#log.debug({ err: withoutCommand(error) }, 'redis connection for news failed');
    });
  }

  async publishLoad(owner: string, turns: number): Promise<void> {
    const { client } = this.#connection;
    await this.#connection.send(() => client.publish(this.#channel, `load\n${owner}\n${turns}`));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#client.disconnect();
  }

  #listen(): void {
    if (this.#closed) return;
    this.#client.subscribe(this.#channel).catch((error: unknown) => {
      this.#log.debug({ err: withoutCommand(error) }, 'news of other instances not heard');
      this.#retry = setTimeout(() => this.#listen(), pauseMs);
    });
  }

  #tell(news: string): void {
    const [what, first = '', second = ''] = news.split('\n');
    for (const watcher of this.#watchers) {
      if (what === 'ready') watcher.ready(first as ConversationId);
      if (what === 'stop') watcher.stop(second as ConversationId, first);
      if (what === 'load') watcher.load(first, Number(second) || 0);
    }
  }
}
