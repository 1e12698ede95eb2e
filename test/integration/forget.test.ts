import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, inject, it, onTestFinished } from 'vitest';
import { conversationId } from '../../src/core/conversation.ts';
import { alice, ask, done, mustClaim, question } from '../contract/store-fixture.ts';
import { openStore } from './redis-world.ts';

const script = fileURLToPath(new URL('../../src/commands/forget.ts', import.meta.url));

/** What `npm run forget` says. */
async function forget(prefix: string, id: string): Promise<string> {
  const cwd = mkdtempSync(join(tmpdir(), 'parley-forget-'));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  const env = { PATH: process.env['PATH'] ?? '', REDIS_URL: inject('redisUrl') };
  const { stdout } = await promisify(execFile)(process.execPath, [script, id], {
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
  await store.conclude(claim, done);
  await store.finish(claim, alice, 1);
  expect(await forget(prefix, person)).toBe(`1 message of the person ${person} deleted.`);
  expect(await forget(prefix, c)).toBe(`1 message of the conversation ${c} deleted.`);
}, 60_000);
