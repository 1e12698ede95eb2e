import { textOfAttachments, textOfBlocks } from './blocks.ts';
import { nowMs } from './timestamps.ts';

/** What a message read, and from when, in milliseconds since the epoch. */
export interface Reading {
  readonly at: number;
  /** Empty for all but the newest while texts are not kept. */
  text: string;
  /** In UTF-16 units. */
  readonly length: number;
}

export interface Author {
  readonly user: string;
  readonly name: string;
  /** The workspace they belong to. */
  readonly team: string;
  /** Present for bots. */
  readonly botId?: string;
}

export interface FileShared {
  readonly name: string;
  readonly mimetype?: string;
  readonly size?: number;
}

/** What a message is made of. */
export interface Contents {
  /** mrkdwn or markdown, as it was sent. */
  readonly text: string;
  readonly blocks?: readonly Record<string, unknown>[];
  readonly attachments?: readonly Record<string, unknown>[];
}

type StreamState = 'open' | 'stopped' | 'stopped-by-user';

/** A message that is, or was, written as a stream. */
export interface Stream {
  state: StreamState;
  /** It took more than it holds: it never takes anything again. */
  full: boolean;
  readonly startedAt: number;
}

interface MessageOptions extends Contents {
  readonly ts: string;
  readonly channel: string;
  readonly author: Author;
  readonly threadTs?: string;
  readonly subtype?: string;
  readonly files?: readonly FileShared[];
  readonly metadata?: Record<string, unknown>;
}

/** One message, with all that it ever read. */
export class Message {
  readonly ts: string;
  readonly channel: string;
  readonly author: Author;
  /** The ts of the thread's root; absent for messages that are no replies. */
  readonly threadTs: string | undefined;
  readonly files: readonly FileShared[];
  readonly clientId: string | undefined;
  subtype: string | undefined;
  metadata: Record<string, unknown> | undefined;
  contents: Contents;
  edited: { readonly user: string; readonly ts: string } | undefined;
  stream: Stream | undefined;
  /** When it was deleted, in milliseconds since the epoch. */
  deletedAt: number | undefined;
  readonly reactions = new Map<string, Set<string>>();
  readonly readings: Reading[] = [];

  constructor(options: MessageOptions) {
    this.ts = options.ts;
    this.channel = options.channel;
    this.author = options.author;
    this.threadTs = options.threadTs;
    this.subtype = options.subtype;
    this.files = options.files ?? [];
    this.metadata = options.metadata;
    this.clientId = options.author.botId === undefined ? crypto.randomUUID() : undefined;
    this.contents = options;
  }

  /** What people read now. */
  get text(): string {
    const { text, blocks, attachments } = this.contents;
    const body = blocks === undefined || blocks.length === 0 ? text : textOfBlocks(blocks);
    const below = attachments === undefined ? '' : textOfAttachments(attachments);
    return below === '' ? body : `${body}\n${below}`;
  }

  /** Makes it read something else; only the newest text is kept unless `keepTexts`. */
  write(contents: Contents, keepTexts: boolean): void {
    this.contents = contents;
    const last = this.readings.at(-1);
    if (last !== undefined && !keepTexts) last.text = '';
    const { text } = this;
    this.readings.push({ at: nowMs(), text, length: text.length });
  }
}
