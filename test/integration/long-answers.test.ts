import { describe, expect, vi } from 'vitest';
import type { Ping } from '../fakes/discord/activity-record.ts';
import type { Notification } from '../fakes/slack/activity-record.ts';
import { itInWorlds as onDiscord, type DiscordWorld } from '../worlds/discord-world.ts';
import { type Asked, itInWorlds as onSlack, type SlackWorld } from '../worlds/slack-world.ts';

const ready = 'Your answer is ready.';
/** Every answer is a long one. */
const always = { longAnswerMs: 1 } as const;

/** Who was called on Slack until now; a world that ends wants to know of nobody. */
async function calledOnSlack(world: SlackWorld, count: number): Promise<readonly Notification[]> {
  const { notifications } = world.fake.activity;
  await vi.waitFor(() => expect(notifications).toHaveLength(count), { timeout: 5_000 });
  return notifications.splice(0);
}

async function calledOnDiscord(world: DiscordWorld, count: number): Promise<readonly Ping[]> {
  const { pings } = world.fake;
  await vi.waitFor(() => expect(pings).toHaveLength(count), { timeout: 5_000 });
  return (pings as Ping[]).splice(0);
}

/** A question in a channel, of whose answer people read the beginning. */
async function halfAnswered(world: SlackWorld): Promise<Asked> {
  const asked = await world.ask();
  asked.writing.write('It is so');
  await world.fake.until(() => world.replies('C1', asked.root.ts)[0] === 'It is so');
  return asked;
}

describe.concurrent('a long answer on Slack', () => {
  onSlack('does not wait for that, nor fail with it', async ({ worlds }) => {
    const world = await worlds.begin(always);
    const { root, writing } = await halfAnswered(world);
    world.fake.fail('chat.postMessage', { kind: 'error', error: 'restricted_action' });
    writing.write('.').end();
    await world.turnsDone(1);
    await vi.waitFor(() => expect(world.logged('nobody told of a long answer')).toHaveLength(1));
    expect(world.replies('C1', root.ts)).toEqual(['It is so.']);
  });

  onSlack('calls nobody to an answer that they cannot read', async ({ worlds }) => {
    const world = await worlds.begin(always);
    const { root, writing } = await halfAnswered(world);
    world.fake.fail('chat.update', { kind: 'error', error: 'edit_window_closed' });
    writing.write('.').end();
    await world.turnsDone(1);
    await world.fake.until(() => world.replies('C1', root.ts).length === 2);
    const other = await world.ask('and this?', 'C2');
    other.writing.write('It is so.').end();
    await world.turnsDone(2);
    expect(await calledOnSlack(world, 1)).toMatchObject([{ channel: 'C2' }]);
  });

  onSlack('holds up no other channel where nobody can be called yet', async ({ worlds }) => {
    const world = await worlds.begin(always);
    const { writing } = await halfAnswered(world);
    world.fake.fail('chat.postMessage', { kind: 'rate-limited', retryAfterSeconds: 600 });
    writing.write('.').end();
    await world.turnsDone(1);
    await vi.waitFor(() => expect(world.logged('rate limited')).toHaveLength(1));
    const other = await world.ask('and this?', 'C2');
    other.writing.write('It is so.').end();
    await world.turnsDone(2);
    expect(await calledOnSlack(world, 1)).toMatchObject([{ channel: 'C2' }]);
  });
});

describe.concurrent('a long answer on Discord', () => {
  onDiscord('calls whoever asked, and nobody else, with a link to it', async ({ worlds }) => {
    const world = (await worlds.begin(always)).answerEverything(() => 'It is so, @everyone.');
    const ada = world.fake.person('Ada');
    const question = ada.mention('general', 'why?');
    await world.turnsDone(1);
    const [ping] = await calledOnDiscord(world, 1);
    expect(ping).toMatchObject({ everyone: false, users: [ada.id], roles: [] });
    expect(ping?.channelId).toBe(question.channelId);
    const [answer] = world.botMessages(world.fake.thread(question)!);
    const link = `https://discord.com/channels/${world.fake.state.guild().id}/${question.id}/${answer!.id}`;
    expect(world.botTexts('general')).toEqual([`<@${ada.id}> ${ready} ${link}`]);
    expect(world.replies(question)).toHaveLength(1);
  });

  onDiscord('calls them in the thread that they went on in', async ({ worlds }) => {
    const world = await worlds.begin(always);
    world.answerEverything();
    const ada = world.fake.person('Ada');
    const question = ada.mention('general', 'why?');
    await world.turnsDone(1);
    await calledOnDiscord(world, 1);
    ada.say(world.fake.thread(question)!, 'and then?');
    await world.turnsDone(2);
    const [ping] = await calledOnDiscord(world, 1);
    expect(ping?.channelId).toBe(question.id);
    expect(world.replies(question).at(-1)).toContain(`<@${ada.id}> ${ready} https://`);
  });
  onDiscord('holds up no other channel where nobody can be called yet', async ({ worlds }) => {
    const world = await worlds.begin({ ...always, platform: { replyIn: 'channel' } });
    const { fake } = world;
    fake.person('Ada').mention('general', 'slow');
    const writing = await world.modelAsked(1);
    writing.write('It is so');
    await fake.until(() => world.botTexts('general').length === 1);
    const path = `/channels/${fake.channel('general').id}/messages`;
    fake.faults.next('POST', path, { kind: 'rate-limited', retryAfterSeconds: 600 });
    writing.write('.').end();
    await world.turnsDone(1);
    await vi.waitFor(() => expect(world.logged('rate limited')).toHaveLength(1));
    world.answerEverything();
    fake.person('Ben').mention('projects', 'quick');
    const [ping] = await calledOnDiscord(world, 1);
    expect(ping?.channelId).toBe(fake.channel('projects').id);
  });
});
