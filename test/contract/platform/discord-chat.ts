import { expect, vi } from 'vitest';
import { Access } from '../../../src/core/intake/access.ts';
import { userTexts } from '../../../src/core/domain/user-texts.ts';
import { conversationId } from '../../../src/core/domain/conversation.ts';
import type { Channel } from '../../fakes/discord/channel.ts';
import type { Fault } from '../../fakes/discord/faults.ts';
import type { Message } from '../../fakes/discord/message.ts';
import type { Person } from '../../fakes/discord/person.ts';
import type { Ping } from '../../fakes/discord/activity-record.ts';
import { DiscordWorld } from '../../worlds/discord-world.ts';
import type {
  CallFault,
  ChannelName,
  Chat,
  ChatOptions,
  PersonName,
  Sent,
  Thread,
} from './chat.ts';

const people = ['Ann', 'Ben', 'Cem'] as const;

const faults: Readonly<Record<CallFault, Fault>> = {
  'rate-limited': { kind: 'rate-limited', retryAfterSeconds: 1 },
  'rate-limited-long': { kind: 'rate-limited', retryAfterSeconds: 600 },
  'server-error': { kind: 'page', status: 502 },
  reset: { kind: 'reset' },
  'lost-response': { kind: 'lost', by: 'reset' },
  hang: { kind: 'hang' },
};
const calls = {
  post: ['POST', 'messages'],
  edit: ['PATCH', 'messages/:message'],
  read: ['GET', 'messages'],
} as const;

/** The real discord.js on the fake Discord. */
export class DiscordChat implements Chat {
  readonly world: DiscordWorld;
  readonly mentionOfEverybody = '@everyone';
  readonly #denied: string[];
  readonly #deniedChannels: string[];

  private constructor(world: DiscordWorld, denied: { people: string[]; channels: string[] }) {
    this.world = world;
    this.#denied = denied.people;
    this.#deniedChannels = denied.channels;
  }

  static async prepare(options: ChatOptions): Promise<DiscordChat> {
    const { followups, mostBotTurns, mostOpen, longAnswerMs } = options;
    const denied = { people: [] as string[], channels: [] as string[] };
    const bots = new Set<string>();
    const world = await DiscordWorld.prepare({
      fake: { guilds: [{ name: 'Village', people }] },
      ...(mostOpen === undefined ? {} : { mostOpen }),
      ...(longAnswerMs === undefined ? {} : { longAnswerMs }),
      ...(mostBotTurns === undefined
        ? {}
        : { bots: { isBot: (author) => bots.has(author), mostTurns: mostBotTurns } }),
      platform: {
        access: new Access({
          people: { allow: [], deny: denied.people },
          channels: { allow: [], deny: denied.channels },
        }),
        bots,
        ...(followups === undefined ? {} : { followups }),
      },
    });
    if (mostBotTurns !== undefined) bots.add(world.fake.robot('Weather').id);
    return new DiscordChat(world, denied);
  }

  mentionOf(person: PersonName): string {
    return `<@${this.#person(person).id}>`;
  }

  get mentionOfBot(): string {
    return `<@${this.world.fake.bot.id}>`;
  }

  ask(person: PersonName, channel: ChannelName, text: string): Sent {
    return sent(this.#person(person).mention(channel, text));
  }

  post(person: PersonName, channel: ChannelName, text: string): Sent {
    return sent(this.#person(person).say(channel, text));
  }

  async openThread(person: PersonName, channel: ChannelName, text: string): Promise<Thread> {
    const root = this.#person(person).say(channel, text);
    return this.#threadIn(this.#person(person).openThread(root, text));
  }

  askIn(person: PersonName | 'Weather', { place }: Thread, text: string): Sent {
    return sent(this.#person(person).mention(place, text));
  }

  postIn(person: PersonName | 'Weather', { place }: Thread, text: string): Sent {
    return sent(this.#person(person).say(place, text));
  }

  askAsBot(channel: ChannelName, text: string): Sent {
    return sent(this.#person('Weather').mention(channel, text));
  }

  direct(person: PersonName, text: string): Sent {
    return sent(this.#person(person).dm(text));
  }

  edit(person: PersonName | 'Weather', message: Sent, text: string): void {
    this.#person(person).edit(this.#message(message), text);
  }

  remove(person: PersonName, message: Sent): void {
    this.#person(person).delete(this.#message(message));
  }

  async threadOf({ id }: Sent): Promise<Thread> {
    return this.#threadIn(await this.world.fake.until(() => this.world.fake.thread(id)));
  }

  answersIn({ place }: Thread): string[] {
    return this.world.botTexts(place);
  }

  answersTo({ id }: Sent): string[] {
    const thread = this.world.fake.thread(id);
    return thread === undefined ? [] : this.world.botTexts(thread);
  }

  postsIn({ place }: Thread): Sent[] {
    return this.world.botMessages(place).map(({ id }) => ({ place, id }));
  }

  answersInChannel(channel: ChannelName): string[] {
    return this.world.botTexts(channel);
  }

  answersDirectly(person: PersonName): string[] {
    return this.world.botTexts(this.#person(person).directChannel);
  }

  /** A denial comes in a direct message, everything else as a reply to the message. */
  noticesTo(person: PersonName, channel: ChannelName): string[] {
    const { fake } = this.world;
    const own = new Set(
      fake
        .channel(channel)
        .messages.filter(({ author }) => author.id === this.#person(person).id)
        .map(({ id }) => id),
    );
    const replies = this.world
      .botMessages(channel)
      .filter(({ replyTo }) => replyTo !== undefined && own.has(replyTo))
      .map(({ text }) => text);
    const place = `<#${fake.channel(channel).id}>`;
    const direct = this.answersDirectly(person).filter((text) => text.includes(place));
    return [...replies, ...direct];
  }

  denialIn(channel: ChannelName): string {
    return userTexts.notAllowedIn(`<#${this.world.fake.channel(channel).id}>`);
  }

  takeNotified(): PersonName[] {
    const pings = this.world.fake.pings as Ping[];
    return pings
      .splice(0)
      .flatMap(({ users }) => people.filter((name) => users.includes(this.#person(name).id)));
  }

  deny(person: PersonName): void {
    this.#denied.push(this.#person(person).id);
  }

  allow(person: PersonName): void {
    this.#denied.splice(this.#denied.indexOf(this.#person(person).id), 1);
  }

  denyChannel(channel: ChannelName): void {
    this.#deniedChannels.push(this.world.fake.channel(channel).id);
  }

  fail(call: 'post' | 'edit' | 'read', fault: CallFault, channel?: ChannelName): void {
    const { fake } = this.world;
    const [method, rest] = calls[call];
    const id = channel === undefined ? undefined : fake.channel(channel).id;
    const isThere = ({ path }: { path: string }): boolean => {
      const place = fake.state.channels.get(path.split('/')[2] ?? '');
      return id === undefined || place?.id === id || place?.parentId === id;
    };
    fake.faults.next(method, `/channels/:channel/${rest}`, faults[fault], 1, isThere);
  }

  /** A client answers a heartbeat that it is asked for with the last event that it received. */
  async delivered(): Promise<void> {
    const { gateway } = this.world.fake;
    const before = gateway.record.heartbeats.length;
    gateway.requestHeartbeats();
    const { heartbeats } = gateway.record;
    await vi.waitFor(() => expect(heartbeats.length).toBeGreaterThan(before), { interval: 5 });
  }

  #person(name: PersonName | 'Weather'): Person {
    const { fake } = this.world;
    return name === 'Weather' ? fake.robot(name) : fake.person(name);
  }

  #message({ id }: Sent): Message {
    return this.world.fake.message(id);
  }

  #threadIn({ id, parentId = '', guildId = '' }: Channel): Thread {
    return { place: id, root: id, conversation: conversationId('discord', guildId, parentId, id) };
  }
}

function sent({ channelId, id }: Message): Sent {
  return { place: channelId, id };
}
