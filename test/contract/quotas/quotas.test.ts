import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, inject, it, onTestFinished, vi } from 'vitest';
import { openSqliteStore } from '../../../src/stores/sqlite/sqlite-store.ts';
import { quotasInRedis, quotasInSqlite } from './open-quotas.ts';
import { quotasContract } from './quotas-contract.ts';

quotasContract('SQLite', quotasInSqlite);
quotasContract(
  'Redis',
  quotasInRedis(() => inject('redisUrl')),
);

it('SQLite: nothing stays in the file when its time is over', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-quotas-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const dayMs = 86_400_000;
  const store = await openSqliteStore({ folder, retentionMs: 1e13, usageMs: 2 * dayMs });
  const dayBefore = (days: number) =>
    new Date(Date.now() - days * dayMs).toISOString().slice(0, 10);
  const who = { platform: 'test', workspace: '', person: 'test:U1', model: 'a model' };
  const used = { questions: 1, answers: 1, inputTokens: 1, outputTokens: 1, countedTokens: 0 };
  for (const days of [0, 2, 3, 4]) {
    await store.usage.record({ day: dayBefore(days), ...who, ...used });
  }
  const meter = { scope: 'person', id: 'test:U1', unit: 'questions' } as const;
  await store.meters.add([{ meter, amount: 1, windowMs: 1_000 }]);
  await store.meters.add([{ meter: { ...meter, unit: 'tokens' }, amount: 1, windowMs: 60_000 }]);
  await vi.waitFor(async () => expect((await store.meters.read([meter]))[0]!.used).toBe(0), 5_000);
  await store.sweep();
  await store.close();

  const db = new DatabaseSync(join(folder, 'parley.db'));
  onTestFinished(() => db.close());
  const days = db.prepare('SELECT day FROM usage ORDER BY day DESC').all();
  expect(days.map(({ day }) => day)).toEqual([dayBefore(0), dayBefore(2)]);
  const keys = db.prepare('SELECT key FROM meter').all();
  expect(keys.map(({ key }) => key)).toEqual(['tokens:person:test:U1']);
});
