import type { DiscordFake, Shown } from '../fakes/discord/discord-fake.ts';
import type { Message as DiscordMessage } from '../fakes/discord/message.ts';
import type { Message as SlackMessage } from '../fakes/slack/message.ts';
import type { SlackFake } from '../fakes/slack/slack-fake.ts';

/** A place where somebody talks with the bot. */
export interface SimulatedConversation {
  readonly name: string;
  say(text: string): void;
  /** What the bot's messages there read, oldest first. */
  replies(): string[];
  /** What stands there while the bot is working; empty if nothing does. */
  workingSign(): string;
}

/** A thread that begins with a mention. */
export class SlackThread implements SimulatedConversation {
  readonly name: string;
  readonly #fake: SlackFake;
  readonly user: string;
  readonly #channel: string;
  root: SlackMessage | undefined;

  constructor(fake: SlackFake, user: string, channel: string) {
    this.name = `slack thread of ${user} in ${channel}`;
    this.#fake = fake;
    this.user = user;
    this.#channel = channel;
  }

  say(text: string): void {
    const person = this.#fake.person(this.user);
    if (this.root === undefined) this.root = person.mentions(this.#channel, text);
    else person.posts(this.#channel, text, { thread_ts: this.root.ts });
  }

  /** The bot's messages in it. */
  get posted(): SlackMessage[] {
    if (this.root === undefined) return [];
    const channel = this.#fake.workspace().channel(this.#channel);
    return channel.replies(this.root.ts).filter(({ author }) => author.name === 'Parley');
  }

  replies(): string[] {
    return this.posted.map(({ text }) => text);
  }

  workingSign(): string {
    return this.root === undefined ? '' : this.#fake.status(this.#channel, this.root.ts);
  }
}

/** A direct conversation, without threads. */
export class SlackDirect implements SimulatedConversation {
  readonly name: string;
  readonly #fake: SlackFake;
  readonly #user: string;
  /** What was said to the bot. */
  readonly said: SlackMessage[] = [];

  constructor(fake: SlackFake, user: string) {
    this.name = `slack direct of ${user}`;
    this.#fake = fake;
    this.#user = user;
  }

  say(text: string): void {
    this.said.push(this.#fake.person(this.#user).writes(text));
  }

  /** The bot's messages in it. */
  get posted(): SlackMessage[] {
    const [first] = this.said;
    if (first === undefined) return [];
    const { top } = this.#fake.workspace().channel(first.channel);
    return top.filter(({ author }) => author.name === 'Parley');
  }

  replies(): string[] {
    return this.posted.map(({ text }) => text);
  }

  workingSign(): string {
    return this.said.map(({ channel, ts }) => this.#fake.status(channel, ts)).join('');
  }
}

/** A thread that the bot opens under a mention. */
export class DiscordThread implements SimulatedConversation {
  readonly name: string;
  readonly #fake: DiscordFake;
  readonly #user: string;
  readonly #channel: string;
  root: DiscordMessage | undefined;

  constructor(fake: DiscordFake, user: string, channel: string) {
    this.name = `discord thread of ${user} in ${channel}`;
    this.#fake = fake;
    this.#user = user;
    this.#channel = channel;
  }

  say(text: string): void {
    const person = this.#fake.person(this.#user);
    const thread = this.root && this.#fake.thread(this.root);
    if (this.root === undefined) this.root = person.mention(this.#channel, text);
    else person.say(thread ?? this.#channel, text);
  }

  /** The bot's messages in it. */
  get posted(): Shown[] {
    const thread = this.root && this.#fake.thread(this.root);
    if (thread === undefined) return [];
    return this.#fake.messages(thread).filter(({ author }) => author === 'Parley');
  }

  replies(): string[] {
    return this.posted.map(({ text }) => text);
  }

  /** Typing fades by itself. */
  workingSign(): string {
    return '';
  }
}
