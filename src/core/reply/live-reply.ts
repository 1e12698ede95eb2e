import { CallFailed, ClaimLost, RateLimited, Rejected, StoreUnavailable } from '../errors.ts';
import type { Log } from '../ports/log.ts';
import type { Surface } from '../ports/surface.ts';
import type { Ending, PageRecord } from '../turn.ts';
import type { Lane, Pacer, Place, Want } from './pacer.ts';
import { type Page, Pages } from './pages.ts';
import { type PageLedger, PostedPage } from './posted-page.ts';
import { Setbacks } from './setbacks.ts';

export interface LiveReplyOptions {
  readonly surface: Surface;
  readonly pacer: Pacer;
  readonly ledger: PageLedger;
  /** Makes the idempotency key of a page's post, at most 25 characters. */
  readonly keyOf: (index: number) => string;
  /** Pages that an earlier attempt posted, or perhaps posted; indices from 0 without a gap. */
  readonly pages: readonly PageRecord[];
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
  /** There are words, or a placeholder, that the live page does not show. */
  #unseen = false;
  #unseenSince = 0;
  #placeholder: string | undefined;
  #textShown = false;
  #disowned = false;
  #ended = false;
  #over = false;
  #lastEdit = { index: -1, at: Number.NEGATIVE_INFINITY };
  readonly #setbacks = new Setbacks();
  #calling: Promise<void> = Promise.resolve();

  constructor(options: LiveReplyOptions) {
    this.#options = options;
    this.#pages = new Pages(options.surface.format);
    this.#posted = options.pages.map((record) => this.#page(record.index, record));
    this.#shownBefore = options.pages.reduce((sum, { source }) => sum + source.length, 0);
    // `end` hands the failure on; before it, nobody waits.
    this.#whole.promise.catch(() => undefined);
    this.#place = options.pacer.enlist(this);
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
    if (ending.text.length !== this.#pages.length) {
      this.#pages = new Pages(this.#options.surface.format);
      this.#pages.push(ending.text);
      this.#finalPages = 0;
    }
    this.#pages.end(ending.note === undefined ? undefined : `_${ending.note}_`);
    this.#ended = true;
    this.#touch();
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
    const { budgets, editFloorMs } = this.#options.surface;
    const sameMessage = step.kind === 'edit' && step.index === this.#lastEdit.index;
    return {
      rank: this.#posted[0]?.nextCall !== 'edit' ? 'first' : this.#ended ? 'final' : 'live',
      budgets: budgets[step.kind],
      unseenSince: this.#unseenSince,
      notBefore: Math.max(
        this.#setbacks.readyAt,
        sameMessage ? this.#lastEdit.at + editFloorMs : 0,
      ),
    };
  }

  async perform(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#calling = promise;
    try {
      await this.#takeStep();
      this.#setbacks.clear();
    } catch (error) {
      if (error instanceof RateLimited && this.#setbacks.add()) throw error;
      this.#recover(error);
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
    if (!this.#ended) return this.#unseen ? this.#showStep(frozen.length) : undefined;
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

  async #takeStep(): Promise<void> {
    // New words may have filled the live page: it is then cut, and is still the one to show.
    this.#pages.settle();
    const step = this.#nextStep();
    if (step === undefined) return;
    if (step.kind === 'remove') {
      await this.#posted[step.index]?.remove(this.#abort.signal);
      this.#posted.length = step.index;
      return;
    }
    const cut = this.#pages.frozen[step.index];
    const page = cut ?? this.#livePage();
    const unseenSince = this.#unseenSince;
    if (cut === undefined) this.#unseen = false;
    if (page === undefined) return;
    const posted = (this.#posted[step.index] ??= this.#page(step.index));
    this.#lastEdit = { index: step.index, at: performance.now() };
    try {
      const final = this.#ended || cut !== undefined;
      await posted.show(page, { final }, this.#abort.signal);
    } catch (error) {
      this.#unseen = true;
      this.#unseenSince = unseenSince;
      throw error;
    }
    await this.#disownLater(step.index);
    if (!posted.reads(page.text, { final: false })) this.#unseen = true;
    if (page.source !== '' && !this.#textShown) {
      this.#textShown = true;
      this.#options.onFirstText?.();
    }
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

  #livePage(): Page | undefined {
    const live = this.#pages.live();
    if (live !== undefined || this.#placeholder === undefined || this.#ended) return live;
    return { source: '', text: this.#options.surface.format.render(this.#placeholder) };
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
    if (!this.#unseen) {
      this.#unseen = true;
      this.#unseenSince = performance.now();
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
