import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BadConfiguration, StoreUnavailable } from '../../src/core/domain/errors.ts';
import { conversationId } from '../../src/core/domain/conversation.ts';
import type { Message } from '../../src/core/domain/message.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { Database, WalSync } from '../../src/stores/sqlite/connection/database.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';
import { killWithParent } from '../processes/kill-with-parent.ts';

const lease = { owner: 'test', leaseMs: 60_000 };
const options = { stops: false, tokens: 1 };
const retentionMs = 1e13;

let folder: string;
let stores: Store[];
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-faults-'));
  stores = [];
  children = [];
});

afterEach(async () => {
  for (const store of stores) await store.close();
  for (const child of children) await kill(child);
  rmSync(folder, { recursive: true });
});

async function open(settings: { maxPages?: number; retentionMs?: number } = {}): Promise<Store> {
  const store = await openSqliteStore({ folder, retentionMs, ...settings });
  stores.push(store);
  return store;
}

function question(place: string, id: string, text = id): Message {
  const conversation = conversationId('test', place);
  return { id, conversation, author: { id: 'U1' }, text, sentAt: 1_000, kind: 'question' };
}

/** The sentence that a person reads who starts Parley on this folder. */
async function refusal(path = folder): Promise<string> {
  const error: unknown = await openSqliteStore({ folder: path, retentionMs }).catch(
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(BadConfiguration);
  return (error as Error).message;
}

interface Fact {
  readonly fact: 'open' | 'accepted' | 'posted' | 'concluded' | 'finished' | 'refused';
  readonly conversation: string;
  readonly id: string;
  readonly turn: string;
  readonly message: string;
}

/** Another process on the folder. */
function start(task: 'hold' | 'write', round = 0): { child: ChildProcess; facts: Fact[] } {
  const script = fileURLToPath(new URL('../processes/sqlite-store-process.ts', import.meta.url));
  const child = spawn(process.execPath, [script, folder, task, `${round}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  killWithParent(child);
  children.push(child);
  const facts: Fact[] = [];
  createInterface(child.stdout).on('line', (line) => facts.push(JSON.parse(line) as Fact));
  return { child, facts };
}

async function hear(child: ChildProcess, enough: () => boolean): Promise<void> {
  while (!enough()) await once(child.stdout!, 'data');
}

/** As kill -9 does; resolves when all that it said has been heard. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'close');
}

describe('a folder that cannot be used', () => {
  it.each([
    ['below a file', () => join(import.meta.filename, 'data')],
    ['where no folder can be made', () => '/proc/parley/data'],
  ])('says so: %s', async (_, path) => {
    const message = await refusal(path());
    expect(message).toContain(path());
    expect(message).toContain('DATA_DIR');
  });

  it('says so if others use it, and leaves their access as it is', async () => {
    chmodSync(folder, 0o1777);
    expect(await refusal()).toContain(`such as ${join(folder, 'parley')}`);
    expect(statSync(folder).mode & 0o7777).toBe(0o1777);
    expect(await refusal('/')).toContain('shared');
  });

  it('says so if a folder has the name of the database', async () => {
    mkdirSync(join(folder, 'parley.db'));
    expect(await refusal()).toContain('is not a file');
  });
});

describe('access', () => {
  it('leaves a folder of somebody else’s, and a file, just as they were', async () => {
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'index.html'), 'a web site');
    expect(await refusal()).toContain('holds other files, such as index.html');
    expect(statSync(folder).mode & 0o777).toBe(0o755);
    const file = join(folder, 'index.html');
    chmodSync(file, 0o644);
    expect(await refusal(file)).toMatch(/set DATA_DIR to another/i);
    expect(statSync(file).mode & 0o777).toBe(0o644);
  });

  it('is this user’s alone, also for a folder and a file that were open to others', async () => {
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'parley.db'), '', { mode: 0o644 });
    const store = await open();
    await store.accept(question('C', 'A'), options);
    const modeOf = (name: string): string =>
      (statSync(join(folder, name)).mode & 0o777).toString(8);
    expect(modeOf('.')).toBe('700');
    expect(['parley.db', 'parley.db-wal', 'holder.json'].map(modeOf)).toEqual([
      '600',
      '600',
      '600',
    ]);
  });

  it('makes the folder with those above it', async () => {
    const inner = join(folder, 'a/b/c');
    stores.push(await openSqliteStore({ folder: inner, retentionMs }));
    expect(statSync(inner).mode & 0o777).toBe(0o700);
  });
});

describe('a file that is not as expected', () => {
  const database = (): string => join(folder, 'parley.db');

  /** A sound file with content in each table. */
  async function fill(): Promise<void> {
    const store = await open();
    for (let i = 0; i < 40; i += 1) {
      const message = question(`${i}`, `${i}`, 'x'.repeat(2_000));
      await store.accept({ ...message, kind: i % 2 === 0 ? 'context' : 'question' }, options);
    }
    await store.close();
  }

  const cases: [string, () => Promise<void> | void, RegExp][] = [
    [
      'no database',
      () => writeFileSync(database(), 'Dear diary, '.repeat(1_000)),
      /is not a Parley database/,
    ],
    [
      'another program’s database',
      () => {
        const db = new DatabaseSync(database());
        db.exec('CREATE TABLE recipe (name TEXT)');
        db.close();
      },
      /another program's database/,
    ],
    [
      'one of a newer version',
      async () => {
        await fill();
        const db = new DatabaseSync(database());
        db.exec('PRAGMA user_version = 99');
        db.close();
      },
      /newer version of Parley \(its format is 99/,
    ],
    [
      'one damaged in the middle',
      async () => {
        await fill();
        const bytes = readFileSync(database());
        writeFileSync(database(), bytes.fill(0xff, 8 * 4_096, 16 * 4_096));
      },
      /is damaged .* backup/,
    ],
    [
      'one that lost its second half',
      async () => {
        await fill();
        truncateSync(database(), Math.floor(statSync(database()).size / 8_192) * 4_096);
      },
      /is damaged .* backup/,
    ],
  ];

  it.each(cases)('is refused with what to do, and left as it is: %s', async (_, prepare, says) => {
    await prepare();
    const before = readFileSync(database());
    const message = await refusal();
    expect(message).toMatch(says);
    expect(message).toContain(database());
    expect(message).toContain('DATA_DIR');
    expect(readFileSync(database()).equals(before)).toBe(true);
  });

  it('is told when it is found only later', async () => {
    const filling = await open();
    for (let i = 0; i < 200; i += 1) {
      const text = 'x'.repeat(30_000);
      await filling.accept({ ...question(`${i}`, 'A', text), kind: 'context' }, options);
    }
    await filling.close();
    const store = await open();
    // By another process: closing a handle in this one would give up its lock on the file.
    const pages = statSync(database()).size / 4_096;
    const dd = `dd if=/dev/urandom of=${database()} bs=4096 seek=1 count=${pages - 1} conv=notrunc`;
    expect(spawnSync('sh', ['-c', dd]).status).toBe(0);
    const views = await Promise.allSettled(
      Array.from({ length: 200 }, (_, i) => store.conversationView(conversationId('test', `${i}`))),
    );
    const errors = views.flatMap((view) => (view.status === 'rejected' ? [view.reason] : []));
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors as StoreUnavailable[]) {
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect(error.reason).toBe('damaged');
      expect(error.cause).toBeInstanceOf(Error);
    }
  });
});

describe('a disk that does not keep what it took', () => {
  it('ends the store rather than promise what may be gone', async () => {
    const db = new DatabaseSync(':memory:');
    db.exec('CREATE TABLE t (x TEXT)');
    // A device that cannot be synced stands for a disk that fails to.
    const database = new Database(db, await WalSync.open('/dev/null'));
    const insert = database.query('INSERT INTO t VALUES (?)');
    const damaged = { name: 'StoreUnavailable', reason: 'damaged' };
    database.write(() => insert.run('A'));
    await expect(database.durable()).rejects.toMatchObject(damaged);
    expect(() => database.write(() => insert.run('B'))).toThrow(expect.objectContaining(damaged));
    await expect(database.durable()).rejects.toMatchObject(damaged);
    await expect(database.close()).rejects.toThrow('EINVAL');
    expect(db.isOpen).toBe(false);
  });
});

describe('two on one folder', () => {
  it('refuses the second process, and says who the first is', async () => {
    const first = start('hold');
    await hear(first.child, () => first.facts.length > 0);
    const message = await refusal();
    expect(message).toContain(folder);
    expect(message).toContain(`process ${first.child.pid} on `);
    expect(message).toContain('DATA_DIR');

    await kill(first.child);
    const store = await open();
    await expect(store.checkWritable()).resolves.toBeUndefined();
  });

  it('refuses a second store in the same process, and keeps the lock all the same', async () => {
    const store = await open();
    expect(await refusal()).toContain(`process ${process.pid} on `);
    const second = start('hold');
    await once(second.child, 'close');
    expect(second.facts).toMatchObject([{ fact: 'refused' }]);
    expect(second.facts[0]?.message).toContain(`process ${process.pid} on `);
    expect(await store.accept(question('C', 'A'), options)).toBe('queued');
  });

  it('refuses without knowing whom, if the note is unreadable', async () => {
    await open();
    writeFileSync(join(folder, 'holder.json'), '{"pid": 1');
    expect(await refusal()).toContain('in use by another process');
  });

  it('leaves the folder to the next as soon as it is closed', async () => {
    await (await open()).close();
    const store = await open();
    await stores[0]?.close();
    expect(readFileSync(join(folder, 'holder.json'), 'utf8')).toContain(`${process.pid}`);
    await expect(store.checkWritable()).resolves.toBeUndefined();
  });
});

describe('a store that is full', () => {
  const maxPages = 1_024;
  const full = { name: 'StoreUnavailable', reason: 'full' };
  const longText = '漢'.repeat(50_000);

  /** Questions until no more is taken; returns where those are that were. */
  async function fill(store: Store): Promise<Message[]> {
    const taken: Message[] = [];
    let outcome: unknown;
    for (;;) {
      const message = question(randomUUID(), 'A', 'x'.repeat(5_000));
      outcome = await store.accept(message, options).catch((error: unknown) => error);
      if (outcome !== 'queued') break;
      taken.push(message);
    }
    expect(outcome).toMatchObject(full);
    return taken;
  }

  it('refuses new questions visibly, and keeps nothing of them', async () => {
    const store = await open({ maxPages });
    const taken = await fill(store);
    expect(taken.length).toBeGreaterThan(5);
    const refused = question('one more', 'A');
    expect(await store.conversationView(refused.conversation)).toEqual({ history: [], queued: [] });
    await expect(store.accept(refused, options)).rejects.toMatchObject(full);
    await expect(store.accept({ ...refused, kind: 'context' }, options)).rejects.toMatchObject(
      full,
    );
    const past = { id: 'past', role: 'user', text: longText, at: 1, tokens: 1 } as const;
    await expect(store.addEarlierHistory(refused.conversation, [past])).rejects.toMatchObject(full);
    expect(await store.conversationView(refused.conversation)).toEqual({ history: [], queued: [] });
    await expect(store.checkWritable()).rejects.toMatchObject(full);
    const waiting = await store.unclaimed();
    expect(waiting).toHaveLength(taken.length);
  });

  it('does not take a change for which there is no room, and goes on with the old text', async () => {
    const store = await open({ maxPages });
    const [first] = await fill(store);
    const { conversation, id, text } = first!;
    await expect(store.revise(conversation, id, longText, 1)).rejects.toMatchObject(full);
    expect((await store.conversationView(conversation)).queued[0]?.text).toBe(text);
    expect(await store.withdraw(conversation, id)).toBe(true);
  });

  it('still answers all that it took in, at any length', async () => {
    const store = await open({ maxPages });
    const taken = await fill(store);
    const works = await Promise.all(taken.map((each) => store.claim(each.conversation, lease)));
    for (const work of works) {
      for (let index = 0; index < 20; index += 1) {
        const page = { index, key: `k${index}`, id: `p${index}`, source: longText.slice(0, 2_500) };
        await store.savePage(work!.claim, page);
      }
    }
    for (const work of works) {
      await store.storeEnding(work!.claim, { outcome: 'done', text: longText });
    }
    for (const work of works) await store.finish(work!.claim, lease, 1);
    for (const { conversation, text } of taken) {
      const { history, queued } = await store.conversationView(conversation);
      expect(history.map((entry) => entry.text)).toEqual([text, longText]);
      expect(queued).toEqual([]);
    }
  });

  it('takes questions again once the sweep has made room', async () => {
    const store = await open({ maxPages, retentionMs: 1 });
    let taken = await fill(store);
    while (taken.length > 0) {
      for (const { conversation } of taken) {
        const work = await store.claim(conversation, lease);
        await store.storeEnding(work!.claim, { outcome: 'done', text: longText });
        await store.finish(work!.claim, lease, 1);
      }
      taken = await fill(store);
    }
    await expect(store.accept(question('new', 'A'), options)).rejects.toMatchObject(full);
    expect(await store.sweep()).toBeGreaterThan(0);
    expect(await store.accept(question('new', 'A'), options)).toBe('queued');
  });

  it('takes questions again once somebody has taken theirs back', async () => {
    const store = await open({ maxPages });
    const taken = await fill(store);
    await store.saveReadPositions('test', new Map([['C1', '1']]));
    expect(await store.forgetPerson('test', 'U1')).toEqual({ deleted: taken.length, remaining: 0 });
    expect(await store.accept(question('new', 'A'), options)).toBe('queued');
  });

  it('undoes a step that SQLite itself had no room for', async () => {
    const store = await open({ maxPages });
    await store.accept(question('C', 'A'), options);
    const { claim } = (await store.claim(conversationId('test', 'C'), lease))!;
    const page = { index: 0, key: 'k0', id: 'p0', source: 'Once' };
    await store.savePage(claim, page);
    const source = 'x'.repeat(maxPages * 4_096);
    const error: unknown = await store
      .savePage(claim, { ...page, source })
      .catch((e: unknown) => e);
    expect(error).toMatchObject(full);
    expect((error as Error).cause).toMatchObject({ code: 'ERR_SQLITE_ERROR' });
    expect((await store.conversationView(claim.conversation)).running?.pages).toEqual([page]);
    await store.storeEnding(claim, { outcome: 'done', text: 'Once.' });
    expect(await store.finish(claim, lease, 1)).toBeUndefined();
  });
});

describe('kill -9 in the middle of writing', () => {
  it('loses nothing that was acknowledged, and doubles nothing', async () => {
    const facts: Fact[] = [];
    for (let round = 0; round < 5; round += 1) {
      const writer = start('write', round);
      await hear(writer.child, () => writer.facts.length > 100 + round * 37);
      await kill(writer.child);
      facts.push(...writer.facts);
      expect(facts.filter((each) => each.fact === 'refused')).toEqual([]);

      const store = await openSqliteStore({ folder, retentionMs, historyLimit: 100_000 });
      try {
        await checkPromises(store, facts);
      } finally {
        await store.close();
      }
    }
    expect(facts.filter((each) => each.fact === 'finished').length).toBeGreaterThan(50);
  });

  async function checkPromises(store: Store, facts: Fact[]): Promise<void> {
    const promised = facts.filter((each) => each.conversation !== undefined);
    const byPlace = Map.groupBy(promised, (each) => each.conversation);
    for (const [place, said] of byPlace) {
      const [platform = '', id = ''] = place.split(':');
      const { history, running, queued } = await store.conversationView(
        conversationId(platform, id),
      );
      const idsOf = (fact: Fact['fact'], key: 'id' | 'turn'): string[] =>
        said.filter((each) => each.fact === fact).map((each) => each[key]);

      const questions = [
        ...history.filter((entry) => entry.role === 'user').map((entry) => entry.id),
        ...(running?.messages ?? []).map((message) => message.id),
        ...queued.map((message) => message.id),
      ];
      expect(new Set(questions).size).toBe(questions.length);
      expect(questions).toEqual(expect.arrayContaining(idsOf('accepted', 'id')));

      const replies = history.filter((entry) => entry.role === 'assistant');
      const replyIds = replies.map((entry) => entry.id);
      expect(new Set(replyIds).size).toBe(replyIds.length);
      expect(replyIds).toEqual(expect.arrayContaining(idsOf('finished', 'turn')));
      for (const reply of replies) expect(reply.text).toBe(`answer ${reply.id}`);

      if (running === undefined) continue;
      const posted = idsOf('posted', 'turn').includes(running.id);
      expect(running.pages.length).toBeGreaterThanOrEqual(posted ? 1 : 0);
      const concluded = idsOf('concluded', 'turn').includes(running.id);
      expect(running.ending !== undefined || !concluded).toBe(true);
      expect(running.ending?.text ?? `answer ${running.id}`).toBe(`answer ${running.id}`);
    }
  }
});
