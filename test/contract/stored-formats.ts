import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import type { ConversationId } from '../../src/core/domain/conversation.ts';
import type { Meter, UsageRow } from '../../src/core/ports/usage.ts';
import type {
  OpenConversation,
  Participation,
  StoredConversation,
  UnclaimedConversation,
} from '../../src/core/ports/store.ts';
import type { Claim } from '../../src/core/domain/turn.ts';

/** What the code that wrote a fixture read of it itself. */
export interface StoredData {
  /** Those that were still good. */
  readonly claims: Readonly<Record<ConversationId, Claim>>;
  readonly conversations: Readonly<
    Record<
      ConversationId,
      { readonly view: StoredConversation; readonly participation?: Participation }
    >
  >;
  readonly waiting: readonly UnclaimedConversation[];
  readonly inHand: readonly OpenConversation[];
  readonly active: Readonly<Record<'slack' | 'discord' | 'web', readonly ConversationId[]>>;
  readonly bookmarks: Readonly<Record<'slack' | 'discord', Readonly<Record<string, string>>>>;
  readonly pausedSince: number;
  readonly meters: readonly { readonly meter: Meter; readonly used: number }[];
  readonly usage: readonly UsageRow[];
}

/** A key of Redis as a fixture keeps it; its name without the prefix. */
interface KeptKey {
  readonly key: string;
  readonly ttlMs: number;
  readonly dump: string;
}

/** By the commit that wrote it; see the README beside them. */
const fixtures = join(import.meta.dirname, '../fixtures/formats');

export function writtenBy(commit: string, store: 'sqlite' | 'redis'): StoredData {
  const text = readFileSync(join(fixtures, commit, `${store}.json`), 'utf8');
  return JSON.parse(text) as StoredData;
}

/** Lays a store's file down in a folder, as it was when its process ended. */
export function laySqliteDown(commit: string, folder: string): void {
  copyFileSync(join(fixtures, commit, 'parley.db'), join(folder, 'parley.db'));
}

/**
 * Lays a store's keys down in a Redis under a prefix, each with the time that it had left.
 *
 * @param restarted the store finds another run of Redis than the one that it wrote to, as after a
 *   restart of Redis; else the same, as in an upgrade of Parley alone
 */
export async function layRedisDown(
  commit: string,
  client: Redis,
  prefix: string,
  { restarted = false }: { restarted?: boolean } = {},
): Promise<void> {
  const lines = readFileSync(join(fixtures, commit, 'redis.jsonl'), 'utf8')
    .trimEnd()
    .split('\n');
  const kept = lines.map((line) => JSON.parse(line) as KeptKey);
  await Promise.all(
    kept.map(({ key, ttlMs, dump }) =>
      client.restore(`${prefix}:${key}`, Math.max(0, ttlMs), Buffer.from(dump, 'base64')),
    ),
  );
  if (restarted) return;
  const run = /run_id:(\w+)/.exec(await client.info('server'))?.[1] ?? '';
  const runs = kept.map(({ key }) => key).filter((key) => key.endsWith(':run'));
  await Promise.all(
    runs.map(async (key) => {
      const [, since] = /^\w+ (.+)$/.exec((await client.get(`${prefix}:${key}`)) ?? '') ?? [];
      await client.set(`${prefix}:${key}`, `${run} ${since}`, 'KEEPTTL');
    }),
  );
}
