import { SimpleShardingStrategy, type WebSocketOptions } from 'discord.js';

type Manager = Parameters<NonNullable<WebSocketOptions['buildStrategy']>>[0];

/**
 * All shards' connections, in this process. The library's own collection of them cannot be ended
 * while one of them connects: it goes on connecting, or its next failure ends the process.
 */
export class Shards extends SimpleShardingStrategy {
  readonly #manager: Manager;
  /** Those that Discord has said hello to. */
  readonly #greeted = new Set<number>();
  #ids: readonly number[] = [];

  constructor(manager: Manager) {
    super(manager);
    this.#manager = manager;
    this.#on('hello', (shard) => this.#greeted.add(shard));
    this.#on('closed', (shard) => this.#greeted.delete(shard));
  }

  override async spawn(shardIds: number[]): Promise<void> {
    await super.spawn(shardIds);
    this.#ids = shardIds;
  }

  override async destroy(options?: Parameters<SimpleShardingStrategy['destroy']>[0]) {
    if (this.#ids.length === 0) return;
    // Without an answer to this no shard connects once more.
    this.#manager.options.retrieveSessionInfo = () => new Promise(() => undefined);
    if (this.#allGreeted) return super.destroy(options);
    this.#on('hello', () => {
      if (this.#allGreeted) void super.destroy(options);
    });
  }

  #on(event: 'hello' | 'closed', listener: (shard: number) => void): void {
    // The enumeration of these names is hidden by another of the same name.
    const manager = this.#manager as unknown as {
      on(event: string, listener: (told: { shardId: number }) => void): void;
    };
    manager.on(event, ({ shardId }) => listener(shardId));
  }

  get #allGreeted(): boolean {
    return this.#ids.every((id) => this.#greeted.has(id));
  }
}
