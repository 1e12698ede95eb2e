import { type Bounds, type Ending, type Outcome, pageKeyOf, type Turn } from '../domain/turn.ts';
import { type Breather, persist } from '../timing.ts';
import { ClaimLost, Interrupted, ModelFailed, Rejected } from '../domain/errors.ts';
import type { Tenure } from '../instances/leases.ts';
import { isNew } from '../domain/message.ts';
import type { ModelLine } from './model-queue.ts';
import type { Log } from '../ports/log.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Model, Usage } from '../ports/model.ts';
import type { Store, Work } from '../ports/store.ts';
import type { Notice } from '../ports/surface.ts';
import type { Platform } from '../ports/platform.ts';
import { prompt } from './prompt.ts';
import { recall } from './load-history.ts';
import { LiveReply } from '../reply/live-reply.ts';
import type { Pacer } from '../reply/pacing/pacer.ts';
import { Working } from '../reply/posting/working-indicator.ts';
import { sentences } from '../domain/user-texts.ts';

/** What it takes to answer. */
export interface Desk {
  readonly store: Store;
  readonly model: Model;
  /** The persona for a turn. */
  readonly instructions: (turn: Turn) => string;
  readonly line: ModelLine;
  readonly pacer: Pacer;
  readonly breather: Breather;
  readonly bounds: Bounds;
  /** Whether what this author wrote may not be read, though it is kept. */
  readonly isDenied: (author: string) => boolean;
  readonly metrics: Metrics;
}

/** How the turn is held, and what ends the work on it before its time. */
export interface Hold {
  /** A person's order: ends the model's words; what there is of them is still shown. */
  readonly stop: AbortSignal;
  /** A hand-over or a lost claim: nothing more is written here. */
  readonly leave: AbortSignal;
  readonly tenure: Tenure;
}

/** How a turn went, for the log. */
export interface Report {
  readonly ending: Ending;
  readonly usage: Usage;
  /** From the turn's start to text that people see, in milliseconds; absent if there was none. */
  readonly firstTextMs?: number;
  /** How whoever asked can be called, if all of the reply stands somewhere. */
  readonly notice?: Notice | undefined;
}

/**
 * Answers one turn: prompt, stream, write, store the ending, show it. A turn whose ending is
 * stored already is only shown. The caller then finishes the turn.
 *
 * Throws the reason to leave, and what kept the ending from being stored or shown: the turn then
 * waits for another try.
 */
export async function answer(
  work: Work,
  desk: Desk,
  platform: Platform,
  log: Log,
  { stop, leave, tenure }: Hold,
): Promise<Report> {
  const { claim, turn } = work;
  const startedAt = performance.now();
  const halt = new AbortController();
  const surface = platform.surface(turn);
  const working = new Working({ surface, log });
  let usage: Usage = {};
  let firstTextMs: number | undefined;

  const reply = new LiveReply({
    surface,
    pacer: desk.pacer,
    ledger: {
      save: (page) => desk.store.savePage(claim, page),
      drop: (index) => desk.store.dropPage(claim, index),
    },
    keyOf: (index) => pageKeyOf(turn.id, index),
    pages: turn.pages,
    isOurs: () => tenure.covers(surface.callTimeoutMs),
    onFirstText: () => {
      working.stop();
      firstTextMs = Math.round(performance.now() - startedAt);
      desk.metrics.firstTextShown(platform.name, firstTextMs, Date.now() - askedAt(turn));
    },
    onText: (unseenMs) => desk.metrics.textShown(platform.name, unseenMs),
    onLost: (reason) => halt.abort(reason),
    log,
  });
  const forget = desk.metrics.replyBegan(platform.name, () => reply.unseenMs);

  const onStop = (): void => halt.abort(stop.reason);
  const onLeave = (): void => {
    halt.abort(leave.reason);
    reply.abandon(leave.reason);
  };
  stop.addEventListener('abort', onStop, { once: true });
  leave.addEventListener('abort', onLeave, { once: true });
  if (stop.aborted) onStop();
  if (leave.aborted) onLeave();

  try {
    const ending = turn.ending ?? (await write());
    await persist(() => desk.store.conclude(claim, ending), log, reply.signal);
    // Nobody is called to what they deleted, or cannot read.
    const notice = (await show(ending)) ? surface.notice : undefined;
    return { ending, usage, notice, ...(firstTextMs === undefined ? {} : { firstTextMs }) };
  } finally {
    working.stop();
    stop.removeEventListener('abort', onStop);
    leave.removeEventListener('abort', onLeave);
    forget();
    await reply.close();
  }

  async function write(): Promise<Ending> {
    const { maxReplyChars, maxTurnMs, historyTokens } = desk.bounds;
    const refusal = whyNot(turn, desk.bounds);
    if (refusal !== undefined) return endOf(refusal.outcome, '', refusal.note);

    let text = '';
    let timer: NodeJS.Timeout | undefined;
    let leaveLine: (() => void) | undefined;
    try {
      const closed = surface.refusal?.();
      if (closed !== undefined) throw closed;
      working.start((placeholder) => reply.showPlaceholder(placeholder));
      const person = turn.messages[0]?.author.id ?? '';
      const tellPlace = (ahead: number): void => working.tell({ phase: 'waiting', ahead });
      leaveLine = await desk.line.enter(person, tellPlace, halt.signal);
      working.tell({ phase: 'thinking' });
      timer = setTimeout(() => halt.abort(new Interrupted('timeout')), maxTurnMs);

      const kept = await recall(work, platform, desk.store, desk.breather, log, halt.signal);
      const past = kept.filter(({ author }) => !(author && desk.isDenied(author.id)));
      const stream = desk.model.stream({
        ...prompt(desk.instructions(turn), past, turn.messages, historyTokens),
        signal: halt.signal,
      });
      for await (const event of stream) {
        if (event.type === 'end') {
          usage = event.usage;
          const note = event.reason === 'length' ? sentences.cutByModel : undefined;
          return endOf('done', text, note);
        }
        // An answer that is stopped has no end that tells who wrote it.
        if (event.model !== undefined) usage = { model: event.model };
        const delta = fitting(event.text, maxReplyChars - text.length);
        text += delta;
        reply.push(delta);
        if (delta.length < event.text.length) return endOf('done', text, sentences.tooLong);
        const breath = desk.breather.due();
        if (breath) await breath;
      }
      throw new ModelFailed('cut', 'the stream returned without an end');
    } catch (error) {
      leave.throwIfAborted();
      return whyEnded(halt.signal.aborted ? halt.signal.reason : error, text);
    } finally {
      clearTimeout(timer);
      leaveLine?.();
    }
  }

  function whyEnded(reason: unknown, text: string): Ending {
    if (reason instanceof Rejected) {
      log.info({ err: reason }, 'reply rejected');
      if (reason.reason === 'removed') return endOf('stopped', text);
      return endOf('failed', text, sentences.refusedByPlatform);
    }
    if (reason instanceof ModelFailed) {
      log.warn({ err: reason, fault: reason.fault }, 'model failed');
      return endOf('failed', text, sentences.model[reason.fault]);
    }
    if (reason instanceof Interrupted) {
      if (reason.why === 'stop') return endOf('stopped', text, sentences.stopped);
      if (reason.why === 'timeout') return endOf('failed', text, sentences.timeout);
    }
    if (reason instanceof Interrupted || reason instanceof ClaimLost) throw reason;
    log.error({ err: reason }, 'answer failed');
    return endOf('failed', text, sentences.bug);
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

/** Why the model is not even asked. */
function whyNot(turn: Turn, bounds: Bounds): { outcome: Outcome; note: string } | undefined {
  if (isNew(turn.messages.at(-1)?.text ?? '')) return { outcome: 'done', note: sentences.afresh };
  if (turn.stopRequested) return { outcome: 'stopped', note: sentences.stopped };
  if (turn.attempt > bounds.maxAttempts) return { outcome: 'failed', note: sentences.gaveUp };
  const ageMs = Date.now() - Math.max(...turn.messages.map((message) => message.sentAt));
  if (ageMs <= bounds.maxQuestionAgeMs) return undefined;
  return { outcome: 'failed', note: sentences.tooOld(ageMs) };
}

/** As much of `text` as fits into `room` UTF-16 units, without half a surrogate pair. */
function fitting(text: string, room: number): string {
  if (text.length <= room) return text;
  const last = text.charCodeAt(room - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? room - 1 : room);
}
