import { expect, onTestFinished, vi } from 'vitest';
import { conversationId, type ConversationId } from '../../src/core/conversation.ts';
import { openRedisStore } from '../../src/stores/redis/redis-store.ts';
import { readableLog } from '../fakes/log.ts';
import { type DiscordWorld, itInWorlds as itInDiscord } from './discord-world.ts';
import { ownRedis } from './redis-world.ts';
import { itInWorlds as itInSlack, type SlackWorld } from './slack-world.ts';

/** Gives a world a Redis; what that was asked of a conversation so far can be counted. */
async function onRedis(
  world: SlackWorld | DiscordWorld,
): Promise<(conversation: ConversationId) => Promise<number>> {
  const server = await ownRedis();
  const { url } = server;
  const store = await openRedisStore({ url, prefix: 't', retentionMs: 1e12, log: readableLog() });
  world.wrapStore = (embedded) => {
    void embedded.close();
    return store;
  };
  const commands: string[] = [];
  const monitor = await server.client().monitor();
  onTestFinished(() => monitor.disconnect());
  monitor.on('monitor', (_time: string, args: string[], source: string) => {
    // What a script does by itself is no round trip.
    if (source !== 'lua') commands.push(args.join(' '));
  });
  const client = server.client();
  let marks = 0;
  return async (conversation) => {
    const mark = `counted ${(marks += 1)}`;
    await client.ping(mark);
    await vi.waitFor(() => expect(commands).toContainEqual(expect.stringContaining(mark)));
    return commands.filter((command) => command.includes(conversation)).length;
  };
}

/** Taking a question in, and taking its turn up. */
const twoRoundTrips = 2;

itInSlack('asks Redis twice before the model in Slack', async ({ worlds }) => {
  const world = await worlds.prepare();
  const asked = await onRedis(world);
  await world.start();
  const ann = world.fake.person('U1');
  const direct = conversationId('slack', 'T1', 'D1');
  // The first time scripts are sent.
  ann.writes('good morning');
  (await world.asked(1)).write('Hello.').end();
  await world.turns(1);
  const before = await asked(direct);
  ann.writes('one');
  const one = await world.asked(2);
  expect((await asked(direct)) - before).toBe(twoRoundTrips);
  one.write('Yes.').end();

  const root = ann.mentions('C1', 'two');
  const two = await world.asked(3);
  const thread = conversationId('slack', 'T1', 'C1', root.ts);
  expect(await asked(thread)).toBe(twoRoundTrips);
  two.write('Yes.').end();
  await world.turns(3);
  // What people say to each other outside of threads costs nothing.
  const talk = ann.posts('C1', 'three');
  await world.delivered();
  expect(await asked(conversationId('slack', 'T1', 'C1', talk.ts))).toBe(0);
  const answered = await asked(thread);
  ann.mentions('C1', 'four', { thread_ts: root.ts });
  const four = await world.asked(4);
  expect((await asked(thread)) - answered).toBe(twoRoundTrips);
  four.write('Yes.').end();
  await world.turns(4);
});

itInDiscord('asks Redis twice before the model in Discord', async ({ worlds }) => {
  const world = await worlds.prepare();
  const asked = await onRedis(world);
  await world.start();
  const ada = world.fake.person('Ada');
  const direct = conversationId('discord', '@me', ada.directChannel.id);
  ada.dm('good morning');
  (await world.asked(1)).write('Hello.').end();
  await world.turns(1);
  const before = await asked(direct);
  ada.dm('one');
  const one = await world.asked(2);
  expect((await asked(direct)) - before).toBe(twoRoundTrips);
  one.write('Yes.').end();

  const root = ada.mention('general', 'two');
  const two = await world.asked(3);
  const thread = world.conversationOf(root);
  expect(await asked(thread)).toBe(twoRoundTrips);
  two.write('Yes.').end();
  await world.turns(3);
  const answered = await asked(thread);
  ada.mention(world.fake.thread(root)!, 'three');
  const three = await world.asked(4);
  expect((await asked(thread)) - answered).toBe(twoRoundTrips);
  three.write('Yes.').end();
  await world.turns(4);
});
