import type { Message } from './message.ts';
import type { Overwrite } from './permissions.ts';
import { compareIds } from './snowflakes.ts';

/** Discord's numbers for the kinds of channels. */
export const channelTypes = {
  text: 0,
  dm: 1,
  voice: 2,
  category: 4,
  announcement: 5,
  'announcement-thread': 10,
  'public-thread': 11,
  'private-thread': 12,
  forum: 15,
} as const;

export type ChannelKind = keyof typeof channelTypes;

/** What threads have and other channels have not. */
export interface ThreadState {
  readonly ownerId: string;
  archived: boolean;
  locked: boolean;
  autoArchiveMinutes: number;
  /** When it was last archived or brought back, in milliseconds since the epoch. */
  archiveChangedAt: number;
  /** Who joined, with when, in milliseconds since the epoch. */
  readonly members: Map<string, number>;
  /** Messages ever posted, without the first. */
  sent: number;
}

interface ChannelOptions {
  readonly id: string;
  readonly kind: ChannelKind;
  readonly name: string;
  readonly guildId?: string;
  readonly parentId?: string;
  readonly position?: number;
  readonly recipientId?: string;
  readonly thread?: ThreadState;
}

/** A place where people write: a channel, a thread, a forum's post or direct messages. */
export class Channel {
  readonly id: string;
  readonly kind: ChannelKind;
  name: string;
  /** Absent for direct messages. */
  readonly guildId: string | undefined;
  readonly parentId: string | undefined;
  readonly position: number;
  /** Whom the bot writes with directly. */
  readonly recipientId: string | undefined;
  readonly thread: ThreadState | undefined;
  /** By the id of a role or a member. */
  readonly overwrites = new Map<string, Overwrite>();
  /** All that were ever posted here; deleted ones too. */
  readonly everything = new Map<string, Message>();
  /** Stays when that message is deleted, as on Discord. */
  lastMessageId: string | null = null;
  deleted = false;
  readonly #standing: Message[] = [];

  constructor(options: ChannelOptions) {
    this.id = options.id;
    this.kind = options.kind;
    this.name = options.name;
    this.guildId = options.guildId;
    this.parentId = options.parentId;
    this.position = options.position ?? 0;
    this.recipientId = options.recipientId;
    this.thread = options.thread;
  }

  /** What stands here now, oldest first. */
  get messages(): readonly Message[] {
    return this.#standing;
  }

  /** The message with this id, unless it was deleted. */
  find(id: string): Message | undefined {
    const message = this.everything.get(id);
    return message?.deletedAt === undefined ? message : undefined;
  }

  add(message: Message): void {
    this.everything.set(message.id, message);
    let at = this.#standing.length;
    while (at > 0 && compareIds(this.#standing[at - 1]!.id, message.id) > 0) at -= 1;
    this.#standing.splice(at, 0, message);
    if (this.lastMessageId === null || compareIds(message.id, this.lastMessageId) > 0) {
      this.lastMessageId = message.id;
    }
    if (this.thread !== undefined && message.id !== this.id) this.thread.sent += 1;
  }

  remove(message: Message): void {
    const at = this.#standing.indexOf(message);
    if (at >= 0) this.#standing.splice(at, 1);
  }
}
