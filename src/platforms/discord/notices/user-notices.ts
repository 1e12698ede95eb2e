import type { BackgroundCalls } from '../../common/background-calls.ts';
import { type JsonRecord, asRecord } from '../../../core/foreign-data.ts';
import { RequestThrottle } from '../../common/request-throttle.ts';
import type { Log } from '../../../core/ports/log.ts';
import { userTexts } from '../../../core/domain/user-texts.ts';
import { type DiscordApi, silentMessageOptions } from '../api/rest-api.ts';
import { errorCodes, DiscordApiError } from '../api/api-errors.ts';
import type { DiscordMessage } from '../messages/discord-message.ts';
import { isSnowflake } from '../api/snowflake.ts';
import { randomUUID } from 'node:crypto';
import type { ReplyLocation } from '../reply/reply-location.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { Channels } from '../cache/channels.ts';
import { locationOf } from '../messages/conversation-location.ts';
import type { ReplyCalls } from '../reply/reply-calls.ts';

/** Somebody who asks far too much is told the same there only now and then, in milliseconds. */
const noticeEveryMs = 60_000;
/** Beyond this many, what was told first is forgotten. */
const maxRemembered = 10_000;
/** Discord shuts bots out that open many direct conversations at once. */
const directMessageRate = { key: 'discord: direct conversations', burst: 10, perSecond: 0.5 };

/** Whoever takes no direct messages, or none of a bot's without a server in common. */
const unreachableCodes = new Set<number>([
  errorCodes.cannotWriteToPerson,
  errorCodes.noMutualGuild,
]);

/** What people are told besides replies. */
export class UserNotices {
  readonly #api: DiscordApi;
  readonly #backgroundCalls: BackgroundCalls;
  readonly #log: Log;
  readonly #opening = new RequestThrottle(directMessageRate);
  readonly #toldAt = new Map<string, number>();

  constructor(options: { api: DiscordApi; backgroundCalls: BackgroundCalls; log: Log }) {
    this.#api = options.api;
    this.#backgroundCalls = options.backgroundCalls;
    this.#log = options.log;
  }

  /** Tells the author why a message is not taken in, as a reply to it. */
  readonly notify = ({ id, channel, author }: DiscordMessage, sentence: string): void => {
    // To a bot it would be one more thing to answer.
    if (author.bot) return;
    const now = performance.now();
    const key = `${author.id} ${channel} ${sentence}`;
    if (now - (this.#toldAt.get(key) ?? Number.NEGATIVE_INFINITY) < noticeEveryMs) return;
    this.#toldAt.delete(key);
    if (this.#toldAt.size >= maxRemembered) {
      this.#toldAt.delete(this.#toldAt.keys().next().value ?? '');
    }
    this.#toldAt.set(key, now);
    this.#backgroundCalls.run(
      'tell why not',
      noticeCall(this.#api, { channel, replyTo: id }, sentence),
    );
  };

  /** Tells the author, and nobody else, that they may not use the bot where they wrote. */
  readonly notifyDenied = ({ id, channel, guild, author }: DiscordMessage): void => {
    const sentence =
      guild === undefined ? userTexts.notAllowed : userTexts.notAllowedIn(`<#${channel}>`);
    let write =
      guild === undefined ? noticeCall(this.#api, { channel, replyTo: id }, sentence) : undefined;
    this.#backgroundCalls.run('tell who may not ask', async (signal) => {
      try {
        write ??= noticeCall(this.#api, { channel: await this.#open(author.id, signal) }, sentence);
        await write(signal);
      } catch (error) {
        if (!(error instanceof DiscordApiError) || !unreachableCodes.has(error.code)) throw error;
        this.#log.debug({ err: error, person: author.id }, 'takes no direct messages');
      }
    });
  };

  /** The direct conversation with this person. */
  async #open(person: string, signal: AbortSignal): Promise<string> {
    await this.#opening.acquire(signal);
    const body = { recipient_id: person };
    const { id } = asRecord(await this.#api.call('POST', '/users/@me/channels', { body }, signal));
    if (!isSnowflake(id)) throw new Error('Discord opened no direct conversation');
    return id;
  }
}

/** What posts a sentence of Parley's own, which is no part of a reply; once, however often it runs. */
export function noticeCall(
  api: DiscordApi,
  { channel, replyTo }: ReplyLocation,
  sentence: string,
): (signal: AbortSignal) => Promise<void> {
  const nonce = randomUUID().replaceAll('-', '').slice(0, 25);
  const reference = { message_id: replyTo, fail_if_not_exists: false };
  const body = {
    content: sentence,
    nonce,
    enforce_nonce: true,
    ...silentMessageOptions,
    ...(replyTo === undefined ? {} : { message_reference: reference }),
  };
  return async (signal) => {
    await api.call('POST', `/channels/${channel}/messages`, { body }, signal);
  };
}

/** Who asked a question, and where it stands. */
export interface Asker {
  readonly id: string;
  readonly question: string;
  readonly channel: string;
  /** Absent for a direct conversation. */
  readonly guild?: string;
}

/**
 * Who asked this.
 *
 * @param location the channel or the thread that the answer stands in
 */
export function askerOf(
  { id: question, author, conversation }: Message,
  location: string,
  channels: Channels,
): Asker {
  const { guild, channel, root } = locationOf(conversation);
  // A thread's first question stands where the thread hangs, but for that of a forum post.
  const above = question === root && channels.cached(channel)?.forum !== true;
  const inThread = location === root && !above;
  return {
    id: author.id,
    question,
    channel: inThread ? location : channel,
    ...(guild === undefined ? {} : { guild }),
  };
}

/** Replies to the question with a sentence and a link to the answer, and pings whoever asked it. */
export async function mentionAsker(
  calls: Pick<ReplyCalls, 'call'>,
  { id, question, channel, guild = '@me' }: Asker,
  answer: { readonly sentence: string; readonly channel: string; readonly message: string },
  signal: AbortSignal,
): Promise<void> {
  const link = `https://discord.com/channels/${guild}/${answer.channel}/${answer.message}`;
  const body: JsonRecord = {
    ...silentMessageOptions,
    content: `<@${id}> ${answer.sentence} ${link}`,
    nonce: randomUUID().replaceAll('-', '').slice(0, 25),
    enforce_nonce: true,
    // Whoever else is named somewhere in it is not meant.
    allowed_mentions: { parse: [], users: [id], replied_user: false },
    // A question that was deleted is not called back to.
    message_reference: { message_id: question, fail_if_not_exists: true },
  };
  await calls.call('POST', `/channels/${channel}/messages`, body, signal);
}
