import { endAnswers } from '../../../core/intake/end-answers.ts';
import { isStop } from '../../../core/domain/message.ts';
import type { Intake } from '../../../core/ports/platform.ts';
import type { Store } from '../../../core/ports/store.ts';
import { authorId } from './classify-message.ts';
import { isDirect, placeOf } from '../messages/conversation-location.ts';
import type { Said } from '../messages/slack-message.ts';
import type { Self } from '../bot-identity.ts';
import { textFor } from '../messages/normalize-message.ts';

/** Whether it is the order to stop, said to the bot outside of threads: it begins no thread. */
export function stopsInChannel(said: Said, self: Self): boolean {
  if (said.user === undefined || said.threadTs !== undefined || isDirect(said.channel))
    return false;
  return said.user !== self.userId && isStop(textFor(said, self, new Map()));
}

/**
 * Ends the answers to what its author asked in this channel, and not in a thread. Read again after
 * an outage, it ends nothing that was asked after it.
 */
export async function stopOwn(
  { channel, ts, user = '' }: Said,
  { team }: Self,
  { intake, store }: { readonly intake: Intake; readonly store: Pick<Store, 'active' | 'view'> },
): Promise<void> {
  const author = authorId(team, user);
  await endAnswers({
    platform: 'slack',
    orderedAt: Number(ts) * 1_000,
    intake,
    store,
    meantIn: (conversation) => {
      const place = placeOf(conversation);
      if (place.team !== team || place.channel !== channel) return undefined;
      return (question) =>
        question.author.id === author && question.id === place.root && question.id < ts;
    },
  });
}
