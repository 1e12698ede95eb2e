import type { Channel } from './channel.ts';
import type { EventPublisher } from './events/event-publisher.ts';
import { messagePayload } from './events/payloads.ts';
import type { FileShared, Message } from './message.ts';
import type { User, Workspace } from './workspace.ts';

export interface PostOptions {
  /** The root of the thread to write in. */
  readonly thread_ts?: string;
  /** A reply that is shown in the channel, too. */
  readonly broadcast?: boolean;
  readonly files?: readonly FileShared[];
  /** Any other subtype, such as `bot_message` or `channel_join`. */
  readonly subtype?: string;
  /** When it was written, in milliseconds since the epoch; now by default. */
  readonly atMs?: number;
  /** Slack tells the app nothing of it, as of what it gave up on. */
  readonly silently?: boolean;
}

/** Somebody in a workspace, and what they do there. */
export class Person {
  readonly user: User;
  readonly #workspace: Workspace;
  readonly #publisher: EventPublisher;

  constructor(user: User, workspace: Workspace, publisher: EventPublisher) {
    this.user = user;
    this.#workspace = workspace;
    this.#publisher = publisher;
  }

  /** Writes a text, as events would show it: mentions are `<@U1>`. Returns what was posted. */
  posts(channelId: string, text: string, options: PostOptions = {}): Message {
    const channel = this.#place(channelId);
    const { thread_ts: threadTs, files, atMs } = options;
    const subtype = options.subtype ?? subtypeOf(options);
    const message = channel.add({
      text,
      author: this.#workspace.authorOf(this.user),
      ...(threadTs === undefined ? {} : { threadTs }),
      ...(files === undefined ? {} : { files }),
      ...(subtype === undefined ? {} : { subtype }),
      ...(atMs === undefined ? {} : { atMs }),
    });
    if (options.silently !== true) this.#publisher.posted(this.#workspace, channel, message);
    return message;
  }

  /** Writes a text that begins with a mention of the bot. */
  mentions(channelId: string, text: string, options: PostOptions = {}): Message {
    return this.posts(channelId, `<@${this.#workspace.bot.id}> ${text}`, options);
  }

  /** Writes to the bot directly. */
  writes(text: string, options: PostOptions = {}): Message {
    return this.posts(this.#direct().id, text, options);
  }

  edits(message: Message, text: string): void {
    const channel = this.#place(message.channel);
    const previous = messagePayload(this.#workspace, channel, message, { replies: true });
    channel.write(message, { text });
    message.edited = { user: this.user.id, ts: `${Math.floor(Date.now() / 1_000)}.000000` };
    this.#publisher.changed(this.#workspace, channel, message, previous);
  }

  /** Deletes any message, also one of the bot, as an administrator may. */
  deletes(message: Message): void {
    const channel = this.#place(message.channel);
    this.#publisher.deleted(this.#workspace, channel, message);
    channel.remove(message);
  }

  /** Stops a message that the bot writes as a stream. */
  stopsStream(message: Message): void {
    if (message.stream?.state === 'open') message.stream.state = 'stopped-by-user';
  }

  opensHome(tab: 'messages' | 'home' = 'messages'): void {
    const channel = this.#direct();
    const event = { type: 'app_home_opened', user: this.user.id, channel: channel.id, tab };
    this.#publisher.happened(this.#workspace, event, channel);
  }

  #place(channelId: string): Channel {
    const channel = this.#workspace.channel(channelId);
    if (channel.members.has(this.user.id)) return channel;
    throw new Error(`${this.user.name} is not in ${channelId}`);
  }

  #direct(): Channel {
    const channel = this.#workspace.directChannel(this.user.id);
    if (channel !== undefined) return channel;
    throw new Error(`${this.user.name} has no direct messages with the bot`);
  }
}

function subtypeOf({ files, broadcast }: PostOptions): string | undefined {
  if (broadcast === true) return 'thread_broadcast';
  return files === undefined ? undefined : 'file_share';
}
