import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, inject, it, vi } from 'vitest';
import { inTurn, streamText } from '../fakes/openai/scripts.ts';
import { startOpenAiFake } from '../fakes/openai/server.ts';
import { type ParleyProcess, startParley } from '../processes/parley-process.ts';
import { type Shown, WebClient } from '../fakes/web-client.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

const stores = [
  { name: 'the embedded store', env: () => ({}) },
  {
    name: 'Redis',
    env: () => ({ REDIS_URL: inject('redisUrl'), REDIS_PREFIX: `operator-${randomUUID()}` }),
  },
];

/** A Parley whose first answer takes minutes, and a person who asks it. */
async function start(env: Record<string, string>) {
  const slow = streamText({ tokensPerSecond: 2 });
  const model = await startOpenAiFake({ script: inTurn(slow, streamText({ text: 'Soon done.' })) });
  cleanups.push(() => model.close());
  const parley = await startParley({ OPENAI_BASE_URL: model.url, DRAIN_SECONDS: '0', ...env });
  cleanups.push(() => parley.stop());
  return { parley, client: await new WebClient(parley.url).login() };
}

function whenShown(client: WebClient, conversation: string, check: (shown: Shown) => void) {
  return vi.waitFor(async () => check(await client.look(conversation)), {
    timeout: 15_000,
    interval: 30,
  });
}

/** What the list says of each turn, as its columns. */
async function rows(parley: ParleyProcess): Promise<string[][]> {
  const { stdout } = await parley.command('turns', 'list');
  const lines = stdout.trim().split('\n');
  const head = lines.findIndex((line) => line.startsWith('STATE'));
  return head < 0 ? [] : lines.slice(head + 1).map((line) => line.split(/ {2,}/));
}

describe.for(stores)('an operator, with $name', ({ env }) => {
  it('is told the password that Parley made, and nobody else is', { timeout: 60_000 }, async () => {
    const shared = { HOST: '0.0.0.0', WEB_HOSTS: 'parley.example', ...env() };
    const parley = await startParley(shared);
    cleanups.push(() => parley.stop());
    expect(parley.output).toContain('npm run password prints its password');
    const { code, stdout } = await parley.command('password');
    expect(code).toBe(0);
    const password = stdout.trim();
    expect(password).toMatch(/^[a-z\d]{5}(-[a-z\d]{5}){4}$/);
    const conversation = randomUUID();
    await (await new WebClient(parley.url).login(password)).send(conversation, 'Hello?');
    const stranger = await new WebClient(parley.url).login('a wrong password');
    await expect(stranger.send(conversation, 'Hello?')).rejects.toThrow('401');

    const again = await parley.restart();
    cleanups.push(() => again.stop());
    expect((await again.command('password')).stdout).toBe(stdout);
    await new WebClient(again.url).login(password);
    expect(parley.output + again.output).not.toContain(password);
    expect((await again.command('password', '--help')).stdout).toContain('WEB_PASSWORD');
  });

  it('sees what is in hand, pauses, resumes, and cancels', { timeout: 90_000 }, async () => {
    const { parley, client } = await start(env());
    const [first, second, third] = [randomUUID(), randomUUID(), randomUUID()];
    await client.send(first, 'Tell me slowly.');
    await whenShown(client, first, (shown) => expect(shown.running?.pages).toHaveLength(1));

    expect(await parley.command('turns', 'pause')).toMatchObject({ code: 0 });
    await vi.waitFor(() => expect(parley.output).toContain('turns are paused'));
    await client.send(second, 'And me?');
    await client.send(third, 'Never mind me.');
    const listed = await rows(parley);
    const conversationOf = (id: string) => listed.find((row) => row.at(-1)?.includes(id));
    expect(conversationOf(first)).toEqual(
      expect.arrayContaining(['running', '1', expect.stringMatching(/^[\da-f]{8}$/)]),
    );
    expect(conversationOf(second)?.slice(0, 1)).toEqual(['waiting']);
    expect((await parley.command('turns')).stdout).toMatch(/^Paused for \d+ s\.\n/);

    const dropped = await parley.command('turns', 'cancel', conversationOf(third)?.at(-1) ?? '');
    expect(dropped.stdout).toBe('1 waiting question dropped.\n');
    const turn = conversationOf(first)?.at(-2) ?? '';
    expect((await parley.command('turns', 'cancel', turn)).stdout).toContain('being ended');
    await whenShown(client, first, ({ entries }) =>
      expect(entries[1]).toMatchObject({ outcome: 'stopped', note: 'Stopped.' }),
    );
    // Paused still, though the model is free.
    expect((await client.look(second)).queued).toHaveLength(1);

    expect((await parley.command('turns', 'resume')).stdout).toBe('Resumed.\n');
    await whenShown(client, second, ({ entries }) =>
      expect(entries[1]).toMatchObject({ text: 'Soon done.' }),
    );
    expect((await client.look(third)).entries).toEqual([]);
    const gone = await parley.command('forget', conversationOf(first)?.at(-1) ?? '');
    expect(gone.stdout).toMatch(/^2 messages of the conversation web:\S+ deleted\.\n$/);
    expect((await client.look(first)).entries).toEqual([]);
    expect((await parley.command('turns')).stdout).toBe('Nothing is in hand.\n');
  });
});

it('reaches a Parley that does not run, too, and what it orders there stays', async () => {
  const { parley, client } = await start({});
  const conversation = randomUUID();
  await client.send(conversation, 'Tell me slowly.');
  await whenShown(client, conversation, (shown) => expect(shown.running?.pages).toHaveLength(1));
  expect(await parley.interrupt()).toBe(0);
  expect((await rows(parley)).map(([state]) => state)).toEqual(['waiting']);
  await parley.command('turns', 'pause');
  const next = await parley.restart();
  cleanups.push(() => next.stop());
  await vi.waitFor(() => expect(next.output).toContain('turns are paused'));
  expect((await rows(next)).map(([state]) => state)).toEqual(['waiting']);
});

it('is told how it is used when what it orders makes no sense', async () => {
  const { parley } = await start({});
  const nonsense = [['stop'], ['cancel'], ['list', 'all'], ['--loud']];
  const refused = await Promise.all(nonsense.map((words) => parley.command('turns', ...words)));
  for (const { code, stderr } of refused) {
    expect(code).toBe(64);
    expect(stderr).toContain('npm run turns -- list');
  }
  const help = (await parley.command('turns', '--help')).stdout;
  expect(help).toContain('npm run turns -- list');
  expect(help).toContain('the first 4 or more characters of a turn');
  const unknown = await parley.command('turns', 'cancel', 'abcdef');
  expect(unknown).toMatchObject({ code: 1, stdout: 'Nothing is in hand under abcdef.\n' });
  const listed = JSON.parse((await parley.command('turns', 'list', '--json')).stdout) as unknown;
  expect(listed).toEqual({ turns: [], more: 0 });
});
