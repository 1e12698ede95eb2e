import { RateLimited } from '../../core/errors.ts';
import type { Message } from '../../core/message.ts';
import type { Log } from '../../core/ports/log.ts';
import type { DiscordApi } from './api.ts';
import type { Channels } from './channels.ts';
import { Refused } from './faults.ts';
import type { Place } from './place.ts';
import { byAge } from './snowflake.ts';
import { threadName } from './thread-name.ts';

/** In minutes without a message; Discord knows 60, 1,440, 4,320 and 10,080. */
const archiveAfterMinutes = 1_440;

/** Where a reply is written. */
export interface Ground {
  /** The thread, the direct conversation, or the channel. */
  readonly channel: string;
  /** In a channel, the message that every page replies to. */
  readonly replyTo?: string;
}

export interface GroundOptions {
  readonly api: DiscordApi;
  readonly channels: Channels;
  /** Whether a question in a channel gets a thread. */
  readonly threads: boolean;
  readonly log: Log;
}

/** Finds out where a reply is written, and makes the thread that it goes into. */
export async function groundFor(
  { guild, channel, root }: Place,
  messages: readonly Message[],
  { api, channels, threads, log }: GroundOptions,
  signal: AbortSignal,
): Promise<Ground> {
  if (guild === undefined || root === undefined) return { channel };
  const newest =
    messages
      .map(({ id }) => id)
      .toSorted(byAge)
      .at(-1) ?? root;
  const inChannel = { channel, replyTo: newest };
  const isThread = async () => (await channels.find(root, signal))?.kind === 'thread';
  const question = messages.find(({ id }) => id === root);
  if (channels.knows(root) || question === undefined || !threads) {
    return (await isThread()) ? { channel: root } : inChannel;
  }
  try {
    const path = `/channels/${channel}/messages/${root}/threads` as const;
    const body = { name: threadName(question.text), auto_archive_duration: archiveAfterMinutes };
    channels.learn(await api.call('POST', path, { body }, signal));
    return { channel: root };
  } catch (error) {
    if (!(error instanceof Refused || error instanceof RateLimited)) throw error;
    // A limit over all that the bot does holds for the channel, too.
    if (error instanceof RateLimited && error.budgetKey !== undefined) throw error;
    // It has one already, or it is the first message of a forum post.
    if (error instanceof Refused && (await isThread())) return { channel: root };
    // A question that was deleted gets no answer in the middle of the channel.
    if (error instanceof Refused && error.reason === 'removed') throw error;
    log.info({ err: error, channel }, 'no thread made; the answer comes in the channel');
    return inChannel;
  }
}
