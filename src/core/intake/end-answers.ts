import type { ConversationId } from '../domain/conversation.ts';
import type { Message } from '../domain/message.ts';
import type { Intake } from '../ports/platform.ts';
import type { Store } from '../ports/store.ts';

/** No answer runs for longer, in milliseconds. */
const longestMs = 24 * 60 * 60_000;

export interface EndAnswersOptions {
  /** The platform's name. */
  readonly platform: string;
  /** When it was ordered, in milliseconds since the epoch. */
  readonly orderedAt: number;
  readonly intake: Pick<Intake, 'stop' | 'withdraw'>;
  readonly store: Pick<Store, 'active' | 'view'>;
  /** Which questions of a conversation are meant; undefined: none of them. */
  readonly meantIn: (conversation: ConversationId) => ((question: Message) => boolean) | undefined;
}

/**
 * Ends the answers to certain questions, in whatever conversations: those that wait get none, and
 * those that are being answered are stopped. Throws `StoreUnavailable`; it may then be repeated.
 */
export async function endAnswers(options: EndAnswersOptions): Promise<void> {
  const { platform, orderedAt, intake, store, meantIn } = options;
  for (const conversation of await store.active(platform, orderedAt - longestMs)) {
    const isMeant = meantIn(conversation);
    if (isMeant === undefined) continue;
    const { running, queued } = await store.view(conversation);
    for (const { id } of queued.filter(isMeant)) await intake.withdraw(conversation, id);
    if (running?.messages.some(isMeant) === true) await intake.stop(conversation);
  }
}
