import { type ConversationId, conversationId, partsOf } from '../../../core/domain/conversation.ts';

/** Discord's own word for where direct conversations are. */
const direct = '@me';

/** Where in Discord a conversation is. */
export interface Place {
  /** Absent for a direct conversation. */
  readonly guild?: string;
  /** The direct conversation's channel; else the one that the thread, or the chain, hangs in. */
  readonly channel: string;
  /** The thread's id, which is that of the message it began with, or a chain's first message. */
  readonly root?: string;
}

/** @param channel the direct conversation's id */
export function directConversation(channel: string): ConversationId {
  return conversationId('discord', direct, channel);
}

/**
 * A thread, or a chain of replies in a channel: a question's thread has the question's id, so that
 * both are one conversation, wherever the answer is written.
 */
export function rootedConversation(guild: string, channel: string, root: string): ConversationId {
  return conversationId('discord', guild, channel, root);
}

export function placeOf(conversation: ConversationId): Place {
  const [guild = '', channel = '', root] = partsOf(conversation).ids;
  return {
    channel,
    ...(guild === direct ? {} : { guild }),
    ...(root === undefined ? {} : { root }),
  };
}
