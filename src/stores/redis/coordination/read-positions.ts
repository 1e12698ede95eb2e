import type { Connection } from '../connection/connection.ts';
import type { Keys } from '../keys.ts';

/** How far the places of platforms were read. */
export class Bookmarks {
  readonly #connection: Connection;
  readonly #keys: Keys;
  readonly #retentionMs: number;

  constructor(connection: Connection, keys: Keys, retentionMs: number) {
    this.#connection = connection;
    this.#keys = keys;
    this.#retentionMs = retentionMs;
  }

  async all(platform: string): Promise<ReadonlyMap<string, string>> {
    const keys = this.#keys.ofPlatform(platform);
    const retentionMs = this.#retentionMs;
    const found = (await this.#connection.run('read-positions', keys, { retentionMs })) as string[];
    const marks = new Map<string, string>();
    for (let i = 0; i + 1 < found.length; i += 2) marks.set(found[i] ?? '', found[i + 1] ?? '');
    return marks;
  }

  async mark(platform: string, marks: ReadonlyMap<string, string>): Promise<void> {
    const keys = this.#keys.ofPlatform(platform);
    const retentionMs = this.#retentionMs;
    await this.#connection.run('save-read-positions', keys, { retentionMs }, [...marks].flat());
  }
}
