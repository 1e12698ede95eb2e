// Tested by test/integration/turns.test.ts
import {
  type Ending,
  type Outcome,
  pageKeyOf,
  type Turn,
  type TurnLimits,
} from '../domain/turn.ts';
import { type EventLoopYield, retryWhileStoreIsDown } from '../timing.ts';
import { ClaimLost, ModelFailed, Rejected, TurnInterrupted } from '../domain/errors.ts';
import type { LeaseWindow } from '../instances/leases.ts';
import { isNewCommand } from '../domain/message.ts';
import type { ModelQueue } from './model-queue.ts';
import type { Log } from '../ports/log.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Model, Usage } from '../ports/model.ts';
import type { ClaimedTurn, Store } from '../ports/store.ts';
import type { AskerNotice } from '../ports/surface.ts';
import type { Platform } from '../ports/platform.ts';
import { buildPrompt } from './prompt.ts';
import { loadHistory } from './load-history.ts';
import { LiveReply, type ReplyProgress } from '../reply/live-reply.ts';
import type { Pacer } from '../reply/pacing/pacer.ts';
import { WorkingIndicator } from '../reply/posting/working-indicator.ts';
import { userTexts } from '../domain/user-texts.ts';

/** The parts of the core that answer a turn. */
export interface TurnServices {
  readonly store: Store;
  readonly model: Model;
  /** The persona for a turn. */
  readonly instructions: (turn: Turn) => string;
  readonly modelQueue: ModelQueue;
  readonly pacer: Pacer;
  readonly eventLoop: EventLoopYield;
  readonly limits: TurnLimits;
  /** Whether messages of this author are kept, but may not be read. */
  readonly isDenied: (author: string) => boolean;
  readonly metrics: Metrics;
  /** Replies that are written here at this moment, by turn. */
  readonly replies: Map<string, LiveReply>;
}

/** The turn's lease, and the signals that end its work early. */
export interface TurnSignals {
  /** A person stopped it: the model ends, and its text so far is shown. */
  readonly stop: AbortSignal;
  /** Handed over or lost: nothing more is written here. */
  readonly abandon: AbortSignal;
  readonly leaseWindow: LeaseWindow;
}

/** The result of a turn. */
export interface TurnReport {
  readonly ending: Ending;
  readonly usage: Usage;
  /** From the turn's start to text that people see, in milliseconds; absent if there was none. */
  readonly firstTextMs?: number;
  /** Notifies the asker; absent unless all of the reply is shown. */
  readonly notice?: AskerNotice | undefined;
  /** How the reply came to be seen; absent if nothing of it was shown here. */
  readonly progress?: ReplyProgress;
}

/**
 * Answers one turn: prompt, stream, write, store the ending, show it. A turn whose ending is
 * stored already is only shown. The caller then finishes the turn.
 *
 * Throws the reason to leave, and what kept the ending from being stored or shown: the turn then
 * waits for another try.
 */
export async function answerTurn(
  work: ClaimedTurn,
  services: TurnServices,
  platform: Platform,
  log: Log,
  { stop, abandon, leaseWindow }: TurnSignals,
): Promise<TurnReport> {
  const { claim, turn } = work;
  const startedAt = performance.now();
  const abort = new AbortController();
  const surface = platform.surface(turn);
  const working = new WorkingIndicator({ surface, log });
  let usage: Usage = {};
  let firstTextMs: number | undefined;

  const reply = new LiveReply({
    surface,
    pacer: services.pacer,
    pageRecords: {
      save: (page) => services.store.savePage(claim, page),
      drop: (index) => services.store.dropPage(claim, index),
    },
    keyOf: (index) => pageKeyOf(turn.id, index),
    pages: turn.pages,
    leaseCoversCall: () => leaseWindow.covers(surface.callTimeoutMs),
    onFirstText: () => {
      working.stop();
      firstTextMs = Math.round(performance.now() - startedAt);
      services.metrics.firstTextShown(platform.name, firstTextMs, Date.now() - askedAt(turn));
    },
    onText: (unseenMs) => services.metrics.textShown(platform.name, unseenMs),
    onGivenUp: (reason) => abort.abort(reason),
    log,
  });
  services.replies.set(turn.id, reply);
  const forget = services.metrics.replyStarted(platform.name, () => reply.unseenMs);

  const onStop = (): void => abort.abort(stop.reason);
  const onLeave = (): void => {
    abort.abort(abandon.reason);
    reply.abandon(abandon.reason);
  };
  stop.addEventListener('abort', onStop, { once: true });
  abandon.addEventListener('abort', onLeave, { once: true });
  if (stop.aborted) onStop();
  if (abandon.aborted) onLeave();

  try {
    const ending = turn.ending ?? (await write());
    await retryWhileStoreIsDown(() => services.store.storeEnding(claim, ending), log, reply.signal);
    // No notice about a reply that was deleted, or cannot be read.
    const notice = (await show(ending)) ? surface.notice : undefined;
    const { progress } = reply;
    return {
      ending,
      usage,
      notice,
      progress,
      ...(firstTextMs === undefined ? {} : { firstTextMs }),
    };
  } finally {
    working.stop();
    stop.removeEventListener('abort', onStop);
    abandon.removeEventListener('abort', onLeave);
    forget();
    services.replies.delete(turn.id);
    await reply.close();
  }

  async function write(): Promise<Ending> {
    const { maxReplyChars, maxTurnMs, historyTokens } = services.limits;
    const refusal = whyNot(turn, services.limits);
    if (refusal !== undefined) return endOf(refusal.outcome, '', refusal.note);

    let text = '';
    let timer: NodeJS.Timeout | undefined;
    let leaveLine: (() => void) | undefined;
    try {
      const closed = surface.rejection?.();
      if (closed !== undefined) throw closed;
      working.start((placeholder) => reply.showPlaceholder(placeholder));
      const person = turn.messages[0]?.author.id ?? '';
      const tellPlace = (ahead: number): void => working.update({ phase: 'waiting', ahead });
      leaveLine = await services.modelQueue.acquire(person, tellPlace, abort.signal);
      working.update({ phase: 'thinking' });
      timer = setTimeout(() => abort.abort(new TurnInterrupted('timeout')), maxTurnMs);

      const kept = await loadHistory(
        work,
        platform,
        services.store,
        services.eventLoop,
        log,
        abort.signal,
      );
      const past = kept.filter(({ author }) => !(author && services.isDenied(author.id)));
      const stream = services.model.stream({
        ...buildPrompt(services.instructions(turn), past, turn.messages, historyTokens),
        signal: abort.signal,
      });
      for await (const event of stream) {
        if (event.type === 'end') {
          usage = event.usage;
          const note = event.reason === 'length' ? userTexts.cutByModel : undefined;
          return endOf('done', text, note);
        }
        // A stopped answer has no end event with its model.
        if (event.model !== undefined) usage = { model: event.model };
        const delta = fitting(event.text, maxReplyChars - text.length);
        text += delta;
        reply.push(delta);
        if (delta.length < event.text.length) return endOf('done', text, userTexts.tooLong);
        const breath = services.eventLoop.ifDue();
        if (breath) await breath;
      }
      throw new ModelFailed('cut', 'the stream returned without an end');
    } catch (error) {
      abandon.throwIfAborted();
      return whyEnded(abort.signal.aborted ? abort.signal.reason : error, text);
    } finally {
      clearTimeout(timer);
      leaveLine?.();
    }
  }

  function whyEnded(reason: unknown, text: string): Ending {
    if (reason instanceof Rejected) {
      log.info({ err: reason }, 'reply rejected');
      if (reason.reason === 'removed') return endOf('stopped', text);
      return endOf('failed', text, userTexts.refusedByPlatform);
    }
    if (reason instanceof ModelFailed) {
      log.warn({ err: reason, fault: reason.fault }, 'model failed');
      return endOf('failed', text, userTexts.model[reason.fault]);
    }
    if (reason instanceof TurnInterrupted) {
      if (reason.reason === 'stop') return endOf('stopped', text, userTexts.stopped);
      if (reason.reason === 'timeout') return endOf('failed', text, userTexts.timeout);
    }
    if (reason instanceof TurnInterrupted || reason instanceof ClaimLost) throw reason;
    log.error({ err: reason }, 'answer failed');
    return endOf('failed', text, userTexts.bug);
  }

  function endOf(outcome: Outcome, written: string, note?: string): Ending {
    // What people have read already is not taken from them by a second try that ended sooner.
    const shown = turn.pages.map((page) => page.source).join('');
    const text = outcome !== 'done' && shown.length > written.length ? shown : written;
    return { outcome, text, ...(note === undefined ? {} : { note }) };
  }

  /** False if the platform does not let people see all of it. */
  async function show(ending: Ending): Promise<boolean> {
    try {
      await reply.end(ending);
      return true;
    } catch (error) {
      if (!(error instanceof Rejected)) throw error;
      log.info({ err: error }, 'reply not shown');
      return false;
    }
  }
}

/** When the first of its questions was sent, in milliseconds since the epoch. */
function askedAt(turn: Turn): number {
  return Math.min(...turn.messages.map((message) => message.sentAt));
}

/** Why the model is not asked. */
function whyNot(turn: Turn, bounds: TurnLimits): { outcome: Outcome; note: string } | undefined {
  if (isNewCommand(turn.messages.at(-1)?.text ?? ''))
    return { outcome: 'done', note: userTexts.newConversation };
  if (turn.stopRequested) return { outcome: 'stopped', note: userTexts.stopped };
  if (turn.attempt > bounds.maxAttempts) return { outcome: 'failed', note: userTexts.gaveUp };
  const ageMs = Date.now() - Math.max(...turn.messages.map((message) => message.sentAt));
  if (ageMs <= bounds.maxQuestionAgeMs) return undefined;
  return { outcome: 'failed', note: userTexts.tooOld(ageMs) };
}

/** As much of `text` as fits into `room` UTF-16 units, without half a surrogate pair. */
function fitting(text: string, room: number): string {
  if (text.length <= room) return text;
  const last = text.charCodeAt(room - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? room - 1 : room);
}
