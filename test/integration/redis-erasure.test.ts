import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, inject, it, onTestFinished } from 'vitest';
import type { Store } from '../../src/core/ports/store.ts';
import { RecordReader } from '../../src/stores/redis/records.ts';
import { Connection } from '../../src/stores/redis/connection/connection.ts';
import { Erasure } from '../../src/stores/redis/deletion.ts';
import { Inbox } from '../../src/stores/redis/conversations/inbox.ts';
import { Keys } from '../../src/stores/redis/keys.ts';
import { scriptArgsOf } from '../../src/stores/redis/redis-store.ts';
import { PersonIndex } from '../../src/stores/redis/conversations/person-index.ts';
import { parseRedisUrl } from '../../src/stores/redis/connection/redis-url.ts';
import { Turns } from '../../src/stores/redis/conversations/turns.ts';
import {
  alice,
  questionOptions,
  context,
  eventually,
  newConversation,
  question,
} from '../contract/store/store-fixture.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { type RedisCluster, startCluster } from '../redis/cluster.ts';
import { openStore } from '../redis/open-store.ts';

let cluster: RedisCluster;
beforeAll(async () => {
  cluster = await startCluster(2);
});
afterAll(() => cluster.stop());

const ann = { id: 'U-ann', name: 'Ann' };

/** Something else happens just after it was noted where somebody writes, or before that goes. */
class Interrupted extends PersonIndex {
  meanwhile: (() => Promise<unknown>) | undefined;

  override async reserve(...inputs: Parameters<PersonIndex['reserve']>): Promise<boolean> {
    const reserved = await super.reserve(...inputs);
    await this.#interrupt();
    return reserved;
  }

  override async note(...inputs: Parameters<PersonIndex['note']>): Promise<void> {
    await super.note(...inputs);
    await this.#interrupt();
  }

  override async unnoteAll(...inputs: Parameters<PersonIndex['unnoteAll']>): Promise<void> {
    await this.#interrupt();
    await super.unnoteAll(...inputs);
  }

  async #interrupt(): Promise<void> {
    const { meanwhile } = this;
    this.meanwhile = undefined;
    await meanwhile?.();
  }
}

interface Started {
  readonly inbox: Inbox;
  readonly erasure: Erasure;
  readonly persons: Interrupted;
  /** Another instance. */
  readonly store: Store;
}

/** An instance whose next message comes in just while another one forgets Ann. */
async function start(url: string): Promise<Started> {
  const log = recordingLog();
  const prefix = `test-${randomUUID()}`;
  const { store } = await openStore(url, { prefix });
  const keys = new Keys(prefix);
  const scriptArgs = scriptArgsOf({ retentionMs: 1e12 }, keys);
  const connection = new Connection(parseRedisUrl(url), { patienceMs: 3_000, scriptArgs, log });
  onTestFinished(() => connection.close());
  await connection.client.connect();
  const persons = new Interrupted(connection, keys, log);
  const reader = new RecordReader(log);
  const turns = new Turns(connection, keys, reader, log);
  persons.meanwhile = () => store.forgetPerson('test', ann.id);
  const inbox = new Inbox({ connection, keys, persons, turns, log });
  const erasure = new Erasure({ connection, keys, reader, persons, others: [] });
  return { inbox, erasure, persons, store };
}

/** What came in meanwhile is found by whoever is asked to forget them again. */
async function forgotten(store: Store): Promise<void> {
  await eventually(async () => {
    expect(await store.forgetPerson('test', ann.id)).toEqual({ deleted: 1, remaining: 0 });
  });
}

it.each([
  ['a question', question],
  ['what was said besides', context],
])('finds %s that a cluster took in while its author was being forgotten', async (_what, said) => {
  const { inbox, store } = await start(cluster.url);
  await inbox.accept(said(newConversation(), 'A', { author: ann }), questionOptions);
  await forgotten(store);
});

it('finds a question that was claimed as it came while its author was being forgotten', async () => {
  const { inbox, store } = await start(cluster.url);
  const c = newConversation();
  const { work } = await inbox.acceptAndClaim(
    question(c, 'A', { author: ann }),
    questionOptions,
    alice,
  );
  await store.release(work!.claim, { countAttempt: false });
  await eventually(async () => {
    expect(await store.forgetPerson('test', ann.id)).toEqual({ deleted: 0, remaining: 1 });
  });
});

it('finds what was said before that was read while its author was being forgotten', async () => {
  const { inbox, store } = await start(inject('redisUrl'));
  await inbox.addEarlierHistory(newConversation(), [
    { id: 'A', role: 'user', author: ann, text: 'A', at: Date.now(), tokens: 1 },
  ]);
  await forgotten(store);
});

it('finds what came into a conversation while that was being forgotten', async () => {
  const { inbox, erasure, persons, store } = await start(inject('redisUrl'));
  persons.meanwhile = undefined;
  const c = newConversation();
  await inbox.accept(question(c, 'A', { author: ann }), questionOptions);
  persons.meanwhile = () => inbox.accept(question(c, 'B', { author: ann }), questionOptions);
  expect(await erasure.forgetConversation(c)).toBe(1);
  await forgotten(store);
});
