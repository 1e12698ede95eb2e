import { type Author, type Contents, type FileShared, Message } from './message.ts';
import { Timestamps, microsOf, tsOf } from './timestamps.ts';

export type ChannelKind = 'public' | 'private' | 'im' | 'mpim';

interface Posting extends Contents {
  readonly author: Author;
  readonly threadTs?: string;
  readonly subtype?: string;
  readonly files?: readonly FileShared[];
  readonly metadata?: Record<string, unknown>;
  /** When it was written, in milliseconds since the epoch; now by default. */
  readonly atMs?: number;
}

/** A place where people write, with its messages. */
export class Channel {
  readonly id: string;
  readonly name: string;
  readonly kind: ChannelKind;
  /** Shared with another organisation. */
  readonly external: boolean;
  /** Ids of users. */
  readonly members: Set<string>;
  archived = false;
  /** All that were ever posted here, by ts; deleted ones too. */
  readonly everything = new Map<string, Message>();
  readonly #keepTexts: () => boolean;
  readonly #timestamps = new Timestamps();
  readonly #top: Message[] = [];
  readonly #threads = new Map<string, Message[]>();

  constructor(options: {
    id: string;
    name: string;
    kind: ChannelKind;
    external: boolean;
    members: Iterable<string>;
    keepTexts: () => boolean;
  }) {
    this.id = options.id;
    this.name = options.name;
    this.kind = options.kind;
    this.external = options.external;
    this.members = new Set(options.members);
    this.#keepTexts = options.keepTexts;
  }

  /** What stands here now, without the replies in threads, oldest first. */
  get top(): readonly Message[] {
    return this.#top;
  }

  /** The message with this ts, unless it was deleted. */
  find(ts: string): Message | undefined {
    const message = this.everything.get(ts);
    return message?.deletedAt === undefined ? message : undefined;
  }

  /** The replies in a thread, oldest first, without its root. */
  replies(rootTs: string): readonly Message[] {
    return this.#threads.get(rootTs) ?? [];
  }

  add(posting: Posting): Message {
    const { atMs, ...rest } = posting;
    const ts = atMs === undefined ? this.#timestamps.next() : this.#freeTs(atMs);
    const message = new Message({ ...rest, ts, channel: this.id });
    this.everything.set(ts, message);
    for (const list of this.#listsOf(message)) insert(list, message);
    this.write(message, posting);
    return message;
  }

  write(message: Message, contents: Contents): void {
    message.write(contents, this.#keepTexts());
  }

  remove(message: Message): void {
    message.deletedAt = Date.now();
    for (const list of this.#listsOf(message)) {
      const at = list.indexOf(message);
      if (at >= 0) list.splice(at, 1);
    }
  }

  /** The lists that a message stands in: its thread, or the channel, or both if it is broadcast. */
  #listsOf(message: Message): Message[][] {
    if (message.threadTs === undefined) return [this.#top];
    const thread = this.#threads.get(message.threadTs) ?? [];
    this.#threads.set(message.threadTs, thread);
    return message.subtype === 'thread_broadcast' ? [thread, this.#top] : [thread];
  }

  #freeTs(atMs: number): string {
    let micros = Math.floor(atMs * 1_000);
    while (this.everything.has(tsOf(micros))) micros += 1;
    return tsOf(micros);
  }
}

function insert(list: Message[], message: Message): void {
  const micros = microsOf(message.ts);
  let at = list.length;
  while (at > 0 && microsOf(list[at - 1]!.ts) > micros) at -= 1;
  list.splice(at, 0, message);
}
