import { type FollowUpPolicy, mayFollowUp } from '../../core/intake/access.ts';
import type { Message } from '../../core/domain/message.ts';
import type { Participation } from '../../core/ports/store.ts';

/** Facts that decide what is done with a message; the adapter reads them from it. */
export interface MessageTraits {
  /** Posted in a direct conversation, to the bot alone. */
  readonly isDirect: boolean;
  /** Addressed to the bot: a mention, or on Discord a reply to one of its messages. */
  readonly mentionsBot: boolean;
  /** Addressed to other people, to a group or to everybody. */
  readonly mentionsOthers: boolean;
  /** Posted in a thread. */
  readonly inThread: boolean;
  /** The author is a person, or a bot that is listed in `ALLOW_BOTS`. */
  readonly mayAsk: boolean;
}

/**
 * Whether the decision depends on the bot's participation in the conversation. A round trip to the
 * store that most messages do not need: one that addresses the bot is a question in any case, and
 * one in a channel that addresses nobody is none.
 */
export function dependsOnParticipation(traits: MessageTraits): boolean {
  const { isDirect, mentionsBot, inThread, mayAsk } = traits;
  return isDirect || mentionsBot ? !mayAsk : inThread;
}

/**
 * Decides what is done with a message: it is answered as a question, kept as context, or ignored
 * (undefined). Messages of the bot itself are ignored by the caller.
 *
 * @param known.author id of the author, unique on the platform
 * @param known.participation the bot's in this conversation; undefined if it takes no part
 */
export function classifyMessage(
  { isDirect, mentionsBot, mentionsOthers, inThread, mayAsk }: MessageTraits,
  known: {
    readonly author: string;
    readonly followUps: FollowUpPolicy;
    readonly participation: Participation | undefined;
  },
): Message['kind'] | undefined {
  const { author, followUps, participation } = known;
  const isAddressed = isDirect || mentionsBot;
  if (isAddressed && mayAsk) return 'question';
  if (participation === undefined || !(isAddressed || inThread)) return undefined;
  if (!mayAsk || mentionsOthers) return 'context';
  return mayFollowUp(author, followUps, participation) ? 'question' : 'context';
}
