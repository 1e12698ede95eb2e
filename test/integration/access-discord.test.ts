import { describe, expect, vi } from 'vitest';
import { Access } from '../../src/core/intake/access.ts';
import type { Person } from '../fakes/discord/person.ts';
import {
  type DiscordWorld,
  itInWorlds as it,
  type DiscordWorldOptions,
} from '../worlds/discord-world.ts';

const village = '1100000000000000001';
const town = '1100000000000000002';

/** What the bot wrote to somebody directly. */
function told(world: DiscordWorld, person: Person): string[] {
  return world.botTexts(person.directChannel);
}

/** Resolves once the person was turned away for the first time. */
async function turnedAway(world: DiscordWorld, person: Person): Promise<void> {
  await vi.waitFor(() =>
    expect(world.logged('access denied')).toContainEqual(
      expect.objectContaining({ person: person.id }),
    ),
  );
}

/** A world that answers everybody but Ben. */
async function withoutBen(worlds: {
  prepare(options: DiscordWorldOptions): Promise<DiscordWorld>;
}): Promise<{ world: DiscordWorld; ada: Person; ben: Person }> {
  const denied: string[] = [];
  const access = new Access({ people: { allow: [], deny: denied } });
  const world = await worlds.prepare({ platform: { access } });
  const [ada, ben] = [world.fake.person('Ada'), world.fake.person('Ben')];
  denied.push(ben.id);
  await world.answerEverything().start();
  return { world, ada, ben };
}

describe.concurrent('access in Discord', () => {
  it('tells nothing to who takes no direct messages, and that is no failure', async ({
    worlds,
  }) => {
    const { world, ben } = await withoutBen(worlds);
    ben.closeDirectMessages();
    const asked = ben.mention('general', 'may I?');
    await vi.waitFor(() =>
      expect(world.logged('takes no direct messages')).toMatchObject([{ person: ben.id }]),
    );
    expect(told(world, ben)).toEqual([]);
    expect(world.fake.thread(asked)).toBeUndefined();
    expect(world.logged('access denied')).toMatchObject([
      { platform: 'discord', person: ben.id, why: 'person' },
    ]);
    expect(world.logged('background call failed')).toEqual([]);
  });

  it('does not read a thread’s name that is taken from what a refused person said', async ({
    worlds,
  }) => {
    const { world, ada, ben } = await withoutBen(worlds);
    const theirs = ada.openThread(ben.say('general', 'the words of Ben'), 'the words of Ben');
    ada.mention(theirs, 'and you?');
    await world.turnsDone(1);
    expect(world.prompt).toEqual(['Ada: and you?']);
    const others = ada.openThread(ada.say('general', 'the topic'), 'Talk');
    ada.mention(others, 'and you?');
    await world.turnsDone(2);
    expect(world.prompt.join('\n')).toContain('[thread: Talk]');
  });
  it('answers by server, channel, thread and role', async ({ worlds }) => {
    const roles = { allow: [] as string[], deny: [] as string[] };
    const channels = { allow: ['1200000000000000001'], deny: [] };
    const world = await worlds.prepare({
      fake: {
        guilds: [
          {
            name: 'Village',
            id: village,
            channels: [{ name: 'open', id: '1200000000000000001' }, { name: 'shut' }],
          },
          { name: 'Town', id: town, channels: [{ name: 'hall' }], people: ['Dan'] },
        ],
      },
      platform: {
        access: new Access({ workspaces: { allow: [], deny: [town] }, channels, roles }),
      },
    });
    const { fake } = world;
    const [ada, ben, dan] = [fake.person('Ada'), fake.person('Ben'), fake.person('Dan')];
    const role = fake.admin.addRole('Askers');
    fake.state.guild(village).members.get(ada.id)!.roles.push(role.id);
    roles.allow.push(role.id);
    await world.answerEverything().start();

    const right = ada.mention('open', 'one');
    await world.turnsDone(1);
    expect(world.replies(right)).toEqual(['Answer to: Ada: one']);
    const thread = fake.thread(right)!;
    const below = ada.say(thread, 'two');
    await world.turnsDone(2);
    expect(world.botTexts(thread).at(-1)).toContain(below.text);
    const wrong = [ada.mention('shut', 'three'), ben.mention('open', 'four')];
    dan.mention('hall', 'five');
    // In private, roles count from the servers that are allowed.
    ada.dm('six');
    dan.dm('seven');
    await world.turnsDone(3);
    for (const person of [ben, dan]) await turnedAway(world, person);
    await vi.waitFor(() => expect(told(world, dan)).toHaveLength(1));
    expect(told(world, ada).filter((text) => text.startsWith('Answer'))).toEqual([
      'Answer to: Ada: six',
    ]);
    expect(wrong.map((question) => fake.thread(question))).toEqual([undefined, undefined]);
    const reasons = world.logged('access denied').map(({ person, why }) => [person, why]);
    expect(reasons).toEqual(
      expect.arrayContaining([
        [ada.id, 'channel'],
        [ben.id, 'person'],
      ]),
    );
  });

  it('answers members directly, strangers not, and whoever cannot be told yet later', async ({
    worlds,
  }) => {
    const world = await worlds.begin();
    const { fake } = world.answerEverything();
    const route = '/guilds/:guild/members/:user';
    const [ada, ben] = [fake.person('Ada'), fake.person('Ben')];
    // Heard in the server: nothing need be asked.
    ada.say('general', 'good morning');
    ada.dm('one');
    await world.turnsDone(1);
    expect(fake.callsOf('GET', route)).toEqual([]);
    // For as long as one call is tried again: then the message is.
    const isOfBen = ({ path }: { path: string }): boolean => path.endsWith(ben.id);
    fake.faults.next('GET', route, { kind: 'page', status: 502 }, 5, isOfBen);
    ben.dm('two');
    const eve = fake.person('Eve');
    eve.leave();
    eve.dm('three');
    await world.turnsDone(2, 25_000);
    expect(told(world, ben)).toEqual(['Answer to: Ben: two']);
    expect(world.logged('Discord event not stored yet').length).toBeGreaterThan(0);
    await turnedAway(world, eve);
    eve.dm('four');
    ben.dm('five');
    await world.turnsDone(3);
    expect(told(world, eve)).toEqual([]);
    expect(world.logged('access denied')).toMatchObject([{ person: eve.id, why: 'direct' }]);
    expect(fake.callsOf('GET', route)).toHaveLength(7);
  });
});

describe.concurrent('where answers are replies in the channel', () => {
  it('lets nobody stop an answer who may not ask', async ({ worlds }) => {
    const roles = { allow: [], deny: [] as string[] };
    const platform = { replyIn: 'channel', access: new Access({ roles }) } as const;
    const world = await worlds.prepare({ platform });
    const { fake } = world;
    const [ada, ben] = [fake.person('Ada'), fake.person('Ben')];
    const role = fake.admin.addRole('Mutes');
    fake.state.guild().members.get(ben.id)!.roles.push(role.id);
    roles.deny.push(role.id);
    await world.start();
    ada.mention('general', 'a long story');
    const story = await world.modelAsked(1);
    story.write('Once upon a time. ');
    const page = await fake.until(() => world.botMessages('general')[0]);
    ben.say('general', 'stop', { replyTo: page.id });
    ben.say('general', 'go on', { replyTo: page.id });
    await turnedAway(world, ben);
    story.write('The end.').end();
    await world.turnsDone(1);
    expect(world.botTexts('general')).toEqual(['Once upon a time. The end.']);
  });
});

describe.concurrent('bots in Discord', () => {
  it('have their turns in one conversation, whichever answer they reply to', async ({ worlds }) => {
    const bots = new Set<string>();
    const isBot = (author: string): boolean => bots.has(author);
    const platform = { bots, replyIn: 'channel' } as const;
    const world = await worlds.begin({ platform, bots: { isBot, mostTurns: 3 } });
    const { fake } = world;
    world.answerEverything(() => 'Well said.');
    const robot = fake.robot('Echo');
    bots.add(robot.id);
    const root = robot.mention('general', 'hello?');
    await world.turnsDone(1);
    const first = await fake.until(() => world.botMessages('general')[0]);
    for (const text of ['one', 'two', 'three', 'four']) {
      robot.say('general', text, { replyTo: first.id });
      await vi.waitFor(
        async () => {
          const view = await world.store.conversationView(world.conversationOf(root));
          expect(view.history.map((entry) => entry.text)).toContain(text);
          expect(view.running).toBeUndefined();
        },
        { timeout: 10_000 },
      );
    }
    expect(world.botTexts('general')).toHaveLength(3);
  });
});
