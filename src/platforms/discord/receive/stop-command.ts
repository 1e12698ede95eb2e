// Tested by test/contract/platform/discord.test.ts
import type { ConversationId } from '../../../core/domain/conversation.ts';
import { endAnswers } from '../../../core/intake/end-answers.ts';
import { isStopCommand, type Message } from '../../../core/domain/message.ts';
import type { Intake } from '../../../core/ports/platform.ts';
import type { Store } from '../../../core/ports/store.ts';
import type { ReplyChains } from './reply-chains.ts';
import type { Channels } from '../cache/channels.ts';
import type { AccessCheck } from './access-check.ts';
import { mentionsBot, messageText, repliesToBot } from '../messages/normalize-message.ts';
import { locationOf } from '../messages/conversation-location.ts';
import type { DiscordMessage } from '../messages/discord-message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import { timeOf } from '../api/snowflake.ts';
import { compareIds } from '../../common/read-positions.ts';
import type { DiscordNames } from '../messages/discord-text.ts';

export interface StopCommandOptions {
  readonly bot: BotIdentity;
  readonly intake: Intake;
  readonly store: Pick<Store, 'recentlyActive' | 'conversationView'>;
  readonly channels: Channels;
  readonly names: DiscordNames;
  readonly chains: ReplyChains;
  readonly accessCheck: AccessCheck;
  readonly signal: AbortSignal;
}

/**
 * The command "stop", posted in a channel: it begins no conversation. Posted again, or received again
 * after an outage, it stops nothing that was asked after it.
 */
export class StopCommand {
  readonly #options: StopCommandOptions;

  constructor(options: StopCommandOptions) {
    this.#options = options;
  }

  /** The command's work; undefined where the message is none. */
  async of(message: DiscordMessage): Promise<(() => Promise<void>) | undefined> {
    const { bot, channels, chains, names, signal } = this.#options;
    const { guild, channel, author, repliesTo } = message;
    if (guild === undefined || !isStopCommand(messageText(message, bot, names))) return undefined;
    const isToOwn = repliesTo?.author?.id === author.id;
    const isToBot = repliesToBot(message, bot);
    if (!isToOwn && !isToBot && !mentionsBot(message, bot)) return undefined;
    const found = await channels.findVisible(channel, signal);
    if (found === 'shut' || found?.kind === 'thread') return undefined;
    return async () => {
      if (!isToBot) return this.#endOwn(guild, message, isToOwn ? repliesTo?.id : undefined);
      const conversation = await chains.conversationOfAnswer(message, guild, signal);
      if (conversation !== undefined) await this.#endAnswer(conversation, message);
    };
  }

  /** Ends the answer in this conversation. */
  async #endAnswer(conversation: ConversationId, command: DiscordMessage): Promise<void> {
    const { intake, store } = this.#options;
    const { running } = await store.conversationView(conversation);
    if (running?.messages.some(askedBefore(command)) === true) await intake.stop(conversation);
  }

  /**
   * Ends the answers to what its author asked in this channel.
   *
   * @param question the only one that is meant; else all of them
   */
  async #endOwn(guild: string, command: DiscordMessage, question?: string): Promise<void> {
    const { intake, store } = this.#options;
    await endAnswers({
      platform: 'discord',
      orderedAt: timeOf(command.id),
      intake,
      store,
      selectIn: (conversation) => {
        const place = locationOf(conversation);
        const { root } = place;
        if (place.guild !== guild || place.channel !== command.channel || root === undefined) {
          return undefined;
        }
        return (message) =>
          message.author.id === command.author.id &&
          (question === undefined || message.id === question) &&
          askedBefore(command)(message) &&
          this.#wasAskedInChannel(message, root);
      },
    });
  }

  /** And not in the thread that it has. */
  #wasAskedInChannel({ id }: Message, root: string): boolean {
    return id === root || this.#options.channels.cached(root)?.kind !== 'thread';
  }
}

function askedBefore(command: DiscordMessage): (message: Message) => boolean {
  return ({ id }) => compareIds(id, command.id) < 0;
}
