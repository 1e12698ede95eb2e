// Tested by test/integration/turns.test.ts
import { UsageRecorder } from './turns/usage-recorder.ts';
import { BotLoopGuard } from './intake/bot-loop-guard.ts';
import type { Turn, TurnLimits } from './domain/turn.ts';
import { EventLoopYield } from './timing.ts';
import { Dispatcher } from './turns/dispatcher.ts';
import { Inbox } from './intake/inbox.ts';
import { AnswerReadyNotices } from './turns/answer-ready-notice.ts';
import { ModelQueue } from './turns/model-queue.ts';
import type { BudgetAllocator } from './ports/budgets.ts';
import type { Log } from './ports/log.ts';
import { type Metrics, noMetrics } from './ports/metrics.ts';
import type { Model } from './ports/model.ts';
import type { Platform } from './ports/platform.ts';
import type { Lease, Store } from './ports/store.ts';
import type { UsageBook } from './ports/usage.ts';
import { Quotas, type QuotasOptions } from './intake/quotas.ts';
import { Pacer } from './reply/pacing/pacer.ts';
import { BudgetSharing } from './reply/pacing/budget-sharing.ts';

export interface CoreOptions {
  readonly store: Store;
  readonly model: Model;
  readonly platforms: readonly Platform[];
  /** The persona for a turn. */
  readonly instructions: (turn: Turn) => string;
  readonly limits: TurnLimits;
  /** Answers written at the same time, from 1. */
  readonly concurrency: number;
  /** Questions without an answer that one person may have; no limit without it. */
  readonly mostOpen?: number;
  /** Which authors are bots, and how often they are answered until a human writes. */
  readonly bots?: { readonly isBot: (author: string) => boolean; readonly mostTurns: number };
  /** Which authors are denied: what they wrote before is in no prompt. None without it. */
  readonly isDenied?: (author: string) => boolean;
  /**
   * Whoever waited longer for an answer is called when it is there, in milliseconds; nobody without
   * it.
   */
  readonly longAnswerMs?: number | undefined;
  readonly lease: Lease;
  /** Where other instances spend the same rate limits; absent for one that is alone. */
  readonly budgets?: BudgetAllocator | undefined;
  /** Quotas of people and workspaces; no limit without it. */
  readonly quotas?: Omit<QuotasOptions, 'log'> | undefined;
  /** Where it is written down what was used, if anywhere. */
  readonly usage?: UsageBook | undefined;
  /** Where it is counted what happens, if anywhere. */
  readonly metrics?: Metrics | undefined;
  readonly log: Log;
}

/** The two ends of the core: the inbox accepts messages, the dispatcher answers them. */
export interface Core {
  readonly inbox: Inbox;
  readonly dispatcher: Dispatcher;
  /** To be started before the dispatcher, and stopped when nothing runs any more. */
  readonly budgetSharing: BudgetSharing | undefined;
}

/** Puts the core together between a store, a model and the platforms where people talk. */
export function createCore(options: CoreOptions): Core {
  const { store, model, platforms, instructions, limits, concurrency, mostOpen, lease, log } =
    options;
  const { budgets, usage, metrics = noMetrics } = options;
  const quotas = options.quotas && new Quotas({ ...options.quotas, log });
  const { historyTokens } = limits;
  const { bots } = options;
  const botLoopGuard =
    bots && new BotLoopGuard({ store, isBot: bots.isBot, maxTurns: bots.mostTurns, log });
  const budgetSharing =
    budgets === undefined ? undefined : new BudgetSharing({ budgets, owner: lease.owner, log });
  const pacer = new Pacer({ log, sharing: budgetSharing });
  const { longAnswerMs: afterMs } = options;
  const eventLoop = new EventLoopYield();
  const isBot = bots?.isBot ?? (() => false);
  const dispatcher = new Dispatcher({
    services: {
      store,
      model,
      instructions,
      limits,
      isDenied: options.isDenied ?? (() => false),
      modelQueue: new ModelQueue(concurrency),
      pacer,
      eventLoop: eventLoop,
      metrics,
      replies: new Map(),
    },
    platforms,
    usageRecorder: new UsageRecorder({
      quotas,
      usage,
      model: model.name,
      instructions,
      historyTokens,
      eventLoop,
      log,
    }),
    answerReadyNotices:
      afterMs === undefined ? undefined : new AnswerReadyNotices({ afterMs, pacer, isBot, log }),
    lease,
    log,
  });
  const inbox = new Inbox({
    store,
    dispatcher,
    quotas,
    botLoopGuard,
    metrics,
    eventLoop,
    ...(mostOpen === undefined ? {} : { mostOpen }),
  });
  return { inbox, dispatcher, budgetSharing: budgetSharing };
}
