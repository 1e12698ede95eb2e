// Tested by test/integration/discord-chains.test.ts
import { LRUCache } from 'lru-cache';
import type { ConversationId } from '../../../core/domain/conversation.ts';
import { withDeadline } from '../../../core/timing.ts';
import { CallFailed, RateLimited } from '../../../core/domain/errors.ts';
import type { RequestThrottle } from '../../common/throttles.ts';
import type { Log } from '../../../core/ports/log.ts';
import type { Store } from '../../../core/ports/store.ts';
import type { DiscordApi } from '../api/rest-api.ts';
import { rootedConversation } from '../messages/conversation-location.ts';
import { DiscordApiError } from '../api/api-errors.ts';
import { type DiscordMessage, parseMessage } from '../messages/discord-message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';

/** Nobody replies along a longer chain in earnest. */
const maxChainSteps = 50;
/** A chain that Discord does not tell of for so long is not waited for, in milliseconds. */
const lookUpMs = 5_000;
/** Questions whose conversation is remembered; others are looked up. */
const maxRemembered = 10_000;

/** Where a chain of replies goes on. */
export interface ChainTarget {
  readonly conversation: ConversationId;
  /** It begins here: nobody asked anything in it before. */
  readonly opens: boolean;
}

interface KnownQuestion {
  readonly conversation: ConversationId;
  /** It replies to another message. */
  readonly replies: boolean;
}

/**
 * Chains of replies in a channel: a reply to the bot's newest answer goes on in the conversation,
 * one to an earlier answer branches off into a conversation of its own, which begins with what was
 * said on the way to it.
 */
export class ReplyChains {
  readonly #api: DiscordApi;
  readonly #throttle: RequestThrottle;
  readonly #store: Pick<Store, 'participation' | 'conversationView'>;
  readonly #bot: BotIdentity;
  readonly #log: Log;
  /** Questions by the message's id. */
  readonly #questions = new LRUCache<string, KnownQuestion>({ max: maxRemembered });

  constructor(options: {
    api: DiscordApi;
    throttle: RequestThrottle;
    store: Pick<Store, 'participation' | 'conversationView'>;
    bot: BotIdentity;
    log: Log;
  }) {
    this.#api = options.api;
    this.#throttle = options.throttle;
    this.#store = options.store;
    this.#bot = options.bot;
    this.#log = options.log;
  }

  /** A message belongs to this conversation. */
  remember({ id, repliesTo }: DiscordMessage, conversation: ConversationId): void {
    this.#questions.set(id, { conversation, replies: repliesTo !== undefined });
  }

  /** Whether it certainly replies to nothing. */
  repliesToNothing(message: string): boolean {
    return this.#questions.get(message)?.replies === false;
  }

  /** The conversation of a message in a channel, which may be a question. */
  conversationOf(guild: string, channel: string, message: string): ConversationId {
    return (
      this.#questions.get(message)?.conversation ?? rootedConversation(guild, channel, message)
    );
  }

  /**
   * Where a reply to one of the bot's messages belongs. Where Discord does not tell, the reply
   * begins a conversation of its own: nobody behind it is to wait.
   */
  async targetOf(
    message: DiscordMessage,
    guild: string,
    signal: AbortSignal,
  ): Promise<ChainTarget> {
    const answered = message.repliesTo?.repliesTo ?? '';
    const conversation = await this.conversationOfAnswer(message, guild, signal);
    // In a branch of its own a bot would have its turns anew.
    const goesOn =
      conversation !== undefined &&
      (message.author.bot || (await this.#isNewest(conversation, answered)));
    if (goesOn) return { conversation, opens: false };
    return { conversation: rootedConversation(guild, message.channel, message.id), opens: true };
  }

  /** The conversation of the answer that this replies to; undefined if it is not known in time. */
  async conversationOfAnswer(
    message: DiscordMessage,
    guild: string,
    signal: AbortSignal,
  ): Promise<ConversationId | undefined> {
    const question = message.repliesTo?.repliesTo;
    if (question === undefined) return undefined;
    try {
      return await withDeadline(lookUpMs, signal, (end) =>
        this.conversationOfQuestion(guild, message.channel, question, end),
      );
    } catch (error) {
      if (!(error instanceof CallFailed || error instanceof RateLimited)) throw error;
      this.#log.warn({ err: error, message: message.id }, 'chain of replies not known');
      return undefined;
    }
  }

  /** The conversation in which this question was asked, if it is known. */
  async conversationOfQuestion(
    guild: string,
    channel: string,
    question: string,
    signal: AbortSignal,
  ): Promise<ConversationId | undefined> {
    let id: string | undefined = question;
    for (let steps = 0; id !== undefined && steps < maxChainSteps; steps += 1) {
      const remembered = this.#questions.get(id)?.conversation;
      if (remembered !== undefined) return remembered;
      const rooted = rootedConversation(guild, channel, id);
      if ((await this.#store.participation(rooted)) !== undefined) return rooted;
      id = await this.#questionBefore(channel, id, signal);
    }
    return undefined;
  }

  /** The question before this one, up the chain. */
  async #questionBefore(
    channel: string,
    id: string,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const message = await this.readMessage(channel, id, signal);
    return message?.repliesTo?.author?.id === this.#bot.id
      ? message.repliesTo.repliesTo
      : undefined;
  }

  /** A message of the channel; undefined if it is deleted, or may not be read. */
  async readMessage(
    channel: string,
    id: string,
    signal: AbortSignal,
  ): Promise<DiscordMessage | undefined> {
    try {
      const path = `/channels/${channel}/messages/${id}` as const;
      return parseMessage(await this.#api.read(path, {}, this.#throttle, signal));
    } catch (error) {
      if (error instanceof DiscordApiError) return undefined;
      throw error;
    }
  }

  /** Whether nothing was asked there after the turn that this question is part of. */
  async #isNewest(conversation: ConversationId, question: string): Promise<boolean> {
    const { history, running, queued } = await this.#store.conversationView(conversation);
    if (queued.length > 0) return queued.some(({ id }) => id === question);
    if (running !== undefined) return running.messages.some(({ id }) => id === question);
    const turn = history.findLast(({ role }) => role === 'assistant')?.turn;
    return turn !== undefined && history.some((one) => one.id === question && one.turn === turn);
  }
}
