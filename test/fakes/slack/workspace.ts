import { Channel, type ChannelKind } from './channel.ts';
import type { Author, Message } from './message.ts';
import {
  type ChannelOptions,
  type Settings,
  type UserOptions,
  type WorkspaceOptions,
  defaults,
} from './options.ts';

export interface User {
  readonly id: string;
  readonly name: string;
  readonly botId: string | undefined;
  /** The organisation that they belong to. */
  readonly team: string;
}

/** A line as a person sees it. */
export interface Shown {
  readonly author: string;
  readonly text: string;
  readonly ts: string;
}

const kinds: Readonly<Record<string, ChannelKind>> = { G: 'private', M: 'mpim', D: 'im' };

/** One customer of Slack's: people, channels, and the bot as it is installed there. */
export class Workspace {
  readonly id: string;
  readonly name: string;
  readonly bot: User & { readonly botId: string };
  readonly token: string;
  /** What the token may do; can be changed at any time. */
  readonly scopes: Set<string>;
  /** What Slack says to every call with the token; undefined while it is good. */
  tokenError: string | undefined;
  readonly users = new Map<string, User>();
  readonly channels = new Map<string, Channel>();
  /** The home tab of each person, as it was published last. */
  readonly homes = new Map<string, unknown>();
  readonly prompts: Readonly<Record<string, unknown>>[] = [];
  readonly titles: Readonly<Record<string, unknown>>[] = [];
  readonly #settings: Settings;

  constructor(options: WorkspaceOptions, settings: Settings) {
    this.#settings = settings;
    this.id = options.id;
    this.name = options.name ?? `Workspace ${options.id}`;
    this.token = options.token ?? `xoxb-${options.id}`;
    this.scopes = new Set(options.scopes ?? defaults.scopes);
    this.bot = {
      id: options.bot?.user ?? `U0${options.id}`,
      botId: options.bot?.id ?? `B0${options.id}`,
      name: options.bot?.name ?? 'Parley',
      team: options.id,
    };
    this.users.set(this.bot.id, this.bot);
    for (const user of options.users ?? defaults.users) this.addUser(user);
    for (const channel of options.channels ?? defaults.channels) this.addChannel(channel);
  }

  addUser({ id, name, botId, team }: UserOptions): void {
    this.users.set(id, { id, name, botId, team: team ?? this.id });
  }

  addChannel(options: ChannelOptions): Channel {
    const { id, members = [], withoutBot = false, external = false } = options;
    const channel = new Channel({
      id,
      name: options.name ?? id.toLowerCase(),
      kind: options.kind ?? kinds[id.charAt(0)] ?? 'public',
      external,
      members: withoutBot ? members : [...members, this.bot.id],
      keepTexts: () => this.#settings.keepTexts,
    });
    this.channels.set(id, channel);
    return channel;
  }

  /** The channel with this id; throws if a test names one that does not exist. */
  channel(id: string): Channel {
    const channel = this.channels.get(id);
    if (channel === undefined) throw new Error(`no channel ${id} in ${this.id}`);
    return channel;
  }

  /** Everything about a message, deleted or not; throws if there never was one. */
  message(channel: string, ts: string): Message {
    const message = this.channel(channel).everything.get(ts);
    if (message === undefined) throw new Error(`no message ${ts} in ${channel}`);
    return message;
  }

  /** What a person sees in a thread now, its root first. */
  thread(channel: string, rootTs: string): Shown[] {
    const place = this.channel(channel);
    const root = place.find(rootTs);
    return [...(root === undefined ? [] : [root]), ...place.replies(rootTs)].map(shown);
  }

  /** What a person sees in a channel now, without the replies in threads. */
  timeline(channel: string): Shown[] {
    return this.channel(channel).top.map(shown);
  }

  authorOf(user: User): Author {
    const { id, name, team, botId } = user;
    return { user: id, name, team, ...(botId === undefined ? {} : { botId }) };
  }

  /** The channel in which the bot and this person write each other, if there is one. */
  directChannel(user: string): Channel | undefined {
    return [...this.channels.values()].find(
      ({ kind, members }) => kind === 'im' && members.has(user) && members.has(this.bot.id),
    );
  }
}

function shown(message: Message): Shown {
  return { author: message.author.name, text: message.text, ts: message.ts };
}
