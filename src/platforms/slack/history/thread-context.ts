// Tested by test/unit/platforms/slack/receive/access-check.test.ts
import type { ConversationId } from '../../../core/domain/conversation.ts';
import { CallFailed } from '../../../core/domain/errors.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { AccessCheck } from '../receive/access-check.ts';
import type { EarlierEntry } from '../../../core/ports/platform.ts';
import type { Users } from '../api/users.ts';
import { locationOf, type SlackLocation } from '../messages/conversation-location.ts';
import { parseMessage, type SlackMessage } from '../messages/slack-message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import { normalizeMessage } from '../messages/normalize-message.ts';
import { mentionedUsers } from '../messages/slack-text.ts';
import type { SlackApi } from '../api/web-api.ts';
import { asList, asRecord, asText, type JsonRecord } from '../../../core/foreign-data.ts';
import { RequestThrottle } from '../../common/throttles.ts';

/** The thread's beginning and its newest messages; more would not fit the model's budget. */
const maxMessages = 200;

const context = { kind: 'context', opens: false } as const;

/**
 * What was said in a thread before these messages, with names, oldest first: the bot was called
 * into the middle of it. Empty where they are its beginning, or there is no thread.
 */
export async function threadContext(
  conversation: ConversationId,
  messages: readonly Message[],
  world: { bot: BotIdentity; threads: ThreadReader; users: Users; accessCheck: AccessCheck },
  signal: AbortSignal,
): Promise<readonly EarlierEntry[]> {
  const { bot, threads, users, accessCheck } = world;
  const { channel, root } = locationOf(conversation);
  const first = messages[0];
  if (root === undefined || first === undefined || first.id === root) return [];
  const asked = new Set(messages.map((message) => message.id));
  const thread = await threads.replies({ channel, root }, signal, { latest: first.id });
  const before = thread
    .map((message) => parseMessage(message, { channel }))
    .filter(
      (one): one is SlackMessage => one !== undefined && one.ts < first.id && !asked.has(one.ts),
    )
    .filter((one) => accessCheck.denialReasonFromMessageAlone(one) === undefined);
  const newest =
    before.length <= maxMessages
      ? before
      : [...before.slice(0, 1), ...before.slice(1 - maxMessages)];
  const allowed = await Promise.all(newest.map((one) => mayBeRead(one, accessCheck, signal)));
  const kept = newest.filter((_, at) => allowed[at]);
  const authors = kept.map(({ user }) => user);
  const mentioned = kept.map(({ text }) => mentionedUsers(text));
  const names = await users.namesOf(authors, mentioned, signal);
  return kept.map((one) => {
    const { id, author, text, sentAt: at } = normalizeMessage(one, context, bot, names);
    return { id, role: 'user', author, text, at };
  });
}

/** A message is left out if the decision depends on something that Slack does not say in time. */
async function mayBeRead(
  message: SlackMessage,
  accessCheck: AccessCheck,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    return (await accessCheck.denialReason(message, signal)) === undefined;
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    return false;
  }
}

/** Most messages in one answer of Slack's. */
const pageSize = 200;
/** A thread longer than this many pages is read no further. */
const maxPages = 10;
/** Both methods: 50 a minute for the whole workspace. */
const perMinute = { burst: 40, perSecond: 0.8 };

/** Reads what is written in Slack, page by page and paced. */
export class ThreadReader {
  readonly #api: SlackApi;
  readonly #replies = new RequestThrottle({ key: 'conversations.replies', ...perMinute });
  readonly #history = new RequestThrottle({ key: 'conversations.history', ...perMinute });

  constructor(api: SlackApi) {
    this.#api = api;
  }

  /** A thread's messages, its first one always among them, oldest first. */
  async replies(
    { channel, root }: { channel: string; root: string },
    signal: AbortSignal,
    args: { readonly oldest?: string; readonly latest?: string } = {},
  ): Promise<JsonRecord[]> {
    return this.#all(
      'conversations.replies',
      { channel, ts: root, ...args },
      this.#replies,
      signal,
    );
  }

  /** A channel's messages outside of threads, newest first. */
  async history(channel: string, oldest: string, signal: AbortSignal): Promise<JsonRecord[]> {
    return this.#all('conversations.history', { channel, oldest }, this.#history, signal);
  }

  /** The first message younger than `after` that matches, in the thread or the conversation. */
  async find(
    { channel, root }: SlackLocation,
    after: string,
    matches: (message: JsonRecord) => boolean,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const more = { include_all_metadata: true, oldest: after, limit: pageSize };
    const [method, args, gate] =
      root === undefined
        ? (['conversations.history', { channel, ...more }, this.#history] as const)
        : (['conversations.replies', { channel, ts: root, ...more }, this.#replies] as const);
    for await (const page of this.#pages(method, args, gate, signal)) {
      const found = page.find(matches);
      if (found !== undefined) return asText(found['ts']);
    }
    return undefined;
  }

  async #all(
    method: string,
    args: JsonRecord,
    gate: RequestThrottle,
    signal: AbortSignal,
  ): Promise<JsonRecord[]> {
    const messages = new Map<unknown, JsonRecord>();
    const paged = { ...args, limit: pageSize };
    for await (const page of this.#pages(method, paged, gate, signal)) {
      // A thread's first message stands at the head of each page.
      for (const message of page) messages.set(message['ts'], message);
    }
    return [...messages.values()];
  }

  async *#pages(
    method: string,
    args: JsonRecord,
    gate: RequestThrottle,
    signal: AbortSignal,
  ): AsyncGenerator<JsonRecord[]> {
    let cursor: string | undefined;
    for (let pages = 0; pages < maxPages; pages += 1) {
      const paged = cursor === undefined ? args : { ...args, cursor };
      const answer = await this.#api.read(method, paged, gate, signal);
      yield asList(answer['messages']).map(asRecord);
      cursor = asText(asRecord(answer['response_metadata'])['next_cursor']);
      if (cursor === undefined) return;
    }
  }
}
