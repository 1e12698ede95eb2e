import { hash } from 'node:crypto';
import { expect, onTestFinished, vi } from 'vitest';
import { conversationId, type ConversationId } from '../../src/core/domain/conversation.ts';
import { openRedisStore } from '../../src/stores/redis/redis-store.ts';
import { readScript } from '../../src/stores/redis/lua-scripts.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { startCluster } from '../redis/cluster.ts';
import type { RedisServer } from '../redis/server.ts';
import { type DiscordWorld, itInWorlds as itInDiscord } from '../worlds/discord-world.ts';
import { ownRedis } from '../redis/open-store.ts';
import { itInWorlds as itInSlack, type SlackWorld } from '../worlds/slack-world.ts';

/** Gives a world a Redis; how often somebody waited for it because of a conversation can be counted. */
async function onRedis(
  world: SlackWorld | DiscordWorld,
  url: string,
  nodes: readonly RedisServer[],
): Promise<(conversation: ConversationId) => Promise<number>> {
  const store = await openRedisStore({ url, prefix: 't', retentionMs: 1e12, log: recordingLog() });
  world.wrapStore = (embedded) => {
    void embedded.close();
    return store;
  };
  const { lua } = readScript('commit-question', true);
  // Sent as itself the first time, then by its hash; a monitor shows line breaks escaped.
  const confirms = [lua.replaceAll('\n', String.raw`\n`), hash('sha1', lua)];
  const commands: string[] = [];
  for (const node of nodes) {
    const monitor = await node.client().monitor();
    onTestFinished(() => monitor.disconnect());
    monitor.on('monitor', (_time: string, args: string[], source: string) => {
      // What a script does by itself is no round trip.
      if (source !== 'lua') commands.push(args.join(' '));
    });
  }
  let marks = 0;
  return async (conversation) => {
    for (const node of nodes) {
      const mark = `counted ${(marks += 1)}`;
      await node.client().ping(mark);
      await vi.waitFor(() => expect(commands).toContainEqual(expect.stringContaining(mark)));
    }
    // Nobody waits until what was taken in in a cluster is confirmed.
    return commands.filter(
      (command) =>
        command.includes(conversation) && !confirms.some((each) => command.includes(each)),
    ).length;
  };
}

async function onOneRedis(
  world: SlackWorld | DiscordWorld,
): Promise<(conversation: ConversationId) => Promise<number>> {
  const server = await ownRedis();
  return onRedis(world, server.url, [server]);
}

itInSlack('asks Redis once before the model in Slack', async ({ worlds }) => {
  const world = await worlds.prepare();
  const asked = await onOneRedis(world);
  await world.start();
  const ann = world.fake.person('U1');
  const direct = conversationId('slack', 'T1', 'D1');
  // The first time scripts are sent.
  ann.writes('good morning');
  (await world.modelAsked(1)).write('Hello.').end();
  await world.turnsDone(1);
  const before = await asked(direct);
  ann.writes('one');
  const one = await world.modelAsked(2);
  expect((await asked(direct)) - before).toBe(1);
  one.write('Yes.').end();
  await world.turnsDone(2);

  const root = ann.mentions('C1', 'two');
  const two = await world.modelAsked(3);
  const thread = conversationId('slack', 'T1', 'C1', root.ts);
  expect(await asked(thread)).toBe(1);
  two.write('Yes.').end();
  await world.turnsDone(3);
  // What people say to each other outside of threads costs nothing.
  const talk = ann.posts('C1', 'three');
  await world.delivered();
  expect(await asked(conversationId('slack', 'T1', 'C1', talk.ts))).toBe(0);
  const answered = await asked(thread);
  // Before its post and beside it once each; twice after the reply is complete: its end, and the turn's.
  expect(answered).toBe(1 + 2 + 2);
  ann.mentions('C1', 'four', { thread_ts: root.ts });
  const four = await world.modelAsked(4);
  expect((await asked(thread)) - answered).toBe(1);
  four.write('Yes.').end();
  await world.turnsDone(4);
});

itInDiscord('asks Redis once before the model in Discord', async ({ worlds }) => {
  const world = await worlds.prepare();
  const asked = await onOneRedis(world);
  await world.start();
  const ada = world.fake.person('Ada');
  const direct = conversationId('discord', '@me', ada.directChannel.id);
  ada.dm('good morning');
  (await world.modelAsked(1)).write('Hello.').end();
  await world.turnsDone(1);
  const before = await asked(direct);
  ada.dm('one');
  const one = await world.modelAsked(2);
  expect((await asked(direct)) - before).toBe(1);
  one.write('Yes.').end();
  await world.turnsDone(2);

  const root = ada.mention('general', 'two');
  const two = await world.modelAsked(3);
  const thread = world.conversationOf(root);
  expect(await asked(thread)).toBe(1);
  two.write('Yes.').end();
  await world.turnsDone(3);
  const answered = await asked(thread);
  expect(answered).toBe(1 + 2 + 2);
  ada.mention(world.fake.thread(root)!, 'three');
  const three = await world.modelAsked(4);
  expect((await asked(thread)) - answered).toBe(1);
  three.write('Yes.').end();
  await world.turnsDone(4);
});

/** Until every other instance would have told what it has to do, one may have nothing. */
async function knownToBeAlone(startedAt: number): Promise<void> {
  const others = () => expect(performance.now() - startedAt).toBeGreaterThan(2_100);
  await vi.waitFor(others, { timeout: 5_000, interval: 50 });
}

/** Another instance has nothing to do, as far as it tells; it takes nothing, though. */
async function idleBeside(url: string): Promise<void> {
  const other = await openRedisStore({ url, prefix: 't', retentionMs: 1e12, log: recordingLog() });
  onTestFinished(() => other.close());
  const heard = Promise.withResolvers<void>();
  other.channel.watch({
    ready() {},
    stop() {},
    load: (owner) => owner === 'idle' && heard.resolve(),
  });
  const timer = setInterval(() => void other.channel.publishLoad('idle', 0), 200);
  onTestFinished(() => clearInterval(timer));
  // Whoever listened before hears of it as soon.
  await heard.promise;
}

itInSlack('asks Redis twice where another instance has less to do', async ({ worlds }) => {
  const world = await worlds.prepare();
  const server = await ownRedis();
  const asked = await onRedis(world, server.url, [server]);
  await world.start();
  const startedAt = performance.now();
  const [ann, ben] = [world.fake.person('U1'), world.fake.person('U2')];
  ann.writes('good morning');
  const busy = await world.modelAsked(1);
  await knownToBeAlone(startedAt);
  ben.writes('hello');
  const beside = await world.modelAsked(2);
  // Nobody else is there to take it.
  expect(await asked(conversationId('slack', 'T1', 'D2'))).toBe(1);
  beside.write('Yes.').end();
  busy.write('Hello.').end();
  await world.turnsDone(2);

  await idleBeside(server.url);
  ann.writes('good evening');
  const again = await world.modelAsked(3);
  const before = await asked(conversationId('slack', 'T1', 'D2'));
  ben.writes('good evening');
  const second = await world.modelAsked(4);
  // Taking the question in; and then whoever comes first, its turn.
  expect((await asked(conversationId('slack', 'T1', 'D2'))) - before).toBe(2);
  second.write('Yes.').end();
  again.write('Hello.').end();
  await world.turnsDone(4);
});

itInSlack('asks a Redis Cluster twice before the model', async ({ worlds }) => {
  const world = await worlds.prepare();
  const cluster = await startCluster(3);
  onTestFinished(() => cluster.stop());
  const asked = await onRedis(world, cluster.url, cluster.nodes);
  await world.start();
  const startedAt = performance.now();
  const ann = world.fake.person('U1');
  const direct = conversationId('slack', 'T1', 'D1');
  for (const [i, text] of ['one', 'two', 'three'].entries()) {
    const before = await asked(direct);
    ann.writes(text);
    const request = await world.modelAsked(i + 1);
    // Where the person writes, and the question with its turn, lie on two nodes.
    expect((await asked(direct)) - before).toBe(2);
    request.write('Yes.').end();
    await world.turnsDone(i + 1);
  }
  ann.writes('four');
  const busy = await world.modelAsked(4);
  await knownToBeAlone(startedAt);
  world.fake.person('U2').writes('good evening');
  const second = await world.modelAsked(5);
  // Also beside another answer.
  expect(await asked(conversationId('slack', 'T1', 'D2'))).toBe(2);
  second.write('Yes.').end();
  busy.write('Yes.').end();
  await world.turnsDone(5);
});
