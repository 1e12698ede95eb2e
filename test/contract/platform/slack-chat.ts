import { Access } from '../../../src/core/intake/access.ts';
import { userTexts } from '../../../src/core/domain/user-texts.ts';
import { conversationId } from '../../../src/core/domain/conversation.ts';
import type { Fault } from '../../fakes/slack/faults.ts';
import type { Message } from '../../fakes/slack/message.ts';
import type { Person } from '../../fakes/slack/person.ts';
import { SlackWorld, type TransportName } from '../../worlds/slack-world.ts';
import type {
  CallFault,
  ChannelName,
  Chat,
  ChatOptions,
  PersonName,
  Sent,
  Thread,
} from './chat.ts';

const users = { Ann: 'U1', Ben: 'U2', Cem: 'U3', Weather: 'U7' } as const;
const channels = { general: 'C1', projects: 'C2' } as const;
const team = 'T1';

const faults: Readonly<Record<CallFault, Fault>> = {
  'rate-limited': { kind: 'rate-limited', retryAfterSeconds: 1 },
  'rate-limited-long': { kind: 'rate-limited', retryAfterSeconds: 600 },
  'server-error': { kind: 'status', status: 500 },
  reset: { kind: 'reset' },
  'lost-response': { kind: 'lost', by: 'reset' },
  hang: { kind: 'hang' },
};
const methods = {
  post: 'chat.postMessage',
  edit: 'chat.update',
  read: 'conversations.replies',
} as const;

/** The real Bolt on the fake Slack. */
export class SlackChat implements Chat {
  readonly world: SlackWorld;
  readonly mentionOfEverybody = '<!here>';
  readonly #denied: string[];
  readonly #deniedChannels: string[];

  private constructor(world: SlackWorld, denied: { people: string[]; channels: string[] }) {
    this.world = world;
    this.#denied = denied.people;
    this.#deniedChannels = denied.channels;
  }

  static async prepare(transport: TransportName, options: ChatOptions): Promise<SlackChat> {
    const { followups, mostBotTurns, mostOpen, longAnswerMs } = options;
    const denied = { people: [] as string[], channels: [] as string[] };
    const world = await SlackWorld.prepare({
      transport,
      ...(mostOpen === undefined ? {} : { mostOpen }),
      ...(longAnswerMs === undefined ? {} : { longAnswerMs }),
      ...(mostBotTurns === undefined
        ? {}
        : { bots: { isBot: (author) => author.endsWith(':B7'), mostTurns: mostBotTurns } }),
      platform: {
        access: new Access({
          people: { allow: [], deny: denied.people },
          channels: { allow: [], deny: denied.channels },
        }),
        ...(followups === undefined ? {} : { followups }),
        ...(mostBotTurns === undefined ? {} : { bots: new Set(['B7']) }),
      },
    });
    return new SlackChat(world, denied);
  }

  mentionOf(person: PersonName): string {
    return `<@${users[person]}>`;
  }

  get mentionOfBot(): string {
    return `<@${this.world.fake.workspace().bot.id}>`;
  }

  ask(person: PersonName, channel: ChannelName, text: string): Sent {
    return sent(this.#person(person).mentions(channels[channel], text));
  }

  post(person: PersonName, channel: ChannelName, text: string): Sent {
    return sent(this.#person(person).posts(channels[channel], text));
  }

  async openThread(person: PersonName, channel: ChannelName, text: string): Promise<Thread> {
    return threadUnder(this.post(person, channel, text));
  }

  askIn(person: PersonName | 'Weather', { place, root }: Thread, text: string): Sent {
    return sent(this.#person(person).mentions(place, text, { thread_ts: root }));
  }

  postIn(person: PersonName | 'Weather', { place, root }: Thread, text: string): Sent {
    return sent(this.#person(person).posts(place, text, { thread_ts: root }));
  }

  askAsBot(channel: ChannelName, text: string): Sent {
    return sent(this.#person('Weather').mentions(channels[channel], text));
  }

  direct(person: PersonName, text: string): Sent {
    return sent(this.#person(person).writes(text));
  }

  edit(person: PersonName | 'Weather', message: Sent, text: string): void {
    this.#person(person).edits(this.#message(message), text);
  }

  remove(person: PersonName, message: Sent): void {
    this.#person(person).deletes(this.#message(message));
  }

  async threadOf(question: Sent): Promise<Thread> {
    return threadUnder(question);
  }

  answersIn({ place, root }: Thread): string[] {
    return this.world.replies(place, root);
  }

  answersTo(question: Sent): string[] {
    return this.answersIn(threadUnder(question));
  }

  postsIn({ place, root }: Thread): Sent[] {
    return this.world.fake
      .workspace()
      .channel(place)
      .replies(root)
      .filter(({ author }) => author.name === 'Parley')
      .map(sent);
  }

  answersInChannel(channel: ChannelName): string[] {
    return this.world.botTexts(channels[channel]);
  }

  answersDirectly(person: PersonName): string[] {
    const channel = this.world.fake.workspace().directChannel(users[person]);
    return channel === undefined ? [] : this.world.botTexts(channel.id);
  }

  noticesTo(person: PersonName, channel: ChannelName): string[] {
    return this.world.fake.activity.ephemerals
      .filter((one) => one.user === users[person] && one.channel === channels[channel])
      .map(({ text }) => text);
  }

  denialIn(): string {
    return userTexts.notAllowed;
  }

  takeNotified(): PersonName[] {
    const people = Object.entries(users) as [PersonName, string][];
    return this.world.fake.activity.notifications
      .splice(0)
      .flatMap(({ mention }) => people.filter(([, id]) => mention === `<@${id}>`))
      .map(([name]) => name);
  }

  deny(person: PersonName): void {
    this.#denied.push(users[person]);
  }

  allow(person: PersonName): void {
    this.#denied.splice(this.#denied.indexOf(users[person]), 1);
  }

  denyChannel(channel: ChannelName): void {
    this.#deniedChannels.push(channels[channel]);
  }

  fail(call: 'post' | 'edit' | 'read', fault: CallFault, channel?: ChannelName): void {
    const when = ({ args }: { args: Readonly<Record<string, unknown>> }): boolean =>
      channel === undefined || args['channel'] === channels[channel];
    this.world.fake.fail(methods[call], faults[fault], { when });
  }

  delivered(): Promise<void> {
    return this.world.delivered();
  }

  #person(name: PersonName | 'Weather'): Person {
    return this.world.fake.person(users[name]);
  }

  #message({ place, id }: Sent): Message {
    return this.world.fake.message(place, id);
  }
}

function sent({ channel, ts }: Message): Sent {
  return { place: channel, id: ts };
}

function threadUnder({ place, id }: Sent): Thread {
  return { place, root: id, conversation: conversationId('slack', team, place, id) };
}
