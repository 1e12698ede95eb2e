import type { ConversationId } from '../domain/conversation.ts';
import type { Message } from '../domain/message.ts';
import type { Log } from '../ports/log.ts';
import type { Store, StoredConversation } from '../ports/store.ts';

/** Most conversations that are remembered as limited; beyond it all are forgotten. */
const maxQuiet = 10_000;

export interface BotLoopGuardOptions {
  readonly store: Pick<Store, 'conversationView'>;
  /** Whether an author is a bot, by id. */
  readonly isBot: (author: string) => boolean;
  /** Answers to bots in one conversation, from 1, until a human writes there. */
  readonly maxTurns: number;
  readonly log: Log;
}

/** Stops two bots from answering each other for ever. */
export class BotLoopGuard {
  readonly #options: BotLoopGuardOptions;
  /** Conversations in which the limit was reached, also where newer history hides the answers to bots. */
  readonly #quiet = new Set<ConversationId>();

  constructor(options: BotLoopGuardOptions) {
    this.#options = options;
  }

  /**
   * The message as it is to be taken in: a bot's question where bots have had their turns is only
   * context. Throws `StoreUnavailable`.
   */
  async downgrade(message: Message): Promise<Message> {
    const { store, isBot, maxTurns } = this.#options;
    const { conversation, author, kind } = message;
    if (kind !== 'question' || !isBot(author.id)) return message;
    const { turns, human } = sinceHuman(await store.conversationView(conversation), isBot);
    if (turns < maxTurns && (human || !this.#quiet.has(conversation))) {
      this.#quiet.delete(conversation);
      return message;
    }
    this.#keepQuiet(message, turns);
    const { opens: _opens, ...rest } = message;
    return { ...rest, kind: 'context' };
  }

  #keepQuiet({ conversation, author }: Message, turns: number): void {
    if (this.#quiet.has(conversation)) return;
    if (this.#quiet.size >= maxQuiet) this.#quiet.clear();
    this.#quiet.add(conversation);
    this.#options.log.info(
      { conversation, author: author.id, turns },
      'bot not answered: MAX_BOT_TURNS reached',
    );
  }
}

/** Answers to bots since somebody who is no bot wrote, and whether anybody did, as far as is known. */
function sinceHuman(
  { history, running, queued }: StoredConversation,
  isBot: (author: string) => boolean,
): { readonly turns: number; readonly human: boolean } {
  const isHuman = (message: Message): boolean => !isBot(message.author.id);
  if (queued.some(isHuman) || running?.messages.some(isHuman) === true) {
    return { turns: 0, human: true };
  }
  const last = history.findLastIndex(
    ({ role, author }) => role === 'user' && author !== undefined && !isBot(author.id),
  );
  const asked = history[last]?.turn;
  const replies = history
    .slice(last + 1)
    .filter(
      ({ role, turn }) => role === 'assistant' && (asked === undefined || turn !== asked),
    ).length;
  return { turns: replies + (running === undefined ? 0 : 1), human: last >= 0 };
}
