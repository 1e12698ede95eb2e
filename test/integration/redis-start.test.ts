import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { BadConfiguration } from '../../src/core/domain/errors.ts';
import {
  ask,
  eventually,
  mustClaim,
  newConversation,
  question,
  textsOf,
} from '../contract/store/store-fixture.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { makeCertificate } from '../redis/certificate.ts';
import { freePort, startRedis } from '../redis/server.ts';
import { openStore, ownRedis } from '../redis/open-store.ts';

const quick = { patienceMs: 200 };

/** Why a start fails; it must be something that the person who starts it can do something about. */
async function whyNot(url: string): Promise<string> {
  const error: unknown = await openStore(url, quick).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(BadConfiguration);
  return (error as Error).message;
}

/** What a start tells while it waits; then it is told to end. */
async function waitsWith(url: string): Promise<string> {
  const log = recordingLog();
  const end = new AbortController();
  const opening = openStore(url, { ...quick, log, signal: end.signal });
  const heard = eventually(() => {
    const word = log.events.find(({ event }) => event.startsWith('waiting for Redis at'));
    if (word === undefined) throw new Error('nothing is said');
    return word;
  });
  const word = await Promise.race([heard, opening]);
  if (!('event' in word)) throw new Error('the store is open');
  const reason = new Error('told to end');
  end.abort(reason);
  await expect(opening).rejects.toBe(reason);
  expect(word.level).toBe('warn');
  const { remedy = '' } = word.fields;
  return `${word.event}: ${String(remedy)}`;
}

describe('an address', () => {
  it.each([
    'localhost:6379',
    'http://127.0.0.1:6379',
    'redis://',
    'redis://host:99999',
    'redis://host:6379/abc',
    'redis://host/0/1',
    'redis://one,two',
    'redis://user@host',
    'redis://:%zz@host',
    'redis+cluster://host/1',
    'redis+sentinel://host:26379',
    'redis+magic://host',
    'rediss://127.0.0.1:1?ca=/no/such/file',
  ])('%s is refused with how to write it', async (url) => {
    expect(await whyNot(url)).toMatch(/REDIS_URL/);
  });

  it('never shows its password when it is refused', async () => {
    for (const url of ['redis://u:hunter2@host:99999', 'x:hunter2']) {
      expect(await whyNot(url)).not.toContain('hunter2');
    }
    expect(await waitsWith('redis://u:hunter2@127.0.0.1:1')).not.toContain('hunter2');
  });

  it('may not begin keys with what Redis reads as something else', async () => {
    await expect(openStore(inject('redisUrl'), { prefix: 'a{b}' })).rejects.toBeInstanceOf(
      BadConfiguration,
    );
  });
});

describe('a start', () => {
  it('says where nothing answers, and what to do, and waits', async () => {
    const port = await freePort();
    expect(await waitsWith(`redis://127.0.0.1:${port}`)).toMatch(
      new RegExp(`at redis://127.0.0.1:${port}, .*ECONNREFUSED.*start it, or correct REDIS_URL`),
    );
    expect(await waitsWith(`redis+sentinel://127.0.0.1:${await freePort()}/main`)).toMatch(
      /does not answer \(no sentinel does: .*\): start the sentinels, or correct their/,
    );
    expect(await waitsWith(`redis+cluster://127.0.0.1:${await freePort()}`)).toMatch(
      /does not answer/,
    );
    expect(await waitsWith('redis://no-such-host.invalid')).toMatch(
      /at redis:\/\/no-such-host\.invalid:6379, which does not answer/,
    );
  });

  it('says by which name the sentinels do not know a primary', async () => {
    const monitor = 'sentinel monitor main 127.0.0.1 1 1';
    const sentinel = await startRedis({ sentinel: [monitor] });
    onTestFinished(() => sentinel.stop());
    expect(await waitsWith(`redis+sentinel://127.0.0.1:${sentinel.port}/other`)).toMatch(
      /is not known to its sentinels as "other": name the primary/,
    );
  });

  it('waits for a Redis that starts at the same time', async () => {
    const port = await freePort();
    const opening = openStore(`redis://127.0.0.1:${port}`);
    await ownRedis({ port });
    await (await opening).store.checkWritable();
  });

  it('waits for a Redis that still loads its data, and says so', async () => {
    const before = await ownRedis({ appendonly: true });
    const many = 4_096;
    await before.client().eval(`for i = 1, ${many} do redis.call('SET', i, i) end`, 0);
    await before.kill9();
    const { port } = before;
    const loadsSlowly = ['--dir', before.folder, '--key-load-delay', '1000'];
    const starting = ownRedis({ port, appendonly: true, args: loadsSlowly });
    const log = recordingLog();
    const { store } = await openStore(before.url, { log });
    await store.checkWritable();
    expect(await (await starting).client().dbsize()).toBeGreaterThan(many);
    expect(log.events.map(({ event }) => event)).toContain(
      `waiting for Redis at ${before.url}, which still loads its data`,
    );
  });

  it('asks for the password, and says when it is wrong', async () => {
    const { port } = await ownRedis({ args: ['--requirepass', 'p@ss:w/rd'] });
    expect(await whyNot(`redis://127.0.0.1:${port}`)).toMatch(/asks for a password/);
    const wrong = await whyNot(`redis://:hunter2@127.0.0.1:${port}`);
    expect(wrong).toMatch(/does not take this user and password/);
    expect(wrong).not.toContain('hunter2');
    const right = encodeURIComponent('p@ss:w/rd');
    await (await openStore(`redis://:${right}@127.0.0.1:${port}`)).store.checkWritable();
  });

  it('says what a user may not do', async () => {
    const server = await ownRedis();
    await server.client().call('acl', 'setuser', 'guest', 'on', '>pw', '~*', '+@read', '+info');
    expect(await whyNot(`redis://guest:pw@127.0.0.1:${server.port}`)).toMatch(/let this user/);
    await server
      .client()
      .call(
        'acl',
        'setuser',
        'parley',
        'on',
        '>pw',
        '~parley*',
        '&parley*',
        '+@all',
        '-@admin',
        '-@dangerous',
        '+info',
      );
    const { store } = await openStore(`redis://parley:pw@127.0.0.1:${server.port}`, {
      prefix: 'parley',
    });
    const c = newConversation();
    await ask(store, question(c, 'A'));
    expect(textsOf((await mustClaim(store, c)).turn.messages)).toEqual(['A']);
  });

  it('refuses a replica', async () => {
    const primary = await ownRedis();
    const replica = await ownRedis({ args: ['--replicaof', '127.0.0.1', `${primary.port}`] });
    expect(await whyNot(replica.url)).toMatch(/read-only replica/);
  });

  it('refuses what is no Redis', async () => {
    const web = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
    onTestFinished(() => void web.close());
    await once(web, 'listening');
    const { port } = web.address() as { port: number };
    expect(await whyNot(`redis://127.0.0.1:${port}`)).toMatch(/is no Redis/);
  });

  it('tells a cluster from a single Redis', async () => {
    const cluster = await ownRedis({
      args: ['--cluster-enabled', 'yes', '--cluster-port', `${await freePort()}`],
    });
    expect(await whyNot(cluster.url)).toMatch(/redis\+cluster:\/\//);
    const alone = await ownRedis();
    expect(await whyNot(`redis+cluster://127.0.0.1:${alone.port}`)).toMatch(/is no cluster/);
    expect(await whyNot(`${alone.url}/99`)).toMatch(/no database with this number/);
  });

  it('warns of a Redis that forgets', async () => {
    const careless = await ownRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    const warnings = (logged: readonly { level: string; event: string }[]): string[] =>
      logged.filter(({ level }) => level === 'warn').map(({ event }) => event);
    expect(warnings((await openStore(careless.url)).logged)).toEqual([
      expect.stringContaining('appendonly yes'),
      expect.stringContaining('maxmemory-policy noeviction'),
    ]);
    const careful = await ownRedis({ appendonly: true });
    expect(warnings((await openStore(careful.url)).logged)).toEqual([]);
  });
});

describe('TLS', () => {
  it('is spoken with those whose certificate is trusted', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-tls-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const { cert, key } = makeCertificate(folder);
    const port = await freePort();
    const { port: plain } = await ownRedis({
      args: [
        '--tls-port',
        `${port}`,
        '--tls-cert-file',
        cert,
        '--tls-key-file',
        key,
        '--tls-ca-cert-file',
        cert,
        '--tls-auth-clients',
        'no',
      ],
    });
    const url = `rediss://127.0.0.1:${port}`;
    expect(await whyNot(url)).toMatch(/not trusted.*\?ca=FILE/);
    const other = join(folder, 'empty.pem');
    writeFileSync(other, '');
    expect(await whyNot(`${url}?ca=${other}`)).toMatch(/not trusted/);
    expect(await waitsWith(`rediss://127.0.0.1:${plain}?ca=${cert}`)).toMatch(
      /redis:\/\/ if it has no TLS/,
    );
    const { store } = await openStore(`${url}?ca=${cert}`);
    const c = newConversation();
    const heard: string[] = [];
    store.channel.watch({ ready: (each) => void heard.push(each), stop() {}, load() {} });
    await ask(store, question(c, 'A'));
    expect(textsOf((await mustClaim(store, c)).turn.messages)).toEqual(['A']);
    await eventually(async () => {
      await ask(store, question(newConversation(), 'A'));
      expect(heard).not.toEqual([]);
    });
  });
});
