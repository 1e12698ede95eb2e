import { randomUUID } from 'node:crypto';
import type { Fields } from '../../../core/foreign-data.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { Channels } from '../cache/channels.ts';
import { placeOf } from '../messages/conversation-location.ts';
import { quietly } from './no-pings-no-embeds.ts';
import type { ReplyCalls } from './reply-calls.ts';

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
 * @param ground the channel or the thread that the answer stands in
 */
export function askerOf(
  { id: question, author, conversation }: Message,
  ground: string,
  channels: Channels,
): Asker {
  const { guild, channel, root } = placeOf(conversation);
  // A thread's first question stands where the thread hangs, but for that of a forum post.
  const above = question === root && channels.known(channel)?.forum !== true;
  const inThread = ground === root && !above;
  return {
    id: author.id,
    question,
    channel: inThread ? ground : channel,
    ...(guild === undefined ? {} : { guild }),
  };
}

/** Replies to the question with a sentence and a link to the answer, and pings whoever asked it. */
export async function callAsker(
  calls: Pick<ReplyCalls, 'call'>,
  { id, question, channel, guild = '@me' }: Asker,
  answer: { readonly sentence: string; readonly channel: string; readonly message: string },
  signal: AbortSignal,
): Promise<void> {
  const link = `https://discord.com/channels/${guild}/${answer.channel}/${answer.message}`;
  const body: Fields = {
    ...quietly,
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
