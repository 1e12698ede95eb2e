import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, inject, it, onTestFinished } from 'vitest';
import { conversationId } from '../../src/core/domain/conversation.ts';
import {
  alice,
  answer,
  ask,
  doneEnding,
  mustClaim,
  question,
} from '../contract/store/store-fixture.ts';
import { openStore } from '../redis/open-store.ts';

/** What `npm run forget` says. */
function forget(prefix: string, id: string): Promise<string> {
  return run('forget', prefix, id);
}

async function run(command: string, prefix: string, ...words: string[]): Promise<string> {
  const script = fileURLToPath(new URL(`../../src/commands/${command}.ts`, import.meta.url));
  const cwd = mkdtempSync(join(tmpdir(), 'parley-forget-'));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  const env = { PATH: process.env['PATH'] ?? '', REDIS_URL: inject('redisUrl') };
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...words], {
    cwd,
    env: { ...env, REDIS_PREFIX: prefix },
    timeout: 20_000,
  });
  return stdout.trim();
}

it('says that a question of theirs remains while it is being answered, and is done after that', async () => {
  const { store, prefix } = await openStore(inject('redisUrl'));
  const c = conversationId('discord', '1', '2');
  const person = 'discord:123456789012345678';
  const author = { id: '123456789012345678' };
  expect(await forget(prefix, person)).toBe(`Nothing is kept of the person ${person}.`);
  await ask(store, question(c, 'A', { author }));
  const { claim } = await mustClaim(store, c);
  await ask(store, question(c, 'B', { author }));
  expect(await forget(prefix, person)).toBe(
    `1 message of the person ${person} deleted. 1 message being answered remains: run this again once that is over.`,
  );
  await store.storeEnding(claim, doneEnding);
  await store.finish(claim, alice, 1);
  expect(await forget(prefix, person)).toBe(`1 message of the person ${person} deleted.`);
  expect(await forget(prefix, c)).toBe(`1 message of the conversation ${c} deleted.`);
}, 60_000);

it('takes people of the page as usage prints them, with all that is theirs but the totals', async () => {
  const { store, prefix } = await openStore(inject('redisUrl'));
  const session = '0123456789abcdef0123456789abcdef';
  const c = conversationId('web', session, '5f0c3f0e-0000-4000-8000-000000000001');
  await ask(store, question(c, 'A', { author: { id: session } }));
  await answer(store, c);
  const used = { questions: 1, answers: 1, inputTokens: 7, outputTokens: 5, countedTokens: 0 };
  const day = new Date().toISOString().slice(0, 10);
  const where = { platform: 'web', workspace: 'web', model: 'a-model' };
  await store.usage.record({ day, ...where, person: `web:${session}`, ...used });
  const usage = async () => (await run('usage', prefix, '--by', 'person')).split('\n').slice(3);
  const [person = '', total = ''] = await usage();
  const [id = '', ...counts] = person.split(/ +/);
  expect(counts).toEqual(['1', '1', '7', '5', '12']);
  expect(await forget(prefix, id)).toBe(`2 messages of the person ${id} deleted.`);
  expect(await store.conversationView(c)).toEqual({ history: [], queued: [] });
  const after = await usage();
  expect(after.map((line) => line.split(/ +/))).toEqual([
    ['web:(forgotten)', ...counts],
    total.split(/ +/),
  ]);
  expect(await forget(prefix, id)).toBe(`Nothing is kept of the person ${id}.`);
}, 60_000);
