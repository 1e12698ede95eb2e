import { CallFailed, ClaimLost, RateLimited, Rejected, StoreUnavailable } from '../errors.ts';
import type { Log } from '../ports/log.ts';
import type { Surface } from '../ports/surface.ts';
import type { Ending, PageRecord } from '../turn.ts';
import type { Finals, Lane, Pacer, Place } from './pacer.ts';
import { type Page, Pages } from './pages.ts';
import { Pauses } from './pauses.ts';
import { type PageLedger, PostedPage } from './posted-page.ts';
import { Setbacks } from './setbacks.ts';
import type { Want, Way } from './want.ts';

/** A reply whose turns are further apart ends with a whole sentence each time. */
const seldomMs = 2_500;
/** It may get none before its end: its first post waits so long for a sentence. */
const firstWordsMs = 700;

/** While it is not certain that the turn is ours, that is looked at so often, in milliseconds. */
const askAgainMs = 250;

export interface LiveReplyOptions {
  readonly surface: Surface;
  readonly pacer: Pacer;
  readonly ledger: PageLedger;
  /** Makes the idempotency key of a page's post, at most 25 characters. */
  readonly keyOf: (index: number) => string;
  /** Pages that an earlier attempt posted, or perhaps posted; indices from 0 without a gap. */
  readonly pages: readonly PageRecord[];
  /**
   * Whether a call that begins now ends while the turn is certainly ours: else another instance
   * may be writing here by then. Without it the turn is always ours.
   */
  readonly isOurs?: () => boolean;
  /** People see the model's first words. */
  readonly onFirstText?: () => void;
  /** Writing is over before its time; `end` throws the same. */
  readonly onLost: (reason: unknown) => void;
  readonly log: Log;
}

/** The page that does not read as it should, and what to do about it. */
interface Step {
  readonly kind: 'post' | 'edit' | 'remove';
  readonly index: number;
}

/**
 * What people see of a turn: takes the model's words in and keeps the posted pages up to date
 * with them, through the pacer: newest text first, one call at a time, the final text for
 * certain.
 *
 * It works on the first page that does not read as it should, so that a page is final before the
 * next one is posted. After a crash it goes on in the pages posted before: they are left alone
 * until there is more to show than they show.
 */
export class LiveReply implements Lane {
  readonly #options: LiveReplyOptions;
  readonly #place: Place;
  readonly #posted: PostedPage[];
  readonly #abort = new AbortController();
  readonly #whole = Promise.withResolvers<void>();
  #pages: Pages;
  /** Characters that the posted pages show since before the crash. */
  readonly #shownBefore: number;
  /** Frozen pages before this one read as they should. */
  #finalPages = 0;
  /** Words, or a placeholder, that the live page does not show; `from`: in UTF-16 units. */
  #unseen = { any: false, since: 0, from: 0 };
  #placeholder: string | undefined;
  #textShown = false;
  #disowned = false;
  #ended = false;
  #over = false;
  #lastEdit = { index: -1, at: Number.NEGATIVE_INFINITY };
  readonly #setbacks = new Setbacks();
  readonly #pauses: Pauses;
  #calling: Promise<void> = Promise.resolve();

  constructor(options: LiveReplyOptions) {
    this.#options = options;
    this.#pages = new Pages(options.surface.format);
    this.#pauses = new Pauses(options.surface, options.pages);
    this.#posted = options.pages.map((record) => this.#page(record.index, record));
    this.#shownBefore = options.pages.reduce((sum, { source }) => sum + source.length, 0);
    // `end` hands the failure on; before it, nobody waits.
    this.#whole.promise.catch(() => undefined);
    this.#place = options.pacer.enlist(this, this.#finals());
  }

  /** Aborts when writing is over before its time, with the reason. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** More of the model's words. Costs as much as the words, however long the reply is. */
  push(delta: string): void {
    this.#pages.push(delta);
    if (this.#pages.length > this.#shownBefore) this.#touch();
  }

  /** A text to stand on the first page until the model's first words come. */
  showPlaceholder(text: string): void {
    if (this.#pages.length > 0 || this.#shownBefore > 0 || this.#ended) return;
    this.#placeholder = text;
    this.#touch();
  }

  /**
   * The turn is over and reads like this, whatever was pushed. Resolves once people see all of
   * it and nothing else. Throws `Rejected`, or why that could not be reached.
   */
  async end(ending: Ending): Promise<void> {
    const onlyShown = this.#pages.length === 0;
    if (ending.text.length !== this.#pages.length) {
      this.#pages = new Pages(this.#options.surface.format);
      this.#pages.push(ending.text);
      this.#finalPages = 0;
    }
    this.#pages.end(ending.note === undefined ? undefined : `_${ending.note}_`);
    this.#ended = true;
    if (onlyShown) this.#pauses.splitAsBefore(this.#pages);
    this.#pauses.prepare(this.#pages);
    this.#touch();
    this.#place.hurry();
    await this.#whole.promise;
  }

  /** Leaves the reply as it stands, at once; `end` throws the reason. */
  abandon(reason: unknown): void {
    this.#finish(reason);
  }

  /** Leaves the reply as it stands; resolves when no call is in flight any more. */
  async close(): Promise<void> {
    this.#finish(new CallFailed('the reply was left before its end'));
    await this.#calling;
    if (!this.#ended) await this.#posted.at(-1)?.record();
  }

  want(): Want | undefined {
    if (this.#over) return undefined;
    const step = this.#nextStep();
    if (step === undefined) {
      if (this.#ended) this.#finish();
      return undefined;
    }
    const first = this.#posted[0]?.nextCall !== 'edit';
    const final = this.#isFinal(step);
    if (step.kind === 'post') this.#options.surface.prepare?.(final);
    const { budgets, finishing } = this.#options.surface;
    const finishes = final && step.kind === 'edit';
    return {
      rank: first ? 'first' : final ? 'final' : 'live',
      budgets: (finishes ? finishing : undefined) ?? budgets[step.kind],
      instead: this.#maySplit(step) ? budgets.post : undefined,
      unseenSince: this.#unseen.since,
      unseenChars: Math.max(0, this.#pages.length - this.#unseen.from),
      notBefore: Math.max(
        this.#setbacks.readyAt,
        this.#earliest(step, first, final),
        this.#options.isOurs?.() === false ? performance.now() + askAgainMs : 0,
      ),
    };
  }

  /** What the final text will spend, looked at anew whenever it is counted. */
  #finals(): Finals {
    const { surface } = this.#options;
    const prepared = (): Surface['budgets'] => {
      const step = this.#nextStep();
      if (step?.kind === 'post') surface.prepare?.(this.#isFinal(step));
      return surface.budgets;
    };
    return {
      get own() {
        return prepared().edit;
      },
      get instead() {
        return surface.finishing ?? surface.budgets.post;
      },
    };
  }

  #isFinal({ index }: Step): boolean {
    return this.#ended || index < this.#pages.frozen.length;
  }

  /** Not to be called before this, for the sake of those who read it. */
  #earliest(step: Step, first: boolean, final: boolean): number {
    const turnMs = final ? 0 : this.#place.turnMs();
    if (first) return turnMs > seldomMs ? this.#unseen.since + firstWordsMs : 0;
    if (step.kind !== 'edit' || step.index !== this.#lastEdit.index) return 0;
    // A turn that comes seldom is not spent on a few words.
    const floorMs = Math.max(this.#options.surface.editFloorMs, turnMs > seldomMs ? seldomMs : 0);
    return Math.max(this.#lastEdit.at + floorMs, final ? 0 : this.#pauses.notBefore);
  }

  async perform(way: Way = { instead: false }): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#calling = promise;
    try {
      if (way.instead) await this.#split();
      const made = await this.#takeStep();
      if (made) this.#setbacks.clear();
      return made;
    } catch (error) {
      if (error instanceof RateLimited && this.#setbacks.add()) throw error;
      this.#recover(error);
      return true;
    } finally {
      resolve();
    }
  }

  /** Cheap: looks at what is known to be cut, and renders nothing. */
  #nextStep(): Step | undefined {
    const frozen = this.#pages.frozen;
    for (; this.#finalPages < frozen.length; this.#finalPages += 1) {
      const page = frozen[this.#finalPages];
      if (page && !this.#posted[this.#finalPages]?.reads(page.text, { final: true })) break;
    }
    if (this.#finalPages < frozen.length) return this.#showStep(this.#finalPages);
    if (!this.#ended) return this.#unseen.any ? this.#showStep(frozen.length) : undefined;
    const last = this.#pages.live();
    if (last && !this.#posted[frozen.length]?.reads(last.text, { final: true })) {
      return this.#showStep(frozen.length);
    }
    const surplus = this.#posted.length - 1;
    return surplus >= frozen.length + (last ? 1 : 0)
      ? { kind: 'remove', index: surplus }
      : undefined;
  }

  #showStep(index: number): Step {
    return { kind: this.#posted[index]?.nextCall ?? 'post', index };
  }

  /** Whether the page can stay as it is, and the rest be posted. */
  #maySplit(step: Step): boolean {
    const { standing } = this.#pauses;
    const last = step.index === this.#pages.frozen.length && this.#posted.length === step.index + 1;
    if (standing === undefined || step.kind !== 'edit' || !last) return false;
    return this.#posted[step.index]?.reads(standing, { final: true }) ?? false;
  }

  async #split(): Promise<void> {
    const index = this.#pages.frozen.length;
    this.#pauses.split(this.#pages);
    // A later attempt must find the slices of both without a gap.
    await this.#posted[index]?.record();
  }

  async #takeStep(): Promise<boolean> {
    const wanted = this.#nextStep();
    const foreseen = wanted !== undefined && this.#isFinal(wanted);
    // New words may have filled the live page: it is then cut, and is still the one to show.
    this.#pages.settle();
    const step = this.#nextStep();
    if (step === undefined) return false;
    if (step.kind === 'remove') {
      await this.#posted[step.index]?.remove(this.#abort.signal);
      this.#posted.length = step.index;
      return true;
    }
    const cut = this.#pages.frozen[step.index];
    const seldom = cut === undefined && !this.#ended && this.#place.turnMs() > seldomMs;
    const pause = seldom
      ? this.#pauses.find(this.#pages, step.index, this.#unseen.since)
      : undefined;
    if (pause === 'later') return false;
    const page = cut ?? pause ?? this.#livePage();
    const before = this.#unseen;
    if (cut === undefined) this.#notice(pause);
    if (page === undefined) return false;
    const posted = (this.#posted[step.index] ??= this.#page(step.index));
    this.#lastEdit = { index: step.index, at: performance.now() };
    try {
      const final = this.#ended || cut !== undefined;
      await posted.show(page, { final, foreseen }, this.#abort.signal);
      this.#pauses.shown(step.index, page, pause !== undefined);
      // The text may have ended during the call.
      if (this.#ended && pause !== undefined) this.#pauses.prepare(this.#pages);
    } catch (error) {
      this.#unseen = { ...before, any: true };
      throw error;
    }
    await this.#disownLater(step.index);
    if (!posted.reads(page.text, { final: false })) this.#unseen = { ...this.#unseen, any: true };
    if (page.source !== '' && !this.#textShown) {
      this.#textShown = true;
      this.#options.onFirstText?.();
    }
    return true;
  }

  /**
   * Once the first page shows this attempt's words, what the later ones still show of an earlier
   * attempt no longer belongs to the same text.
   */
  async #disownLater(index: number): Promise<void> {
    if (this.#disowned) return;
    this.#disowned = true;
    for (const later of this.#posted.slice(index + 1)) await later.disown();
  }

  /** All that there is, or all up to the pause, is about to be shown. */
  #notice(pause: Page | undefined): void {
    const live = pause && this.#pages.live();
    const heldBack = live ? live.source.length - pause.source.length : 0;
    this.#unseen = {
      any: heldBack > 0,
      since: performance.now(),
      from: this.#pages.length - heldBack,
    };
  }

  #livePage(): Page | undefined {
    const live = this.#pages.live();
    if (live !== undefined || this.#placeholder === undefined || this.#ended) return live;
    const text = this.#options.surface.format.render(this.#placeholder);
    return { source: '', text, written: () => '' };
  }

  #recover(error: unknown): void {
    if (this.#over) return;
    const mayPass = error instanceof CallFailed || error instanceof StoreUnavailable;
    if (!mayPass || !this.#setbacks.add()) {
      this.#lose(error);
      return;
    }
    this.#setbacks.backOff();
    const failures = this.#setbacks.count;
    this.#options.log.warn({ err: error, failures }, 'platform call failed');
  }

  #lose(reason: unknown): void {
    if (!(reason instanceof Rejected || reason instanceof ClaimLost)) {
      this.#options.log.error({ err: reason }, 'reply given up');
    }
    this.#finish(reason);
    this.#options.onLost(reason);
  }

  #finish(reason?: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#place.leave();
    if (reason === undefined) {
      this.#whole.resolve();
    } else {
      this.#abort.abort(reason);
      this.#whole.reject(reason);
    }
  }

  #touch(): void {
    if (!this.#unseen.any) {
      this.#unseen = { any: true, since: performance.now(), from: this.#unseen.from };
    }
    this.#place.changed();
  }

  #page(index: number, record?: PageRecord): PostedPage {
    const { surface, ledger, log, keyOf } = this.#options;
    return new PostedPage({
      surface,
      ledger,
      log,
      key: keyOf(index),
      index,
      ...(record === undefined ? {} : { record }),
    });
  }
}
