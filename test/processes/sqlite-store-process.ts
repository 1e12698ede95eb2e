import { writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { conversationId } from '../../src/core/domain/conversation.ts';
import { openSqliteStore } from '../../src/stores/sqlite/sqlite-store.ts';

/**
 * A process of its own with a store, run as `node sqlite-process.ts <folder> hold|write`. It says
 * on its standard output what the store has promised, one JSON value per line, or why it ended.
 */
const [folder = '', task, round = '0'] = process.argv.slice(2);
const lease = { owner: `process ${process.pid}`, leaseMs: 60_000 };

/** Written at once, so that not even kill -9 takes back a line. */
function say(fact: unknown): void {
  writeSync(1, `${JSON.stringify(fact)}\n`);
}

try {
  const store = await openSqliteStore({ folder, retentionMs: 1e13 });
  say({ fact: 'open' });
  if (task === 'hold') setInterval(() => {}, 1_000);
  if (task === 'write') await Promise.all(Array.from({ length: 8 }, (_, i) => converse(i)));

  async function converse(number: number): Promise<void> {
    const conversation = conversationId('test', `${number}`);
    for (let i = 0; ; i += 1) {
      const id = `${round}-${i}`;
      const author = { id: 'U1' };
      const message = { id, conversation, author, text: id, sentAt: i, kind: 'question' } as const;
      await store.accept(message, { stops: false, tokens: 1 });
      say({ fact: 'accepted', conversation, id });
      let work = await store.claim(conversation, lease);
      while (work !== undefined) {
        const { claim, turn } = work;
        const page = { index: 0, key: 'k0', id: 'p0', source: 'x'.repeat(500) };
        await store.savePage(claim, page);
        if (turn.ending === undefined) say({ fact: 'posted', conversation, turn: turn.id });
        await store.storeEnding(claim, { outcome: 'done', text: `answer ${turn.id}` });
        say({ fact: 'concluded', conversation, turn: turn.id });
        work = await store.finish(claim, lease, 1);
        say({ fact: 'finished', conversation, turn: turn.id });
      }
      await setImmediate();
    }
  }
} catch (error) {
  say({ fact: 'refused', message: error instanceof Error ? error.message : String(error) });
  process.exitCode = 78;
}
