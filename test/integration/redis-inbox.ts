import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { Store } from '../../src/core/ports/store.ts';
import { Codec } from '../../src/stores/redis/codec.ts';
import { Connection } from '../../src/stores/redis/connection.ts';
import { Forgetting } from '../../src/stores/redis/forgetting.ts';
import { Inbox } from '../../src/stores/redis/inbox.ts';
import { Keys } from '../../src/stores/redis/keys.ts';
import { boundsOf } from '../../src/stores/redis/options.ts';
import { Persons } from '../../src/stores/redis/persons.ts';
import { parseRedisUrl } from '../../src/stores/redis/url.ts';
import { Workbench } from '../../src/stores/redis/workbench.ts';
import { readableLog } from '../fakes/log.ts';
import { openStore } from './redis-world.ts';

/** Something else happens just after it was noted where somebody writes, or before that goes. */
class Interrupted extends Persons {
  meanwhile: (() => Promise<unknown>) | undefined;

  override async enrol(...inputs: Parameters<Persons['enrol']>): Promise<boolean> {
    const enrolled = await super.enrol(...inputs);
    await this.#interrupt();
    return enrolled;
  }

  override async note(...inputs: Parameters<Persons['note']>): Promise<void> {
    await super.note(...inputs);
    await this.#interrupt();
  }

  override async leave(...inputs: Parameters<Persons['leave']>): Promise<void> {
    await this.#interrupt();
    await super.leave(...inputs);
  }

  async #interrupt(): Promise<void> {
    const { meanwhile } = this;
    this.meanwhile = undefined;
    await meanwhile?.();
  }
}

export interface Started {
  readonly inbox: Inbox;
  readonly forgetting: Forgetting;
  readonly persons: Interrupted;
  /** Another instance. */
  readonly store: Store;
}

/** The inbox of an instance, and another instance beside it. */
export async function startInbox(url: string): Promise<Started> {
  const log = readableLog();
  const prefix = `test-${randomUUID()}`;
  const { store } = await openStore(url, { prefix });
  const bounds = boundsOf({ url, retentionMs: 1e12, log });
  const keys = new Keys(prefix);
  const connection = new Connection(parseRedisUrl(url), { patienceMs: 3_000, log });
  onTestFinished(() => connection.close());
  await connection.client.connect();
  const persons = new Interrupted(connection, keys, { ...bounds, log });
  const codec = new Codec(log);
  const workbench = new Workbench(connection, keys, codec, { ...bounds, log });
  const inbox = new Inbox({ connection, keys, persons, workbench, bounds, log });
  const forgetting = new Forgetting(connection, keys, codec, persons, []);
  return { inbox, forgetting, persons, store };
}
