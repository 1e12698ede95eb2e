import type { ConversationId } from '../../../core/domain/conversation.ts';
import { endAnswers } from '../../../core/intake/end-answers.ts';
import { isStopCommand, type Message } from '../../../core/domain/message.ts';
import type { Intake } from '../../../core/ports/platform.ts';
import type { Store } from '../../../core/ports/store.ts';
import type { ReplyChains } from './reply-chains.ts';
import type { Channels } from '../cache/channels.ts';
import type { AccessCheck } from './access-check.ts';
import { mentionsBot, repliesToBot } from './classify-message.ts';
import { locationOf } from '../messages/conversation-location.ts';
import type { DiscordMessage } from '../messages/discord-message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import { timeOf } from '../api/snowflake.ts';
import { compareIds } from '../../common/read-positions.ts';
import { messageText } from '../messages/normalize-message.ts';
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
 * The order "stop", said in a channel: it begins no conversation. Said again, or read again after
 * an outage, it ends nothing that was asked after it.
 */
export class StopCommand {
  readonly #options: StopCommandOptions;

  constructor(options: StopCommandOptions) {
    this.#options = options;
  }

  /** Whether it is this order; then it was followed. */
  async handle(command: DiscordMessage): Promise<boolean> {
    const { bot, channels, chains, names, accessCheck, signal } = this.#options;
    const { guild, channel, author, repliesTo } = command;
    if (guild === undefined || !isStopCommand(messageText(command, bot, names))) return false;
    const isToOwn = repliesTo?.author?.id === author.id;
    const isToBot = repliesToBot(command, bot);
    if (!isToOwn && !isToBot && !mentionsBot(command, bot)) return false;
    const found = await channels.findVisible(channel, signal);
    if (found === 'shut' || found?.kind === 'thread') return false;
    // Whoever may not ask may not stop what others asked.
    if ((await accessCheck.denialReason(command, signal)) !== undefined) return true;
    if (isToBot) {
      const conversation = await chains.conversationOfAnswer(command, guild, signal);
      if (conversation !== undefined) await this.#endAnswer(conversation, command);
    } else {
      await this.#endOwn(guild, command, isToOwn ? repliesTo?.id : undefined);
    }
    return true;
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
