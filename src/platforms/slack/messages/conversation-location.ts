// Tested by test/contract/platform/slack.test.ts
import {
  conversationId,
  type ConversationId,
  parseConversationId,
} from '../../../core/domain/conversation.ts';

/** Where in Slack a conversation is. */
export interface SlackLocation {
  readonly team: string;
  readonly channel: string;
  /** The `ts` of the thread's first message; absent for a direct conversation without a thread. */
  readonly root?: string;
}

/** A direct conversation with one person; several people's are like channels. */
export function isDirect(channel: string): boolean {
  return channel.startsWith('D');
}

/** In a channel every message has its own thread; a direct conversation is one, with threads. */
export function conversationOf(
  team: string,
  message: { readonly channel: string; readonly ts: string; readonly threadTs?: string },
): ConversationId {
  const { channel, ts, threadTs } = message;
  const root = threadTs ?? (isDirect(channel) ? undefined : ts);
  return conversationId('slack', team, channel, ...(root === undefined ? [] : [root]));
}

/** An id of a message that is unique on the platform: a `ts` is so in its channel alone. */
export function globalIdOf(
  team: string,
  { channel, ts }: { readonly channel: string; readonly ts: string },
): string {
  return `${team}:${channel}:${ts}`;
}

export function locationOf(conversation: ConversationId): SlackLocation {
  const [team = '', channel = '', root] = parseConversationId(conversation).ids;
  return { team, channel, ...(root === undefined ? {} : { root }) };
}
