import { describe, expect, vi } from 'vitest';
import { Access } from '../../src/core/intake/access.ts';
import { userTexts } from '../../src/core/domain/user-texts.ts';
import type { Channel } from '../fakes/discord/channel.ts';
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

function refusedIn(place: Channel): string {
  return userTexts.notAllowedIn(`<#${place.id}>`);
}

/** Resolves once the person was turned away for the first time. */
async function turnedAway(world: DiscordWorld, person: Person): Promise<void> {
  await vi.waitFor(() =>
    expect(world.logged('turned away')).toContainEqual(
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
  it('neither answers nor keeps what a refused person says, and tells them privately, once', async ({
    worlds,
  }) => {
    const denied: string[] = [];
    const people = { allow: [], deny: denied };
    const world = await worlds.prepare({ platform: { access: new Access({ people }) } });
    const { fake } = world;
    const [ada, ben, cem] = [fake.person('Ada'), fake.person('Ben'), fake.person('Cem')];
    const dan = fake.person('Dan');
    denied.push(ben.id, cem.id);
    await world.start();
    const general = fake.channel('general');

    // A thread of people's own, into which the bot is called later.
    const topic = ada.say(general, 'the topic');
    const talk = ada.openThread(topic, 'Talk');
    ben.say(talk, 'what Ben thinks of it');
    ada.say(talk, 'what Ada thinks of it');
    ada.mention(talk, 'and you?');
    const called = await world.modelAsked(1);
    expect(world.prompt.join('\n')).toContain('what Ada thinks of it');
    expect(world.prompt.join('\n')).not.toContain('Ben');
    called.write('I agree.').end();
    await world.turnsDone(1);

    // Their questions, wherever they are.
    const asked = ben.mention(general, 'may I?');
    await turnedAway(world, ben);
    ben.mention('projects', 'and here?');
    ben.dm('or here?');
    cem.closeDirectMessages();
    cem.mention(general, 'may I?');
    await turnedAway(world, cem);

    // An answer of somebody else's is not theirs to stop or to read on.
    const question = ada.mention(general, 'a long story');
    const story = await world.modelAsked(2);
    story.write('Once upon a time. ');
    const page = await fake.until(() => world.botMessages(fake.thread(question) ?? general)[0]);
    const thread = fake.thread(question)!;
    ben.say(thread, 'stop');
    // What was asked before its author was denied is not changed by them any more.
    const waiting = dan.say(thread, 'why so?');
    await vi.waitFor(async () => {
      const { queued } = await world.store.conversationView(world.conversationOf(question));
      expect(queued.map(({ id }) => id)).toEqual([waiting.id]);
    });
    denied.push(dan.id);
    dan.edit(waiting, 'what Dan says now');
    ben.say(thread, 'a word of Ben’s', { replyTo: page.id });
    ada.say(thread, 'go on, then');
    const meant = ben.say(general, 'something');
    ben.edit(meant, `<@${fake.bot.id}> something else`);
    story.write('The end.').end();
    const next = await world.modelAsked(3);
    expect(world.prompt.slice(-2)).toEqual(['Dan: why so?', 'Ada: go on, then']);
    next.write('Then they slept.').end();
    await world.turnsDone(3);
    expect(world.replies(question)).toEqual(['Once upon a time. The end.', 'Then they slept.']);
    expect(world.prompt.join('\n')).not.toContain('Ben');

    await vi.waitFor(() => expect(told(world, ben)).toEqual([refusedIn(general)]));
    expect(told(world, cem)).toEqual([]);
    expect(fake.thread(asked)).toBeUndefined();
    expect(world.logged('turned away')).toEqual([
      expect.objectContaining({ platform: 'discord', person: ben.id, why: 'person' }),
      expect.objectContaining({ platform: 'discord', person: cem.id, why: 'person' }),
    ]);
    await vi.waitFor(() =>
      expect(world.logged('takes no direct messages')).toMatchObject([{ person: cem.id }]),
    );
    expect(world.logged('background call failed')).toEqual([]);

    // Allowed later, they are answered from then on: what was refused stays so.
    denied.length = 0;
    await world.stop();
    const late = ben.mention(general, 'may I now?');
    await world.start();
    (await world.modelAsked(4)).write('Yes.').end();
    await world.turnsDone(4);
    expect(world.replies(late)).toEqual(['Yes.']);
    expect(fake.thread(asked)).toBeUndefined();
    expect(told(world, ben)).toHaveLength(1);
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

  it('tells nobody anew of what is read again after a restart', async ({ worlds }) => {
    const { world, ada, ben } = await withoutBen(worlds);
    ben.mention('general', 'may I?');
    await vi.waitFor(() => expect(told(world, ben)).toHaveLength(1));
    await world.stop();
    ben.mention('general', 'may I now?');
    await world.start();
    ada.mention('general', 'hello');
    await world.turnsDone(1);
    await turnedAway(world, ben);
    await world.stop();
    expect(world.logged('turned away')).toHaveLength(2);
    expect(told(world, ben)).toHaveLength(1);
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
    const reasons = world.logged('turned away').map(({ person, why }) => [person, why]);
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
    expect(world.logged('discord event not taken in yet').length).toBeGreaterThan(0);
    await turnedAway(world, eve);
    eve.dm('four');
    ben.dm('five');
    await world.turnsDone(3);
    expect(told(world, eve)).toEqual([]);
    expect(world.logged('turned away')).toMatchObject([{ person: eve.id, why: 'direct' }]);
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
  it('are answered where they are listed, but not for ever', async ({ worlds }) => {
    const bots = new Set<string>();
    const isBot = (author: string): boolean => bots.has(author);
    const world = await worlds.begin({ platform: { bots }, bots: { isBot, mostTurns: 3 } });
    const { fake } = world;
    world.answerEverything(() => 'Well said.');
    const [ada, robot, stranger] = [fake.person('Ada'), fake.robot('Echo'), fake.robot('Noise')];
    bots.add(robot.id);
    stranger.mention('general', 'hello?');
    const root = robot.mention('general', 'hello?');
    await world.turnsDone(1);
    const thread = fake.thread(root)!;
    /** The other bot answers each reply with a mention, until it gets none any more. */
    const echo = async (): Promise<void> => {
      for (let seen = -1; seen < world.botTexts(thread).length;) {
        seen = world.botTexts(thread).length;
        robot.mention(thread, `reply ${seen}`);
        await vi.waitFor(
          async () => {
            const view = await world.store.conversationView(world.conversationOf(root));
            expect(view.history.map(({ text }) => text)).toContain(`reply ${seen}`);
            expect(view.running).toBeUndefined();
          },
          { timeout: 10_000 },
        );
      }
    };
    await echo();
    expect(world.botTexts(thread)).toHaveLength(3);
    ada.say(thread, 'are you two done?');
    await world.turnsDone(4);
    await echo();
    // Ada’s own, and three to the bot again.
    expect(world.botTexts(thread)).toHaveLength(3 + 1 + 3);
    expect(world.logged('bots have had their turns')).toHaveLength(2);
    expect(world.logged('turned away')).toEqual([]);
    expect(world.botTexts('general')).toEqual([]);
  });

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
