import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { conversationId, type ConversationId } from '../../src/core/domain/conversation.ts';
import type { Message } from '../../src/core/domain/message.ts';
import type { Secrets, Store } from '../../src/core/ports/store.ts';
import { schemaVersion } from '../../src/stores/sqlite/schema.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';

const lease = { owner: 'test', leaseMs: 60_000 };
const options = { stops: false, tokens: 1 };
const here = conversationId('test', 'here');
const author = { id: 'U-ann', name: 'Ann' };

let folder: string;
let store: Store | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-format-'));
});

afterEach(async () => {
  await store?.close();
  store = undefined;
  rmSync(folder, { recursive: true });
});

async function open(
  times: { retentionMs?: number; seenMs?: number } = {},
): Promise<Store & { readonly secrets: Secrets }> {
  const opened = await openSqliteStore({ folder, retentionMs: 1e13, ...times });
  store = opened;
  return opened;
}

/** Looks into the file, or changes it, while no store has it. */
function inFile<T>(look: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(join(folder, 'parley.db'));
  try {
    return look(db);
  } finally {
    db.close();
  }
}

function question(conversation: ConversationId, id: string, rest: Partial<Message> = {}): Message {
  return { id, conversation, author, text: `text of ${id}`, sentAt: 1, kind: 'question', ...rest };
}

/** Something of each kind that a store keeps of a conversation. */
async function converse(conversation: ConversationId): Promise<void> {
  const opened = store ?? (await open());
  await opened.accept(question(conversation, 'A', { opens: true }), options);
  const work = await opened.claim(conversation, lease);
  await opened.storeEnding(work!.claim, { outcome: 'done', text: 'An answer.' });
  await opened.finish(work!.claim, lease, 1);
  await opened.accept(question(conversation, 'B', { kind: 'context' }), options);
  await opened.accept(question(conversation, 'C'), options);
  const next = await opened.claim(conversation, lease);
  await opened.savePage(next!.claim, { index: 0, key: 'k0', id: 'p0', source: 'Once' });
  await opened.accept(question(conversation, 'D'), options);
}

/** How many rows of each table are about a conversation. */
function rowsOf(conversation: ConversationId): Record<string, number> {
  return inFile((db) => {
    const tables = db
      .prepare(
        `SELECT s.name FROM sqlite_schema s, pragma_table_info(s.name) c
         WHERE s.type = 'table' AND c.name = 'conversation'`,
      )
      .all();
    const counts = tables.map(({ name }) => {
      const count = db.prepare(`SELECT count(*) AS n FROM ${String(name)} WHERE conversation = ?`);
      return [String(name), Number(count.get(conversation)?.['n'])] as const;
    });
    return Object.fromEntries(counts);
  });
}

describe('a file of the first version', () => {
  /** What later versions added. */
  const takeBack = `
    DROP TABLE finish; DROP TABLE bookmark; DROP TABLE meter; DROP TABLE usage;
    DROP TABLE secret;
    ALTER TABLE store DROP COLUMN pausedSince; ALTER TABLE participant DROP COLUMN name;
    DROP INDEX entry_by_author; DROP INDEX participant_by_person;
    PRAGMA user_version = 1;`;

  it('is brought up to date, with all that it held', async () => {
    await converse(here);
    const before = await store!.conversationView(here);
    await store!.close();
    inFile((db) => db.exec(takeBack));

    const again = await open();
    expect(await again.conversationView(here)).toEqual(before);
    await again.saveReadPositions('test', new Map([['C1', '1']]));
    expect(await again.readPositions('test')).toEqual(new Map([['C1', '1']]));
    expect(await again.secrets.keep('key', 'made')).toBe('made');
    const work = await again.claim(here, lease);
    await again.storeEnding(work!.claim, { outcome: 'done', text: 'Another.' });
    const next = await again.finish(work!.claim, lease, 1);
    expect(await again.finish(work!.claim, lease, 1)).toEqual(next);
    expect(await again.forgetPerson('test', author.id)).toEqual({ deleted: 3, remaining: 1 });
    await again.close();
    expect(inFile((db) => db.prepare('PRAGMA user_version').get())).toEqual({
      user_version: schemaVersion,
    });
  });
});

describe('what is forgotten', () => {
  it('is in no table any more', async () => {
    const there = conversationId('test', 'there');
    await converse(here);
    await converse(there);
    await store!.close();
    const before = rowsOf(here);
    expect(Object.keys(before).length).toBeGreaterThan(5);
    expect(Object.values(before)).not.toContain(0);

    await (await open()).forgetConversation(here);
    await store!.close();
    expect(Object.values(rowsOf(here)).filter((count) => count > 0)).toEqual([]);
    expect(rowsOf(there)).toEqual(before);
  });

  it('is in no table any more, either, when its time was over', async () => {
    const opened = await open({ retentionMs: 1, seenMs: 1 });
    await opened.accept(question(here, 'A'), options);
    const work = await opened.claim(here, lease);
    await opened.storeEnding(work!.claim, { outcome: 'done', text: 'An answer.' });
    await opened.finish(work!.claim, lease, 1);
    const finishedAt = Date.now();
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(finishedAt + 1));
    await opened.sweep();
    await opened.close();
    expect(Object.values(rowsOf(here)).filter((count) => count > 0)).toEqual([]);
  });

  it('is found without reading everything', async () => {
    await (await open()).close();
    const plans = inFile((db) =>
      [
        'DELETE FROM entry WHERE authorId = ?',
        'DELETE FROM question WHERE authorId = ?',
        'DELETE FROM participant WHERE person = ?',
      ].map((sql) => {
        const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql} AND conversation GLOB ? || ':*'`);
        return plan.all('U1', 'test')[0]?.['detail'];
      }),
    );
    for (const plan of plans) expect(plan).toMatch(/^SEARCH .* INDEX/);
  });
});

describe('a role', () => {
  it('is free after a restart: whoever had it is gone', async () => {
    expect(await (await open()).acquireLeadership('listen', lease)).toBe(true);
    await store!.close();
    expect(await (await open()).acquireLeadership('listen', { ...lease, owner: 'another' })).toBe(
      true,
    );
  });
});

describe('a finish that is repeated after a restart', () => {
  it('gives nothing, as the next turn is anybody’s by then, and doubles nothing', async () => {
    const opened = await open();
    await opened.accept(question(here, 'A'), options);
    const work = await opened.claim(here, lease);
    await opened.accept(question(here, 'B'), options);
    await opened.storeEnding(work!.claim, { outcome: 'done', text: 'An answer.' });
    await opened.finish(work!.claim, lease, 1);
    await opened.close();

    const again = await open();
    const before = await again.conversationView(here);
    expect(await again.finish(work!.claim, lease, 1)).toBeUndefined();
    expect(await again.conversationView(here)).toEqual(before);
    expect(await again.unclaimed()).toEqual([{ conversation: here, attempts: 1 }]);
  });
});
