// Tested by test/contract/store/redis.test.ts
import type { ConversationId } from '../../core/domain/conversation.ts';
import {
  type Ending,
  type HistoryEntry,
  type Outcome,
  pageKeyOf,
  type PageRecord,
} from '../../core/domain/turn.ts';
import type { Author, Message } from '../../core/domain/message.ts';
import type { Log } from '../../core/ports/log.ts';

/** More pages than any reply has: an index beyond it is damaged. */
const mostPages = 1_000;

/** The string without half surrogate pairs, which cannot be stored. */
function wellFormed<T>(value: T): T {
  return typeof value === 'string' ? (value.toWellFormed() as T) : value;
}

/** Members with their scores, or fields with their values, as Redis lists them. */
export function pairsOf(reply: unknown): [string, string][] {
  const values = reply as string[];
  return Array.from({ length: values.length / 2 }, (_, i) => {
    return [values[2 * i] ?? '', values[2 * i + 1] ?? ''];
  });
}

/** As JSON on one line. */
export function encode(value: object): string {
  return JSON.stringify(value, (_key, each: unknown) => wellFormed(each));
}

/** A message as a record of history; the script `finish` inserts its turn in front. */
export function toRecord({ id, author, text, sentAt }: Message, tokens: number): string {
  return encode({ id, role: 'user', author, text, at: sentAt, tokens });
}

/**
 * Reads records, with `,` and a line break between them. A damaged record is left out and logged: it
 * must not keep its conversation from going on.
 */
export class RecordReader {
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  entries(conversation: ConversationId, lines: unknown): HistoryEntry[] {
    return this.#read(conversation, 'entry', lines, isEntry).read;
  }

  messages(conversation: ConversationId, lines: unknown): Message[] {
    return this.entries(conversation, lines).map(({ id, author, text, at: sentAt }) => ({
      id,
      conversation,
      author: author ?? { id: '' },
      text,
      sentAt,
      kind: 'question',
    }));
  }

  /**
   * Pages by index, from 0 without a gap. A page with a damaged record may have been posted and is
   * looked for by its key: left out, every later page would be taken for the one before it.
   */
  pages(conversation: ConversationId, turn: string, lines: unknown): PageRecord[] {
    const { read, lost } = this.#read(conversation, 'page', lines, isPage);
    const known = new Map(read.map((page) => [page.index, page]));
    const length = Math.max(read.length + lost, ...read.map(({ index }) => index + 1));
    return Array.from({ length }, (_, index) => {
      return known.get(index) ?? { index, key: pageKeyOf(turn, index), source: '' };
    });
  }

  ending(conversation: ConversationId, line: unknown): Ending | undefined {
    return this.#read(conversation, 'ending', line, isEnding).read[0];
  }

  #read<T>(
    conversation: ConversationId,
    what: string,
    lines: unknown,
    is: (value: unknown) => value is T,
  ): { read: T[]; lost: number } {
    if (typeof lines !== 'string' || lines === '') return { read: [], lost: 0 };
    // Parsing all at once is much faster than one by one, and nearly always succeeds.
    const all = parsed(`[${lines}]`);
    const values = Array.isArray(all) ? (all as unknown[]) : lines.split(',\n').map(parsed);
    const read = values.filter(is);
    const lost = values.length - read.length;
    if (lost > 0) this.#log.error({ conversation, what, lost }, 'damaged value left out');
    return { read, lost };
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const outcomes: readonly unknown[] = ['done', 'stopped', 'failed'] satisfies Outcome[];

function isEntry(value: unknown): value is HistoryEntry {
  if (!isObject(value)) return false;
  const { id, role, text, at, tokens, turn, author, outcome, note } = value;
  return (
    typeof id === 'string' &&
    (role === 'user' || role === 'assistant') &&
    typeof text === 'string' &&
    typeof at === 'number' &&
    typeof tokens === 'number' &&
    isTextOrNone(turn) &&
    isTextOrNone(note) &&
    (author === undefined || isAuthor(author)) &&
    (outcome === undefined || outcomes.includes(outcome))
  );
}

function isAuthor(value: unknown): value is Author {
  return isObject(value) && typeof value['id'] === 'string' && isTextOrNone(value['name']);
}

function isPage(value: unknown): value is PageRecord {
  if (!isObject(value)) return false;
  const { index, key, id, source } = value;
  return (
    Number.isInteger(index) &&
    Number(index) >= 0 &&
    Number(index) < mostPages &&
    typeof key === 'string' &&
    isTextOrNone(id) &&
    typeof source === 'string'
  );
}

function isEnding(value: unknown): value is Ending {
  if (!isObject(value)) return false;
  const { outcome, text, note } = value;
  return outcomes.includes(outcome) && typeof text === 'string' && isTextOrNone(note);
}

function isTextOrNone(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
