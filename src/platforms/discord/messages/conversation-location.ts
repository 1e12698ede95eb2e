import {
  type ConversationId,
  conversationId,
  parseConversationId,
} from '../../../core/domain/conversation.ts';

/** Discord's own word for where direct conversations are. */
const directGuild = '@me';

/** Where in Discord a conversation is. */
export interface DiscordLocation {
  /** Absent for a direct conversation. */
  readonly guild?: string;
  /** The direct conversation's channel; else the one that the thread, or the chain, hangs in. */
  readonly channel: string;
  /** The thread's id, which is that of the message it began with, or a chain's first message. */
  readonly root?: string;
}

/** @param channel the direct conversation's id */
export function directConversation(channel: string): ConversationId {
  return conversationId('discord', directGuild, channel);
}

/**
 * A thread, or a chain of replies in a channel: a question's thread has the question's id, so that
 * both are one conversation, wherever the answer is written.
 */
export function rootedConversation(guild: string, channel: string, root: string): ConversationId {
  return conversationId('discord', guild, channel, root);
}

export function locationOf(conversation: ConversationId): DiscordLocation {
  const [guild = '', channel = '', root] = parseConversationId(conversation).ids;
  return {
    channel,
    ...(guild === directGuild ? {} : { guild }),
    ...(root === undefined ? {} : { root }),
  };
}
