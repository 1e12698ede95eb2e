import { RateLimited } from '../../../core/domain/errors.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Turn } from '../../../core/domain/turn.ts';
import type { DiscordApi } from '../api/rest-api.ts';
import type { Channel, Channels } from '../cache/channels.ts';
import { type Denials, threadsOf, wantsPermission } from '../cache/denied-permissions.ts';
import { Refused } from '../api/api-errors.ts';
import { partsOfPage } from './posted-pages.ts';
import { placeOf } from '../messages/conversation-location.ts';
import { byAge } from '../api/snowflake.ts';
import { threadName } from './thread-name.ts';

/** Nobody has opened a thread on so new a message that Discord has not told of, in milliseconds. */
const freshMs = 10_000;

/** In minutes without a message; Discord knows 60, 1,440, 4,320 and 10,080. */
const archiveAfterMinutes = 1_440;

/** Where a reply is written. */
export interface Ground {
  /** The thread, the direct conversation, or the channel. */
  readonly channel: string;
  /** In a channel, the message that every page replies to. */
  readonly replyTo?: string;
  /** Where it goes if the thread of its question may not be written in. */
  readonly otherwise?: Ground;
  /** The thread was made for this reply. */
  readonly isNew?: boolean;
}

export interface GroundOptions {
  readonly api: DiscordApi;
  readonly channels: Channels;
  readonly denials: Denials;
  /** Whether a question in a channel gets a thread. */
  readonly threads: boolean;
  readonly log: Log;
}

type Asked = Pick<Turn, 'conversation' | 'messages'>;

/** The channel, where every page replies to the newest question; or the direct conversation. */
export function groundInChannel({ conversation, messages }: Asked): Ground {
  const { channel, root } = placeOf(conversation);
  if (root === undefined) return { channel };
  const ids = messages.map(({ id }) => id).toSorted(byAge);
  return { channel, replyTo: ids.at(-1) ?? root };
}

/** Messages there are not the beginning of a thread, unless somebody opens one on them. */
function isPlainChannel(channel: Channel | undefined): boolean {
  return channel?.kind === 'channel' && channel.forum !== true;
}

function isFresh({ sentAt }: Message): boolean {
  return Date.now() - sentAt < freshMs;
}

/** Where an earlier attempt wrote the reply; undefined if none of its pages is known to stand. */
export function groundOfPages(turn: Pick<Turn, 'pages'> & Asked): Ground | undefined {
  const id = turn.pages.find((page) => page.id !== undefined)?.id;
  if (id === undefined) return undefined;
  const { channel } = partsOfPage(id);
  const inChannel = groundInChannel(turn);
  return channel === inChannel.channel ? inChannel : { channel };
}

/**
 * Finds out where a reply is written, and makes the thread that it goes into. Throws `RateLimited`
 * if a thread can be made within `patienceMs`.
 */
export async function findGround(
  asked: Asked,
  { api, channels, denials, threads, log }: GroundOptions,
  patienceMs: number,
  signal: AbortSignal,
): Promise<Ground> {
  const { channel, root } = placeOf(asked.conversation);
  const inChannel = groundInChannel(asked);
  if (root === undefined) return inChannel;
  const isThread = async () => (await channels.find(root, signal))?.kind === 'thread';
  const question = asked.messages.find(({ id }) => id === root);
  if (channels.knows(root) || question === undefined || !threads) {
    // Many who ask at once are not to wait for answers that are known.
    const isPlain = isPlainChannel(channels.known(channel));
    if (!channels.knows(root) && question !== undefined && isPlain && isFresh(question)) {
      return inChannel;
    }
    if (!(await isThread())) return inChannel;
    return question === undefined ? { channel: root } : { channel: root, otherwise: inChannel };
  }
  if (denials.has(threadsOf(channel))) return inChannel;
  try {
    const path = `/channels/${channel}/messages/${root}/threads` as const;
    const body = { name: threadName(question.text), auto_archive_duration: archiveAfterMinutes };
    channels.learn(await api.call('POST', path, { body }, signal));
    return { channel: root, otherwise: inChannel, isNew: true };
  } catch (error) {
    if (error instanceof RateLimited) {
      // A limit over all that the bot does holds for the channel, too.
      if (error.budgetKey !== undefined || error.retryAfterMs <= patienceMs) throw error;
    } else if (error instanceof Refused) {
      // It has one already, or it is the first message of a forum post.
      if (await isThread()) return { channel: root, otherwise: inChannel };
      // A question that was deleted gets no answer in the middle of the channel.
      if (error.reason === 'removed') throw error;
      if (wantsPermission(error)) denials.add(threadsOf(channel));
    } else {
      throw error;
    }
    log.info({ err: error, channel }, 'no thread made; the answer comes in the channel');
    return inChannel;
  }
}
