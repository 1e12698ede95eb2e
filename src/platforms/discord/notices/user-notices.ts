// Tested by test/contract/platform/discord.test.ts
import type { BackgroundCalls } from '../../common/platform-calls.ts';
import { asRecord, type JsonRecord } from '../../../core/foreign-data.ts';
import { NoticeThrottle, RequestThrottle } from '../../common/throttles.ts';
import type { Log } from '../../../core/ports/log.ts';
import { userTexts } from '../../../core/domain/user-texts.ts';
import { type DiscordApi, silentMessageOptions } from '../api/rest-api.ts';
import { DiscordApiError, errorCodes } from '../api/api-errors.ts';
import type { DiscordMessage } from '../messages/discord-message.ts';
import { isSnowflake } from '../api/snowflake.ts';
import { randomUUID } from 'node:crypto';
import type { ReplyLocation } from '../reply/reply-location.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { Channels } from '../cache/channels.ts';
import { locationOf } from '../messages/conversation-location.ts';
import type { ReplyCalls } from '../reply/reply-calls.ts';

/** Discord shuts bots out that open many direct conversations at once. */
const directMessageRate = { key: 'discord: direct conversations', burst: 10, perSecond: 0.5 };

/** Whoever takes no direct messages, or none of a bot's without a server in common. */
const unreachableCodes = new Set<number>([
  errorCodes.cannotWriteToPerson,
  errorCodes.noMutualGuild,
]);

/** Messages to people besides replies. */
export class UserNotices {
  readonly #api: DiscordApi;
  readonly #backgroundCalls: BackgroundCalls;
  readonly #log: Log;
  readonly #opening = new RequestThrottle(directMessageRate);
  readonly #throttle = new NoticeThrottle();

  constructor(options: { api: DiscordApi; backgroundCalls: BackgroundCalls; log: Log }) {
    this.#api = options.api;
    this.#backgroundCalls = options.backgroundCalls;
    this.#log = options.log;
  }

  /** Tells the author something about their message, as a reply to it; bots are told nothing. */
  notify({ id, channel, author }: DiscordMessage, text: string): void {
    if (author.bot || !this.#throttle.allows(author.id, channel, text)) return;
    const call = noticeCall(this.#api, { channel, replyTo: id }, text);
    this.#backgroundCalls.run('notify the author', call);
  }

  /** Tells the author, and nobody else, that they may not use the bot there. */
  notifyDenied({ id, channel, guild, author }: DiscordMessage): void {
    const text =
      guild === undefined ? userTexts.notAllowed : userTexts.notAllowedIn(`<#${channel}>`);
    let call =
      guild === undefined ? noticeCall(this.#api, { channel, replyTo: id }, text) : undefined;
    this.#backgroundCalls.run('tell who may not ask', async (signal) => {
      try {
        call ??= noticeCall(this.#api, { channel: await this.#open(author.id, signal) }, text);
        await call(signal);
      } catch (error) {
        if (!(error instanceof DiscordApiError) || !unreachableCodes.has(error.code)) throw error;
        this.#log.debug({ err: error, person: author.id }, 'takes no direct messages');
      }
    });
  }

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
