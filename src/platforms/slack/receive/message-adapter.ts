// Tested by test/contract/platform/slack.test.ts
import { isStopCommand, type Message } from '../../../core/domain/message.ts';
import { endAnswers } from '../../../core/intake/end-answers.ts';
import type { Intake } from '../../../core/ports/platform.ts';
import type { Store } from '../../../core/ports/store.ts';
import type { MessageAdapter, MessageFacts, MessageRoute } from '../../common/message-handler.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import type { Users } from '../api/users.ts';
import {
  conversationOf,
  globalIdOf,
  isDirect,
  locationOf,
} from '../messages/conversation-location.ts';
import {
  authorIdOf,
  isOwn,
  mayAsk,
  mentionsBot,
  messageText,
  normalizeMessage,
  personId,
  traitsOf,
} from '../messages/normalize-message.ts';
import type { SlackMessage } from '../messages/slack-message.ts';
import { mentionedUsers } from '../messages/slack-text.ts';
import type { UserNotices } from '../notices/user-notices.ts';
import type { AccessCheck } from './access-check.ts';

export interface SlackMessageAdapterOptions {
  readonly bot: BotIdentity;
  readonly users: Users;
  readonly accessCheck: AccessCheck;
  /** Ids of the bots that are answered like people. */
  readonly bots: ReadonlySet<string>;
  readonly intake: Intake;
  readonly store: Pick<Store, 'participation' | 'recentlyActive' | 'conversationView'>;
  readonly notices: Pick<UserNotices, 'notify' | 'notifyDenied'>;
  /** Aborts when no events are received any more. */
  readonly signal: AbortSignal;
}

/** Slack's part in the decision what is done with a message. */
export class SlackMessageAdapter implements MessageAdapter<SlackMessage> {
  readonly #options: SlackMessageAdapterOptions;

  constructor(options: SlackMessageAdapterOptions) {
    this.#options = options;
  }

  factsOf(message: SlackMessage): MessageFacts {
    const { bot, bots } = this.#options;
    const { channel, ts, user, text } = message;
    return {
      id: ts,
      globalId: globalIdOf(bot.team, message),
      author: personId(bot.team, authorIdOf(message)),
      mayAsk: mayAsk(message, bot, bots),
      isFromBot: user === undefined,
      sentAt: Number(ts) * 1_000,
      length: text.length,
      location: { channel, ts },
    };
  }

  route(message: SlackMessage): Promise<MessageRoute> {
    const { bot, bots } = this.#options;
    const conversation = conversationOf(bot.team, message);
    const opens = message.threadTs === undefined && this.mentionsBotInChannel(message);
    return Promise.resolve({ conversation, opens, traits: traitsOf(message, bot, bots) });
  }

  async conversationOf(message: SlackMessage, { readText }: { readonly readText: boolean }) {
    const { bot, store } = this.#options;
    // Slack reports what the bot deletes as if a person had deleted it.
    if (isOwn(message, bot)) return undefined;
    const conversation = conversationOf(bot.team, message);
    if (!readText || isDirect(message.channel) || mentionsBot(message, bot)) return conversation;
    return (await store.participation(conversation)) === undefined ? undefined : conversation;
  }

  mentionsBotInChannel(message: SlackMessage): boolean {
    return !isDirect(message.channel) && mentionsBot(message, this.#options.bot);
  }

  /** Stops the answers to what its author asked in this channel, and not in a thread. */
  stopCommandOf(message: SlackMessage): Promise<(() => Promise<void>) | undefined> {
    const { bot } = this.#options;
    const isCommand =
      message.threadTs === undefined &&
      this.mentionsBotInChannel(message) &&
      isStopCommand(messageText(message, bot, new Map()));
    return Promise.resolve(isCommand ? () => this.#stopAnswersOfAuthor(message) : undefined);
  }

  denialReason(message: SlackMessage): Promise<string | undefined> {
    return this.#options.accessCheck.denialReason(message, this.#options.signal);
  }

  async normalize(
    message: SlackMessage,
    { kind, opens }: Pick<Message, 'kind'> & Pick<MessageRoute, 'opens'>,
  ): Promise<Message> {
    const { bot, users, signal } = this.#options;
    const names = await users.namesOf([message.user], [mentionedUsers(message.text)], signal);
    return normalizeMessage(message, { kind, opens }, bot, names);
  }

  async textOf(message: SlackMessage): Promise<string> {
    const { bot, users, signal } = this.#options;
    const names = await users.namesOf([], [mentionedUsers(message.text)], signal);
    return messageText(message, bot, names);
  }

  notify(message: SlackMessage, text: string): void {
    this.#options.notices.notify(message, text);
  }

  notifyDenied(message: SlackMessage): void {
    this.#options.notices.notifyDenied(message);
  }

  /** Received again after an outage, it stops nothing that was asked after it. */
  async #stopAnswersOfAuthor(message: SlackMessage): Promise<void> {
    const { bot, intake, store } = this.#options;
    const { channel, ts } = message;
    const author = personId(bot.team, authorIdOf(message));
    await endAnswers({
      platform: 'slack',
      orderedAt: Number(ts) * 1_000,
      intake,
      store,
      selectIn: (conversation) => {
        const location = locationOf(conversation);
        if (location.team !== bot.team || location.channel !== channel) return undefined;
        return ({ id, author: asker }) => asker.id === author && id === location.root && id < ts;
      },
    });
  }
}
