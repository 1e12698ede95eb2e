import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import type { ConversationId } from '../../src/core/domain/conversation.ts';
import type { Store } from '../../src/core/ports/store.ts';
import type { UsageBook, UsageRow } from '../../src/core/ports/usage.ts';
import { openRedisStore } from '../../src/stores/redis/redis-store.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { laySqliteDown, layRedisDown } from './stored-formats.ts';

const commit = '369fb11';
const times = { retentionMs: 1e13, seenMs: 1e13, usageMs: 1e13 };
const session = '0123456789abcdef0123456789abcdef';
/** Who asks on the page in this fixture. */
const visitor = 'visitor-0123456789abcdef';
const [finished, concluded] = ['1', '2'].map(
  (last) => `web:${session}:5f0c3f0e-0000-4000-8000-00000000000${last}`,
) as [ConversationId, ConversationId];

type AnyStore = Store & { readonly usage: UsageBook };

async function sqlite(): Promise<AnyStore> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-formats-'));
  laySqliteDown(commit, folder);
  const store = await openSqliteStore({ folder, ...times });
  onTestFinished(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return store;
}

async function redis(): Promise<AnyStore> {
  const url = inject('redisUrl');
  const prefix = `test-${randomUUID()}`;
  const client = new Redis(url);
  await layRedisDown(commit, client, prefix);
  await client.quit();
  const store = await openRedisStore({ url, prefix, log: recordingLog(), ...times });
  onTestFinished(() => store.close());
  return store;
}

function sumOf(rows: readonly UsageRow[]): number {
  return rows.reduce((sum, row) => sum + row.inputTokens + row.outputTokens + row.questions, 0);
}

describe.for([
  ['the embedded store', sqlite],
  ['Redis', redis],
] as const)(`what ${commit} kept in %s`, ([, open]) => {
  it('has a browser’s conversations, which can be named', async () => {
    const store = await open();
    const found = await store.conversationsOf('web', visitor, 10);
    expect(found.map(({ conversation }) => conversation).toSorted()).toEqual([finished, concluded]);
    for (const { conversation, firstText, name } of found) {
      const { history, running } = await store.conversationView(conversation);
      expect(firstText).toBe((history[0] ?? running!.messages[0])!.text);
      expect(name).toBeUndefined();
    }
    expect(await store.rename(finished, visitor, 'Mine')).toBe(true);
    const again = await store.conversationsOf('web', visitor, 10);
    expect(again.find(({ conversation }) => conversation === finished)?.name).toBe('Mine');
  });

  it('forgets a person, and not what was used', async () => {
    const store = await open();
    await store.rename(finished, visitor, 'Mine');
    const ann = 'T0TEAM:U0ANN';
    const before = await store.usage.read('2026-11-01');
    expect(before.some(({ person }) => person === `slack:${ann}`)).toBe(true);
    for (const [platform, person] of [
      ['slack', ann],
      ['web', visitor],
    ] as const) {
      await store.forgetPerson(platform, person);
    }
    const after = await store.usage.read('2026-11-01');
    expect(sumOf(after)).toBe(sumOf(before));
    expect(JSON.stringify(after)).not.toContain(ann);
    // One of its questions is at work still.
    const left = await store.conversationsOf('web', visitor, 10);
    expect(left.map(({ conversation }) => conversation)).not.toContain(finished);
  });
});
