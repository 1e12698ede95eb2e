import type { ConversationId } from '../../../core/domain/conversation.ts';
import { endAnswers } from '../../../core/intake/end-answers.ts';
import { isStop, type Message } from '../../../core/domain/message.ts';
import type { Intake } from '../../../core/ports/platform.ts';
import type { Store } from '../../../core/ports/store.ts';
import type { Chains } from './reply-chains.ts';
import type { Channels } from '../cache/channels.ts';
import type { Door } from './access-check.ts';
import { mentions, repliesToBot } from './classify-message.ts';
import { placeOf } from '../messages/conversation-location.ts';
import type { Said } from '../messages/discord-message.ts';
import type { Self } from '../api/identify-bot.ts';
import { byAge, timeOf } from '../api/snowflake.ts';
import { textFor } from '../messages/normalize-message.ts';
import type { Names } from '../messages/discord-text.ts';

export interface StopsOptions {
  readonly self: Self;
  readonly intake: Intake;
  readonly store: Pick<Store, 'active' | 'view'>;
  readonly channels: Channels;
  readonly names: Names;
  readonly chains: Chains;
  readonly door: Door;
  readonly signal: AbortSignal;
}

/**
 * The order "stop", said in a channel: it begins no conversation. Said again, or read again after
 * an outage, it ends nothing that was asked after it.
 */
export class Stops {
  readonly #options: StopsOptions;

  constructor(options: StopsOptions) {
    this.#options = options;
  }

  /** Whether it is this order; then it was followed. */
  async obeys(said: Said): Promise<boolean> {
    const { self, channels, chains, names, door, signal } = this.#options;
    const { guild, channel, author, repliesTo } = said;
    if (guild === undefined || !isStop(textFor(said, self, names))) return false;
    const isToOwn = repliesTo?.author?.id === author.id;
    const isToBot = repliesToBot(said, self);
    if (!isToOwn && !isToBot && !mentions(said, self)) return false;
    const found = await channels.look(channel, signal);
    if (found === 'shut' || found?.kind === 'thread') return false;
    // Whoever may not ask may not stop what others asked.
    if ((await door.refusal(said, signal)) !== undefined) return true;
    if (isToBot) {
      const conversation = await chains.answeredBy(said, guild, signal);
      if (conversation !== undefined) await this.#endAnswer(conversation, said);
    } else {
      await this.#endOwn(guild, said, isToOwn ? repliesTo?.id : undefined);
    }
    return true;
  }

  /** Ends the answer in this conversation. */
  async #endAnswer(conversation: ConversationId, said: Said): Promise<void> {
    const { intake, store } = this.#options;
    const { running } = await store.view(conversation);
    if (running?.messages.some(isBefore(said)) === true) await intake.stop(conversation);
  }

  /**
   * Ends the answers to what its author asked in this channel.
   *
   * @param question the only one that is meant; else all of them
   */
  async #endOwn(guild: string, said: Said, question?: string): Promise<void> {
    const { intake, store } = this.#options;
    await endAnswers({
      platform: 'discord',
      orderedAt: timeOf(said.id),
      intake,
      store,
      meantIn: (conversation) => {
        const place = placeOf(conversation);
        const { root } = place;
        if (place.guild !== guild || place.channel !== said.channel || root === undefined) {
          return undefined;
        }
        return (message) =>
          message.author.id === said.author.id &&
          (question === undefined || message.id === question) &&
          isBefore(said)(message) &&
          this.#wasAskedInChannel(message, root);
      },
    });
  }

  /** And not in the thread that it has. */
  #wasAskedInChannel({ id }: Message, root: string): boolean {
    return id === root || this.#options.channels.known(root)?.kind !== 'thread';
  }
}

function isBefore(said: Said): (message: Message) => boolean {
  return ({ id }) => byAge(id, said.id) < 0;
}
