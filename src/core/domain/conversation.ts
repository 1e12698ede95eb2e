// Tested by test/unit/core/domain/message.test.ts
/**
 * Where one dialogue lives, as one string that says it all: the platform's name, then the
 * platform's own ids, joined by colons, such as `slack:T1:C1:1700000000.000100`.
 */
export type ConversationId = string & { readonly __brand: 'ConversationId' };

/** Builds a conversation's id. Throws if a part is empty or holds a colon: ids must stay unique. */
export function conversationId(platform: string, ...parts: string[]): ConversationId {
  for (const part of [platform, ...parts]) {
    if (part === '' || part.includes(':')) {
      throw new Error(`a part of a conversation id is empty or holds a colon: "${part}"`);
    }
  }
  return [platform, ...parts].join(':') as ConversationId;
}

/** The platform's name and the ids behind it. */
export function parseConversationId(conversation: ConversationId): {
  platform: string;
  ids: string[];
} {
  const [platform = '', ...ids] = conversation.split(':');
  return { platform, ids };
}
