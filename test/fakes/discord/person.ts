import type { Channel } from './channel.ts';
import type { Actions } from './actions.ts';
import { allowedMentionsOf } from './mentions.ts';
import type { Message } from './message.ts';
import { type PermissionName, permission } from './permissions.ts';
import { attachmentPayload } from './routes/message-form.ts';
import { type User, nameOf } from './user.ts';
import type { ChannelReference, DiscordState } from './discord-state.ts';

interface FileShared {
  readonly name: string;
  readonly size?: number;
  readonly contentType?: string;
  readonly url?: string;
}

export interface SayOptions {
  /** The message that it replies to. */
  readonly replyTo?: Message | string;
  /** A reply pings its addressee unless this is false. */
  readonly pings?: boolean;
  readonly attachments?: readonly FileShared[];
  readonly nonce?: string;
  /** When it was written, in milliseconds since the epoch; now by default. */
  readonly atMs?: number;
}

/** Somebody on Discord, a person, another bot or a webhook, and what they do there. */
export class Person {
  readonly user: User;
  readonly #world: DiscordState;
  readonly #actions: Actions;

  constructor(user: User, world: DiscordState, actions: Actions) {
    this.user = user;
    this.#world = world;
    this.#actions = actions;
  }

  get id(): string {
    return this.user.id;
  }

  get name(): string {
    return nameOf(this.user);
  }

  /** Writes a text, as events would show it: mentions are `<@id>`. */
  say(place: ChannelReference, text: string, options: SayOptions = {}): Message {
    const channel = this.#world.channel(place);
    const isThread = channel.thread !== undefined;
    this.#need(channel, isThread ? 'SendMessagesInThreads' : 'SendMessages');
    const isModerator = this.#world.may(this.user, channel, permission.ManageThreads);
    if (channel.thread?.locked === true && !isModerator) throw new Error('the thread is locked');
    const { nonce, attachments = [], atMs, replyTo, pings = true } = options;
    const parse = ['users', 'roles', 'everyone'];
    return this.#actions.post(
      channel,
      this.user,
      {
        text,
        attachments: attachments.map(({ name, size, contentType, url }) =>
          attachmentPayload({ filename: name, size, content_type: contentType, url }),
        ),
      },
      {
        nonce,
        reference: replyTo === undefined ? undefined : this.#referenceTo(channel, replyTo),
        allowed: allowedMentionsOf({ parse, replied_user: pings }),
        id: atMs === undefined ? undefined : this.#world.snowflakes.next(atMs),
      },
    );
  }

  /** Writes a text that begins with a mention of the bot. */
  mention(place: ChannelReference, text: string, options: SayOptions = {}): Message {
    return this.say(place, `<@${this.#world.bot.id}> ${text}`, options);
  }

  /** Writes to the bot directly. */
  dm(text: string, options: SayOptions = {}): Message {
    return this.say(this.directChannel, text, options);
  }

  /** Where the bot and they write each other. */
  get directChannel(): Channel {
    return this.#world.directChannel(this.user);
  }

  edit(message: Message, text: string): void {
    if (message.author !== this.user) throw new Error(`${this.name} did not write that`);
    this.#actions.edit(message, { ...message.contents, text });
  }

  /** Deletes any message, also one of the bot, as a moderator may. */
  delete(message: Message): void {
    this.#actions.remove(message);
  }

  pin(message: Message): void {
    this.#actions.pin(message, this.user);
  }

  /** Opens the thread of a message, or one of no message in a channel. */
  openThread(
    from: Message | ChannelReference,
    name: string,
    options: { private?: boolean } = {},
  ): Channel {
    if (typeof from === 'string' || !('author' in from)) {
      const channel = this.#world.channel(from);
      this.#need(channel, 'CreatePublicThreads');
      return this.#actions.openThread(channel, this.user, name, options);
    }
    this.#need(this.#world.channel(from.channelId), 'CreatePublicThreads');
    return this.#actions.openThreadOf(from, this.user, name);
  }

  forumPost(
    place: ChannelReference,
    title: string,
    text: string,
  ): { thread: Channel; message: Message } {
    const forum = this.#world.channel(place);
    if (forum.kind !== 'forum') throw new Error(`${forum.name} is no forum`);
    this.#need(forum, 'SendMessages');
    return this.#actions.postInForum(forum, this.user, title, { text });
  }

  /** Brings somebody into a thread. */
  invite(user: User, thread: Channel): void {
    this.#actions.joinThread(thread, user);
  }

  /** Takes no direct messages from the bot any more. */
  closeDirectMessages(): void {
    this.user.directMessagesClosed = true;
  }

  /** Leaves every guild. */
  leave(): void {
    for (const guild of this.#world.guilds.values()) guild.members.delete(this.id);
  }

  #need(channel: Channel, name: PermissionName): void {
    if (this.user.webhook || this.#world.may(this.user, channel, permission[name])) return;
    throw new Error(`${this.name} lacks ${name} in ${channel.name}`);
  }

  #referenceTo(channel: Channel, target: Message | string) {
    const messageId = typeof target === 'string' ? target : target.id;
    if (!channel.everything.has(messageId)) throw new Error(`no message ${messageId} here`);
    return { channelId: channel.id, messageId };
  }
}
