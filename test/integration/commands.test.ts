import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import { isListening, commandsOver } from '../../src/commands/connect-operator.ts';
import { runCommandIn } from '../processes/command-process.ts';
import { startParley } from '../processes/parley-process.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-commands-'));
});

afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

/** Something that listens where a Parley would. */
async function listener(answer: RequestListener): Promise<string> {
  const path = join(folder, 'parley.sock');
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return path;
}

/** Does something as somebody who may do less; root may enter every folder. */
async function asAnother<T>(act: () => Promise<T>): Promise<T> {
  const own = process.geteuid?.();
  if (own === 0) process.seteuid?.(65_534);
  try {
    return await act();
  } finally {
    if (own === 0) process.seteuid?.(own);
  }
}

describe('a command', () => {
  it.each([['turns'], ['turns', 'pause'], ['usage'], ['forget', 'slack:T1:U1']])(
    'that is run in another folder says so, and makes nothing there: %s',
    async (...words) => {
      const { code, stdout, stderr } = await runCommandIn(folder, {}, ...words);
      expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
      expect(stderr).toContain(`not been started with the data folder ${join(folder, 'data')}`);
      expect(stderr).toContain('DATA_DIR or REDIS_URL');
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it('reaches a Parley whose data folder has a name too long for a socket', async () => {
    const parley = await startParley({ DATA_DIR: 'x'.repeat(85) });
    onTestFinished(async () => void (await parley.stop()));
    const { code, stdout, stderr } = await parley.command('turns');
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: 'Nothing is in hand.\n',
      stderr: '',
    });
  });

  it('does not complain of how Redis is set', async () => {
    const env = { REDIS_URL: inject('redisUrl'), REDIS_PREFIX: 'commands' };
    const { stdout, stderr } = await runCommandIn(folder, env, 'turns');
    expect({ stdout, stderr }).toEqual({ stdout: 'Nothing is in hand.\n', stderr: '' });
  });

  it('tells what it does not take in one line above how it is used', async () => {
    const { stderr } = await runCommandIn(folder, {}, 'turns', '--loud');
    expect(stderr).toMatch(/^Unknown option '--loud'\n\nWhat is being answered/);
  });
});

describe('the socket of a Parley', () => {
  it('is nobody’s where there is none, nor a folder for it, nor anybody behind it', async () => {
    writeFileSync(join(folder, 'file'), '');
    const paths = ['none', 'no/where', 'file/parley.sock', 'file'].map((name) =>
      join(folder, name),
    );
    expect(await Promise.all(paths.map(isListening))).toEqual([false, false, false, false]);
  });

  it('is not open to other users, who are told so', async () => {
    const own = join(folder, 'data');
    mkdirSync(own);
    // Of root's folder others may not even know what is in it; of our own, then, nor may we.
    chmodSync(own, process.geteuid?.() === 0 ? 0o700 : 0);
    chmodSync(folder, 0o755);
    const path = join(own, 'parley.sock');
    await expect(asAnother(() => isListening(path))).rejects.toMatchObject({
      name: 'BadConfiguration',
      message: `${path} is not open to this user: run this as the user that Parley runs as.`,
    });
    chmodSync(own, 0o700);
  });

  it('may belong to one that hangs, or that ends meanwhile', async () => {
    let hangsUp = false;
    const path = await listener((request) => {
      if (hangsUp) request.socket.destroy();
    });
    expect(await isListening(path)).toBe(true);
    await expect(commandsOver(path, 100).turns()).rejects.toMatchObject({
      name: 'StoreUnavailable',
      message: 'Parley runs, but did not answer within 0.1 s; see its log',
    });
    hangsUp = true;
    await expect(commandsOver(path).turns()).rejects.toMatchObject({
      name: 'StoreUnavailable',
      message: 'Parley ended meanwhile (ECONNRESET); try again',
    });
  });
});
