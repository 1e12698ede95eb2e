// Tested by test/integration/redis-pub-sub.test.ts
import type { ConversationId } from '../../../core/domain/conversation.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { InstanceChannel, StoreWatcher } from '../../../core/ports/store.ts';
import { type Client, type Connection, createClient } from './connection.ts';
import { withoutCommand } from './errors.ts';
import type { Target } from './redis-url.ts';

/** Time between two tries to subscribe, in milliseconds. */
const retryMs = 500;
/** Longest silence of a subscribed connection, in milliseconds: for ever, as timers know it. */
const endlessMs = 2 ** 31 - 1;

/**
 * Publishes to the other instances, and receives from them on a connection of its own, which
 * reconnects by itself. What is published while it is offline is lost: `Store.unclaimed` finds it.
 */
export class PubSub implements InstanceChannel {
  readonly #connection: Connection;
  readonly #subscriber: Client;
  readonly #channel: string;
  readonly #log: Log;
  readonly #watchers = new Set<StoreWatcher>();
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param connection for publishing: a subscribed connection can send nothing else */
  constructor(connection: Connection, target: Target, channel: string, log: Log) {
    this.#connection = connection;
    this.#subscriber = createClient(target, endlessMs);
    this.#channel = channel;
    this.#log = log;
    this.#subscriber.on('message', (_channel: string, text: string) => this.#onMessage(text));
    this.#subscriber.on('ready', () => this.#subscribe());
    this.#subscriber.on('error', (error: unknown) => this.#onError(error));
  }

  watch(watcher: StoreWatcher): void {
    this.#watchers.add(watcher);
    if (this.#watchers.size > 1) return;
    this.#subscriber.connect().catch((error: unknown) => this.#onError(error));
  }

  async publishLoad(owner: string, turns: number): Promise<void> {
    const text = `load\n${owner}\n${turns}`;
    await this.#connection.send((client) => client.publish(this.#channel, text));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#subscriber.disconnect();
  }

  #subscribe(): void {
    if (this.#closed) return;
    this.#subscriber.subscribe(this.#channel).catch((error: unknown) => {
      this.#onError(error);
      this.#retry = setTimeout(() => this.#subscribe(), retryMs);
    });
  }

  #onMessage(text: string): void {
    const [what, first = '', second = ''] = text.split('\n');
    for (const watcher of this.#watchers) {
      if (what === 'ready') watcher.ready(first as ConversationId);
      if (what === 'stop') watcher.stop(second as ConversationId, first);
      if (what === 'load') watcher.load(first, Number(second) || 0);
    }
  }

  #onError(error: unknown): void {
    this.#log.debug({ err: withoutCommand(error) }, 'redis pub/sub connection failed');
  }
}
