import type { Payload } from './payload.ts';
import type { User } from './user.ts';

/** Discord's numbers for the kinds of messages. */
export const messageTypes = {
  default: 0,
  pin: 6,
  join: 7,
  'thread-created': 18,
  reply: 19,
  'thread-starter': 21,
} as const;

export type MessageKind = keyof typeof messageTypes;

export const messageFlags = {
  suppressEmbeds: 1 << 2,
  hasThread: 1 << 5,
  suppressNotifications: 1 << 12,
} as const;

/** What a message read, and from when. */
export interface Reading {
  /** On the clock of `performance.now()`. */
  readonly at: number;
  /** Undefined from when it was deleted. */
  readonly text: string | undefined;
}

/** Which message another one points at. */
export interface Reference {
  readonly channelId: string;
  readonly messageId: string;
}

/** Whom a message pings. */
export interface Mentions {
  readonly everyone: boolean;
  /** Ids; the author of the message replied to among them, if pinged. */
  readonly users: readonly string[];
  readonly roles: readonly string[];
}

/** What a message is made of, and can be edited. */
export interface Contents {
  readonly text: string;
  readonly embeds?: readonly Payload[];
  readonly attachments?: readonly Payload[];
  readonly components?: readonly Payload[];
  readonly flags?: number;
}

export interface MessageOptions extends Contents {
  readonly id: string;
  readonly channelId: string;
  readonly author: User;
  readonly kind: MessageKind;
  readonly mentions: Mentions;
  readonly reference?: Reference | undefined;
  readonly nonce?: string | number | undefined;
}

/** One message, with all that it ever read. */
export class Message {
  readonly id: string;
  readonly channelId: string;
  readonly author: User;
  readonly kind: MessageKind;
  readonly reference: Reference | undefined;
  readonly nonce: string | number | undefined;
  /** On the clock of `performance.now()`. */
  readonly postedAt = performance.now();
  contents: Contents;
  mentions: Mentions;
  pinned = false;
  /** In milliseconds since the epoch. */
  editedAt: number | undefined;
  /** On the clock of `performance.now()`. */
  deletedAt: number | undefined;
  readonly readings: Reading[] = [];

  constructor(options: MessageOptions) {
    this.id = options.id;
    this.channelId = options.channelId;
    this.author = options.author;
    this.kind = options.kind;
    this.reference = options.reference;
    this.nonce = options.nonce;
    this.mentions = options.mentions;
    this.contents = options;
    this.#read(options.text);
  }

  /** What people read now. */
  get text(): string {
    return this.contents.text;
  }

  get flags(): number {
    return this.contents.flags ?? 0;
  }

  edit(contents: Contents, mentions: Mentions): void {
    this.contents = contents;
    this.mentions = mentions;
    this.editedAt = Date.now();
    this.#read(contents.text);
  }

  delete(): void {
    this.deletedAt = performance.now();
    this.#read(undefined);
  }

  addFlag(flag: number): void {
    this.contents = { ...this.contents, flags: this.flags | flag };
  }

  #read(text: string | undefined): void {
    this.readings.push({ at: performance.now(), text });
  }
}
