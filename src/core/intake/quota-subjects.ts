import { type ConversationId, partsOf } from '../domain/conversation.ts';

/** Who a question counts for, each with the platform's name in front. */
export interface Payers {
  readonly platform: string;
  readonly person: string;
  /** Absent for a direct conversation that belongs to none. */
  readonly workspace?: string;
}

/** Whether a conversation is one person's alone, as on the web page: its first id is theirs. */
export function isAlone(conversation: ConversationId, authorId: string): boolean {
  return partsOf(conversation).ids[0] === authorId;
}

/**
 * The author of a question and the workspace in which it was asked: the first id behind the
 * platform's name, unless that begins with `@`, as where there is none. A conversation that is
 * its author's alone, as on the web page, belongs to the platform as a whole.
 */
export function payersOf(conversation: ConversationId, authorId: string): Payers {
  const { platform, ids } = partsOf(conversation);
  const [place = ''] = ids;
  const person = `${platform}:${authorId}`;
  if (place.startsWith('@')) return { platform, person };
  return {
    platform,
    person,
    workspace: isAlone(conversation, authorId) ? platform : `${platform}:${place}`,
  };
}
