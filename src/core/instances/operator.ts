import type { ConversationId } from '../domain/conversation.ts';
import { forgetConversation } from '../intake/end-answers.ts';
import { belongsToOnePerson } from '../intake/quotas.ts';
import type { ForgetResult, OpenConversation, Secrets, Store } from '../ports/store.ts';
import type { UsageBook, UsageRow } from '../ports/usage.ts';
import type { ReplyProgress } from '../reply/live-reply.ts';
import type { Log } from '../ports/log.ts';

/** Name of the secret with the page's password that Parley made itself. */
export const webPasswordName = 'web-password';

/** Turns in a list; the others are only counted. */
const mostShown = 200;
/** Shortest beginning of a turn's id that names it. */
export const shortestPrefix = 4;

/** A turn in progress, or one that waits. Times are in milliseconds since the epoch. */
export interface OpenTurn {
  readonly conversation: ConversationId;
  /** Absent until its first attempt begins. */
  readonly turn?: string;
  /**
   * - `running`: somebody writes the answer.
   * - `waiting`: nobody does, for the first time or after a try that was cut off.
   * - `ending`: its end is stored, and is being shown.
   */
  readonly state: 'running' | 'waiting' | 'ending';
  /** Tries begun. */
  readonly attempts: number;
  /** When the oldest of its questions was sent. */
  readonly askedAt: number;
  /** When its first try began. */
  readonly startedAt?: number;
  /** Questions in it, and behind it. */
  readonly questions: number;
  readonly stopping: boolean;
}

/** One turn in hand, with how people come to see its reply. */
export interface TurnDetails extends OpenTurn {
  /** Messages posted, as the store knows them. */
  readonly posts: number;
  /** Absent where the reply is written by another process, or by none. */
  readonly progress?: ReplyProgress;
}

export interface TurnOverview {
  /** Longest waiting first. */
  readonly turns: readonly OpenTurn[];
  /** How many more there are. */
  readonly more: number;
  readonly pausedSince?: number;
}

/**
 * What became of an order to cancel:
 * - `stopping`: the answer is being ended; what there is of it stays.
 * - `dropped`: questions that waited were dropped, this many.
 * - `unknown`: there is no such turn in hand, or no such conversation.
 * - `ambiguous`: the id is the beginning of several.
 */
export type CancelResult =
  | { readonly result: 'stopping' | 'unknown' | 'ambiguous' }
  | { readonly result: 'dropped'; readonly questions: number };

/** What became of an order to show a turn: one, none, or several that begin so. */
export type ShowResult =
  | { readonly result: 'unknown' | 'ambiguous' }
  | { readonly result: 'found'; readonly turn: TurnDetails };

/** The operator's commands, which may also come from another process. */
export const operatorCommands = [
  'turns',
  'show',
  'cancel',
  'pause',
  'resume',
  'forgetConversation',
  'forgetPerson',
  'usage',
  'password',
] as const;

export type OperatorCommand = (typeof operatorCommands)[number];
export type OperatorCommands = Pick<Operator, OperatorCommand>;

export function isOperatorCommand(name: string): name is OperatorCommand {
  return (operatorCommands as readonly string[]).includes(name);
}

/** The operator's view of the running service, and the commands that change it. */
export class Operator {
  readonly #store: Store;
  readonly #book: UsageBook;
  readonly #secrets: Secrets;
  readonly #stop: (conversation: ConversationId) => Promise<boolean>;
  readonly #progressOf: (turn: string) => ReplyProgress | undefined;

  /**
   * @param options.stop ends the running answer; by default through the store, within seconds
   * @param options.progressOf how the reply of a turn is doing that is written in this process
   */
  constructor(options: {
    store: Store;
    book: UsageBook;
    secrets: Secrets;
    stop?: (conversation: ConversationId) => Promise<boolean>;
    progressOf?: (turn: string) => ReplyProgress | undefined;
  }) {
    this.#store = options.store;
    this.#book = options.book;
    this.#secrets = options.secrets;
    this.#stop = options.stop ?? ((conversation) => this.#store.requestStop(conversation));
    this.#progressOf = options.progressOf ?? (() => undefined);
  }

  async turns(): Promise<TurnOverview> {
    const all = await this.#store.openConversations();
    const shown = await Promise.all(all.slice(0, mostShown).map((each) => this.#openTurn(each)));
    const pausedSince = await this.#store.pausedSince();
    return {
      turns: shown.filter((turn) => turn !== undefined).toSorted((a, b) => a.askedAt - b.askedAt),
      more: Math.max(0, all.length - mostShown),
      ...(pausedSince === undefined ? {} : { pausedSince }),
    };
  }

  /** @param id a conversation's, or the beginning of a turn's, as `turns` names them */
  async show(id: string): Promise<ShowResult> {
    const [found, another] = await this.#find(id);
    if (another !== undefined) return { result: 'ambiguous' };
    const open = found && (await this.#openTurn(found));
    if (open === undefined) return { result: 'unknown' };
    const { running } = await this.#store.conversationView(open.conversation, 1);
    const progress = running && this.#progressOf(running.id);
    return {
      result: 'found',
      turn: {
        ...open,
        posts: running?.pages.filter((page) => page.id !== undefined).length ?? 0,
        ...(progress === undefined ? {} : { progress }),
      },
    };
  }

  /** @param id a conversation's, or the beginning of a turn's, as `turns` names them */
  async cancel(id: string): Promise<CancelResult> {
    const found = await this.#find(id);
    if (found.length > 1) return { result: 'ambiguous' };
    const conversation = found[0]?.conversation;
    if (conversation === undefined) return { result: 'unknown' };
    if (await this.#stop(conversation)) return { result: 'stopping' };
    const { queued } = await this.#store.conversationView(conversation);
    let questions = 0;
    for (const message of queued) {
      if (await this.#store.withdraw(conversation, message.id)) questions += 1;
    }
    return questions === 0 ? { result: 'unknown' } : { result: 'dropped', questions };
  }

  /** No turn begins, on any instance, until `resume`; questions are kept meanwhile. */
  async pause(): Promise<void> {
    if ((await this.#store.pausedSince()) === undefined)
      await this.#store.setPausedSince(Date.now());
  }

  resume(): Promise<void> {
    return this.#store.setPausedSince(undefined);
  }

  /** Deletes all that is kept of a conversation; resolves to the number of deleted messages and replies. */
  forgetConversation(conversation: ConversationId): Promise<number> {
    return forgetConversation({ store: this.#store, stop: this.#stop }, conversation);
  }

  /** Deletes what is kept of what a person wrote, and of conversations that were theirs alone. */
  async forgetPerson(platform: string, authorId: string): Promise<ForgetResult> {
    const theirs = await this.#store.conversationsOf(platform, authorId, Number.MAX_SAFE_INTEGER);
    let alone = 0;
    for (const { conversation } of theirs) {
      if (belongsToOnePerson(conversation, authorId))
        alone += await this.forgetConversation(conversation);
    }
    const { deleted, remaining } = await this.#store.forgetPerson(platform, authorId);
    return { deleted: alone + deleted, remaining };
  }

  /** @param fromDay in UTC, as YYYY-MM-DD */
  usage(fromDay: string): Promise<UsageRow[]> {
    return this.#book.read(fromDay);
  }

  /** The page's password that Parley made itself; undefined if it never had to. */
  password(): Promise<string | undefined> {
    return this.#secrets.find(webPasswordName);
  }

  async #find(id: string): Promise<OpenConversation[]> {
    const all = await this.#store.openConversations();
    const exact = all.find(({ conversation }) => conversation === id);
    if (exact !== undefined) return [exact];
    if (id.includes(':') || id.length < shortestPrefix) return [];
    const views = await Promise.all(
      all.map(async (each) => ({
        each,
        turn: (await this.#store.conversationView(each.conversation)).running?.id,
      })),
    );
    return views.filter(({ turn }) => turn?.startsWith(id)).map(({ each }) => each);
  }

  /** Undefined if the turn ended before it could be read. */
  async #openTurn(one: OpenConversation): Promise<OpenTurn | undefined> {
    const { conversation, owned, since } = one;
    const { running, queued } = await this.#store.conversationView(conversation);
    const questions = [...(running?.messages ?? []), ...queued];
    if (questions.length === 0 && running === undefined) return undefined;
    const askedAt = Math.min(...questions.map(({ sentAt }) => sentAt), since);
    return {
      conversation,
      ...(running === undefined ? {} : { turn: running.id, startedAt: running.startedAt }),
      state: running?.ending !== undefined ? 'ending' : owned ? 'running' : 'waiting',
      attempts: running?.attempt ?? 0,
      askedAt,
      questions: questions.length,
      stopping: running?.stopRequested === true,
    };
  }
}

/** Poll interval of the operator's pause, in milliseconds. */
const lookEveryMs = 1_000;

export interface OperatorPauseOptions {
  readonly store: Pick<Store, 'pausedSince'>;
  readonly log: Log;
  /** Waiting turns may begin now. */
  readonly onResume: () => void;
}

/** Whether an operator paused new turns, as the store says it to all instances. */
export class OperatorPause {
  readonly #options: OperatorPauseOptions;
  #timer: NodeJS.Timeout | undefined;
  /** Undefined until it is known: no turn begins before. */
  #paused: boolean | undefined;
  #failing = false;
  #started = false;
  #stopped = false;

  constructor(options: OperatorPauseOptions) {
    this.#options = options;
  }

  /** No turn may begin: turns are paused, or it is not known yet. */
  get blocksNewTurns(): boolean {
    return this.#paused !== false;
  }

  get isPaused(): boolean {
    return this.#paused === true;
  }

  /** Looks now and from time to time; again without effect. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    void this.#watch();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #watch(): Promise<void> {
    await this.#poll();
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#watch(), lookEveryMs);
  }

  async #poll(): Promise<void> {
    const { store, log, onResume } = this.#options;
    try {
      const since = await store.pausedSince();
      this.#failing = false;
      const [before, paused] = [this.#paused, since !== undefined];
      if (paused === before) return;
      this.#paused = paused;
      if (paused) log.warn({ since }, 'turns are paused: nothing new is begun');
      else if (before !== undefined) log.info({}, 'turns are resumed');
      if (!paused) onResume();
    } catch (error) {
      // It stays as it was until the store is back.
      if (!this.#failing) log.warn({ err: error }, 'not known whether turns are paused');
      this.#failing = true;
    }
  }
}
