import type { FollowUpPolicy } from '../../../src/core/intake/access.ts';
import type { ConversationId } from '../../../src/core/domain/conversation.ts';
import type { Platform } from '../../../src/core/ports/platform.ts';
import type { World } from '../../worlds/world.ts';

/** The people of the contract; each platform's fake knows them by these names. */
export type PersonName = 'Ann' | 'Ben' | 'Cem';

/** Two channels that all of them and the bot are in. */
export type ChannelName = 'general' | 'projects';

/** A message that a person sent, or that the bot posted. */
export interface Sent {
  /** The platform's id of the channel or thread that it was sent to. */
  readonly place: string;
  /** The platform's id of the message. */
  readonly id: string;
}

/** A conversation of several messages, with its conversation's id in the store. */
export interface Thread {
  readonly place: string;
  /** The platform's id of its first message or, where it has none, of the thread. */
  readonly root: string;
  readonly conversation: ConversationId;
}

/** What goes wrong with the next call of a kind. */
export type CallFault =
  /** Refused for a second, or for ten minutes; nothing was done. */
  | 'rate-limited'
  | 'rate-limited-long'
  /** HTTP 500 or 502 with a page instead of JSON; nothing was done. */
  | 'server-error'
  /** The connection breaks; nothing was done. */
  | 'reset'
  /** It was done, yet the connection breaks. */
  | 'lost-response'
  /** Never answers; nothing was done. */
  | 'hang';

/** Settings that a case of the contract chooses. */
export interface ChatOptions {
  readonly followups?: FollowUpPolicy;
  /** Most questions that one person may have open. */
  readonly mostOpen?: number;
  /** From when on an answer counts as long, in ms: whoever asked is then called to it. */
  readonly longAnswerMs?: number;
  /** Another bot, Weather, is answered, this many times in a row at the most. */
  readonly mostBotTurns?: number;
}

/**
 * Parley's real parts between one chat platform's fake and a model in the test's hands, in words
 * that hold on every platform. What ends with a wait resolves once people, or the store, show it.
 */
export interface Chat {
  /** Starts and stops Parley, and has its model, store and log. */
  readonly world: World<Platform>;
  /** A mention of a person, and of everybody in a channel, as it is sent on the wire. */
  mentionOf(person: PersonName): string;
  readonly mentionOfEverybody: string;
  readonly mentionOfBot: string;

  /** Sends a message to a channel that mentions the bot. */
  ask(person: PersonName, channel: ChannelName, text: string): Sent;
  /** Sends a message to a channel. */
  post(person: PersonName, channel: ChannelName, text: string): Sent;
  /** Begins a thread of people's own with a message. */
  openThread(person: PersonName, channel: ChannelName, text: string): Promise<Thread>;
  /** Writes in a thread, with a mention of the bot or without. */
  askIn(person: PersonName | 'Weather', thread: Thread, text: string): Sent;
  postIn(person: PersonName | 'Weather', thread: Thread, text: string): Sent;
  /** Another bot mentions this one in a channel. */
  askAsBot(channel: ChannelName, text: string): Sent;
  /** Writes to the bot directly. */
  direct(person: PersonName, text: string): Sent;
  edit(person: PersonName | 'Weather', message: Sent, text: string): void;
  /** Deletes one's own message, or one of the bot as a moderator. */
  remove(person: PersonName, message: Sent): void;

  /** The thread that a question in a channel is answered in, once it is there. */
  threadOf(question: Sent): Promise<Thread>;
  /** What the bot's messages in a thread read, in order. */
  answersIn(thread: Thread): string[];
  /** Those in the thread of a question; none while there is no thread. */
  answersTo(question: Sent): string[];
  /** The same as messages, which can be deleted. */
  postsIn(thread: Thread): Sent[];
  /** What the bot's messages in a channel read, without those in threads. */
  answersInChannel(channel: ChannelName): string[];
  /** What the bot wrote to somebody directly. */
  answersDirectly(person: PersonName): string[];
  /** What was told about a message that is not answered, as only its author must see it. */
  noticesTo(person: PersonName, channel: ChannelName): string[];
  /** What people read who may not ask in a channel. */
  denialIn(channel: ChannelName): string;
  /** Who was called by the bot's messages; those that were read are forgotten. */
  takeNotified(): PersonName[];

  /** Denies, or allows again, that a person asks. */
  deny(person: PersonName): void;
  allow(person: PersonName): void;
  /** Denies that anybody asks in a channel. */
  denyChannel(channel: ChannelName): void;

  /** Lets the next post, edit or reading of messages fail, in a channel and its threads. */
  fail(call: 'post' | 'edit' | 'read', fault: CallFault, channel?: ChannelName): void;
  /** Resolves once all that people sent has reached the bot; not: was handled by it. */
  delivered(): Promise<void>;
}

/** What the contract is run with. */
export interface ChatHarness {
  /** Such as `Slack, by socket`. */
  readonly name: string;
  /** A chat in which Parley does not run yet; the contract ends its world. */
  prepare(options: ChatOptions): Promise<Chat>;
}
