import type { EventPublisher } from './event-publisher.ts';
import { Channel, type ChannelKind, type ThreadState } from './channel.ts';
import type { ActivityRecord } from './activity-record.ts';
import { type AllowedMentions, mentionsOf } from './mentions.ts';
import {
  type Contents,
  Message,
  type MessageKind,
  type Reference,
  messageFlags,
} from './message.ts';
import type { User } from './user.ts';
import type { DiscordState } from './discord-state.ts';

export interface PostOptions {
  readonly kind?: MessageKind | undefined;
  readonly reference?: Reference | undefined;
  readonly nonce?: string | number | undefined;
  readonly allowed?: AllowedMentions | undefined;
  readonly id?: string | undefined;
}

export interface ThreadChange {
  readonly name?: string | undefined;
  readonly archived?: boolean | undefined;
  readonly locked?: boolean | undefined;
  readonly autoArchiveMinutes?: number | undefined;
}

/**
 * What people and bots do, once it is known that they may: it changes the world, tells the
 * gateway, and takes note of whom the bot pings.
 */
export class Actions {
  readonly #world: DiscordState;
  readonly #publisher: EventPublisher;
  readonly #history: ActivityRecord;

  constructor(world: DiscordState, publisher: EventPublisher, history: ActivityRecord) {
    this.#world = world;
    this.#publisher = publisher;
    this.#history = history;
  }

  /** Writing into an archived thread brings it back. */
  post(channel: Channel, author: User, contents: Contents, options: PostOptions = {}): Message {
    if (channel.thread?.archived === true) this.changeThread(channel, { archived: false });
    const message = this.#build(channel, author, contents, options);
    this.#enter(channel, author);
    channel.add(message);
    this.#publisher.posted(message);
    if (author === this.#world.bot) this.#history.written(message, 'post');
    this.#history.happened();
    return message;
  }

  edit(message: Message, contents: Contents, allowed?: AllowedMentions): void {
    const channel = this.#world.channel(message.channelId);
    const { author } = message;
    const written = { text: contents.text, channel, author, repliedTo: this.#repliedTo(message) };
    message.edit(contents, mentionsOf(this.#world, written, allowed));
    this.#publisher.edited(message);
    if (author === this.#world.bot) this.#history.written(message, 'edit');
    this.#history.happened();
  }

  remove(message: Message): void {
    const channel = this.#world.channel(message.channelId);
    message.delete();
    channel.remove(message);
    this.#publisher.deleted(message);
    this.#history.happened();
  }

  pin(message: Message, by: User): void {
    message.pinned = true;
    this.#publisher.edited(message);
    const { channelId, id: messageId } = message;
    const reference = { channelId, messageId };
    this.post(this.#world.channel(channelId), by, { text: '' }, { kind: 'pin', reference });
  }

  /** Opens the thread of a message: its id is the message's. */
  openThreadOf(message: Message, owner: User, name: string, autoArchiveMinutes = 4_320): Channel {
    const parent = this.#world.channel(message.channelId);
    const kind = parent.kind === 'announcement' ? 'announcement-thread' : 'public-thread';
    const thread = this.#addThread(parent, owner, {
      id: message.id,
      kind,
      name,
      autoArchiveMinutes,
    });
    message.addFlag(messageFlags.hasThread);
    // This order: discord.js takes a thread for known that a message's change has brought along.
    this.#publisher.threadOpened(thread);
    this.#publisher.edited(message);
    const reference = { channelId: parent.id, messageId: message.id };
    this.post(thread, message.author, { text: '' }, { kind: 'thread-starter', reference });
    return thread;
  }

  /** Opens a thread of no message. */
  openThread(
    parent: Channel,
    owner: User,
    name: string,
    options: { private?: boolean; autoArchiveMinutes?: number } = {},
  ): Channel {
    const { autoArchiveMinutes = 4_320 } = options;
    const kind = options.private === true ? 'private-thread' : 'public-thread';
    const id = this.#world.snowflakes.next();
    const thread = this.#addThread(parent, owner, { id, kind, name, autoArchiveMinutes });
    this.#publisher.threadOpened(thread);
    if (kind === 'public-thread') {
      const reference = { channelId: thread.id, messageId: thread.id };
      this.post(parent, owner, { text: name }, { kind: 'thread-created', reference });
    }
    return thread;
  }

  /** A post in a forum: a thread whose first message has the thread's own id. */
  postInForum(
    forum: Channel,
    owner: User,
    name: string,
    contents: Contents,
    options: PostOptions = {},
  ): { thread: Channel; message: Message } {
    const id = this.#world.snowflakes.next();
    const place = { id, kind: 'public-thread', name, autoArchiveMinutes: 4_320 } as const;
    const thread = this.#addThread(forum, owner, place);
    forum.lastMessageId = id;
    this.#publisher.threadOpened(thread);
    return { thread, message: this.post(thread, owner, contents, { ...options, id }) };
  }

  changeThread(channel: Channel, change: ThreadChange): void {
    const { thread } = channel;
    if (thread === undefined) throw new Error(`${channel.name} is no thread`);
    if (change.archived !== undefined && change.archived !== thread.archived) {
      thread.archived = change.archived;
      thread.archiveChangedAt = Date.now();
    }
    thread.locked = change.locked ?? thread.locked;
    thread.autoArchiveMinutes = change.autoArchiveMinutes ?? thread.autoArchiveMinutes;
    channel.name = change.name ?? channel.name;
    this.#publisher.threadChanged(channel);
    this.#history.happened();
  }

  joinThread(channel: Channel, user: User): void {
    if (channel.thread === undefined || channel.thread.members.has(user.id)) return;
    channel.thread.members.set(user.id, Date.now());
    this.#publisher.threadJoined(channel, user.id);
  }

  leaveThread(channel: Channel, user: User): void {
    if (channel.thread?.members.has(user.id) !== true) return;
    // The bot hears of leaving a private thread, which it cannot see afterwards.
    this.#publisher.threadLeft(channel, user.id);
    channel.thread.members.delete(user.id);
  }

  #build(channel: Channel, author: User, contents: Contents, options: PostOptions): Message {
    const {
      reference,
      nonce,
      allowed,
      kind = reference === undefined ? 'default' : 'reply',
    } = options;
    const repliedTo = kind === 'reply' ? this.#repliedTo({ reference }) : undefined;
    const written = { text: contents.text, channel, author, repliedTo };
    const nobody = { everyone: false, users: [], roles: [] };
    const talks = kind === 'default' || kind === 'reply';
    return new Message({
      ...contents,
      id: options.id ?? this.#world.snowflakes.next(),
      channelId: channel.id,
      author,
      kind,
      mentions: talks ? mentionsOf(this.#world, written, allowed) : nobody,
      reference,
      nonce,
    });
  }

  #repliedTo({ reference }: { reference?: Reference | undefined }): User | undefined {
    if (reference === undefined) return undefined;
    return this.#world.channels.get(reference.channelId)?.find(reference.messageId)?.author;
  }

  /** Who writes in a thread takes part in it. */
  #enter(channel: Channel, author: User): void {
    if (!author.webhook) this.joinThread(channel, author);
  }

  #addThread(
    parent: Channel,
    owner: User,
    place: { id: string; kind: ChannelKind; name: string; autoArchiveMinutes: number },
  ): Channel {
    const now = Date.now();
    const { autoArchiveMinutes, ...rest } = place;
    const thread: ThreadState = {
      ownerId: owner.id,
      archived: false,
      locked: false,
      autoArchiveMinutes,
      archiveChangedAt: now,
      members: new Map([[owner.id, now]]),
      sent: 0,
    };
    const guildId = parent.guildId!;
    const channel = new Channel({ ...rest, guildId, parentId: parent.id, thread });
    this.#world.channels.set(channel.id, channel);
    return channel;
  }
}
