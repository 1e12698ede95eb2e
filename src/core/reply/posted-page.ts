import { withDeadline } from '../deadline.ts';
import { CallFailed, RateLimited, StoreUnavailable } from '../errors.ts';
import type { Log } from '../ports/log.ts';
import type { Growth, Surface } from '../ports/surface.ts';
import type { PageRecord } from '../turn.ts';
import { NotOurs } from './not-ours.ts';
import type { Page } from './pages.ts';

/** How often a growing page is recorded, in milliseconds, for a restart to go on from. */
const recordEveryMs = 1_000;

/** How the pages of a reply are remembered across a crash. */
export interface PageLedger {
  save(page: PageRecord): Promise<void>;
  drop(index: number): Promise<void>;
}

export interface ShowOptions {
  readonly final: boolean;
  /** That it is final was known when the budgets of the call were asked for; true by default. */
  readonly foreseen?: boolean;
  /** It is posted as there is no edit for it. */
  readonly whole?: boolean;
  /** Called when the platform has taken it; what is left to do then is ours. */
  readonly answered?: (() => void) | undefined;
}

/**
 * One posted message of a reply, or one that is about to be: knows what it reads, and what of
 * that is uncertain because a call got no answer.
 */
export class PostedPage {
  readonly #surface: Surface;
  readonly #ledger: PageLedger;
  readonly #log: Log;
  readonly #key: string;
  readonly #index: number;
  readonly #isOurs: () => boolean;
  #id: string | undefined;
  /** A post was sent, or perhaps sent, and its answer is not known. */
  #perhapsPosted: boolean;
  /** What it reads; undefined when that is not certain. */
  #text: string | undefined;
  /** How often the final text must still be sent, as an unanswered edit may land behind it. */
  #confirmations = 0;
  /** The slice that it was last made to show, and what the store knows of that. */
  #source: string;
  #recorded: { id: string | undefined; source: string };
  #recordedAt = Number.NEGATIVE_INFINITY;

  constructor(options: {
    surface: Surface;
    ledger: PageLedger;
    log: Log;
    key: string;
    index: number;
    isOurs?: () => boolean;
    /** What an earlier attempt left of it. */
    record?: PageRecord;
  }) {
    this.#surface = options.surface;
    this.#ledger = options.ledger;
    this.#log = options.log;
    this.#index = options.index;
    this.#isOurs = options.isOurs ?? (() => true);
    this.#key = options.record?.key ?? options.key;
    this.#id = options.record?.id;
    this.#perhapsPosted = options.record !== undefined && options.record.id === undefined;
    this.#source = options.record?.source ?? '';
    this.#recorded = { id: this.#id, source: this.#source };
  }

  /** The call that the next `show` will make. */
  get nextCall(): 'post' | 'edit' {
    return this.#id === undefined ? 'post' : 'edit';
  }

  /** Whether people read this text here; with `final`, for certain and for good. */
  reads(text: string, options: { final: boolean }): boolean {
    if (this.#text !== text) return false;
    return !options.final || (this.#confirmations === 0 && this.#due === undefined);
  }

  /** The platform shows less of it than it was given. */
  get owesEdit(): boolean {
    return this.#due === 'more';
  }

  get #due(): 'more' | 'end' | undefined {
    return this.#id === undefined ? undefined : this.#surface.due?.(this.#id);
  }

  /**
   * Makes one call towards showing `page`; `reads` tells whether that was enough. Throws what the
   * surface throws, `NotOurs`, and `ClaimLost` or `StoreUnavailable` if a post could not be
   * announced.
   */
  async show(page: Page, options: ShowOptions, signal: AbortSignal): Promise<void> {
    const { written } = page;
    const final = options.final && options.foreseen !== false;
    const growth = { final, ...(final || written === undefined ? {} : { written }) };
    if (this.#id !== undefined) {
      await this.#edit(this.#id, page, growth, signal);
      if (options.final && this.#text !== undefined && this.#confirmations > 0) {
        this.#confirmations -= 1;
      }
    } else {
      if (this.#perhapsPosted) await this.#find(signal);
      if (this.#id === undefined) {
        await this.#post(page, { ...growth, whole: options.whole === true }, signal);
      }
    }
    options.answered?.();
    this.#source = page.source;
    if (options.final || performance.now() - this.#recordedAt >= recordEveryMs) await this.record();
  }

  /** What it shows is of no use to a later attempt. */
  async disown(): Promise<void> {
    this.#source = '';
    await this.record();
  }

  async remove(signal: AbortSignal): Promise<void> {
    if (this.#perhapsPosted) await this.#find(signal);
    const id = this.#id;
    if (id !== undefined) await this.#call(signal, (end) => this.#surface.remove(id, end));
    await this.#ledger.drop(this.#index);
  }

  /** Stores what it shows, if that is not stored yet. */
  async record(): Promise<void> {
    const [key, index, id, source] = [this.#key, this.#index, this.#id, this.#source];
    if (id === undefined || (id === this.#recorded.id && source === this.#recorded.source)) return;
    // Not again at every edit while the store is away, which would hold each of them up.
    this.#recordedAt = performance.now();
    try {
      await this.#ledger.save({ index, key, id, source });
      this.#recorded = { id, source };
    } catch (error) {
      // People go on reading while the store is away; the next call records it.
      if (!(error instanceof StoreUnavailable)) throw error;
      this.#log.warn({ err: error, page: index }, 'page not recorded');
    }
  }

  async #edit(id: string, page: Page, growth: Growth, signal: AbortSignal): Promise<void> {
    try {
      await this.#call(signal, (end) => this.#surface.edit(id, page.text, end, growth));
    } catch (error) {
      if (error instanceof CallFailed) {
        this.#text = undefined;
        this.#confirmations = 2;
      }
      throw error;
    }
    this.#text = this.#due === 'more' ? undefined : page.text;
  }

  /** Looks for a post whose answer was lost. */
  async #find(signal: AbortSignal): Promise<void> {
    const posting = { key: this.#key, index: this.#index };
    this.#id = await this.#call(signal, (end) => this.#surface.find(posting, end));
    if (this.#id !== undefined) this.#perhapsPosted = false;
  }

  async #post(page: Page, growth: Growth & { whole: boolean }, signal: AbortSignal): Promise<void> {
    const again = this.#perhapsPosted;
    if (!again) {
      // Without this a crash between the post and its answer would post the page twice.
      await this.#ledger.save({ index: this.#index, key: this.#key, source: page.source });
      this.#perhapsPosted = true;
    }
    const { whole } = growth;
    const text = this.#surface.postable?.(page.text, { whole }) ?? page.text;
    const posting = { ...growth, text, key: this.#key, index: this.#index };
    try {
      this.#id = await this.#call(signal, (end) => this.#surface.post(posting, end));
    } catch (error) {
      const unsent = error instanceof RateLimited || error instanceof NotOurs;
      if (unsent && !again) this.#perhapsPosted = false;
      throw error;
    }
    this.#perhapsPosted = false;
    // A platform may answer a repeated key with the earlier message, which reads otherwise.
    this.#text = again || this.#due === 'more' ? undefined : text;
    this.#recordedAt = Number.NEGATIVE_INFINITY;
  }

  async #call<T>(signal: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    // What came before in the same step may have taken as long as a lease has left.
    if (!this.#isOurs()) throw new NotOurs('the lease may end before the call would');
    return withDeadline(this.#surface.callTimeoutMs, signal, call);
  }
}
