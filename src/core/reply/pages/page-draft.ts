// Tested by test/unit/core/reply/pages/page-splitter.test.ts
import type { PageFormat } from '../../ports/surface.ts';
import { continuation } from './markdown/containers.ts';
import { htmlEnd } from './markdown/blocks.ts';
import { closers } from './markdown/emphasis.ts';
import { completeMarkdown } from './complete-markdown.ts';
import { MarkdownState } from './markdown-state.ts';
import {
  applyDedent,
  type CarryOver,
  lineStart,
  noDedent,
  type PagePrefix,
  prefixFor,
  separatorOf,
} from './carry-over.ts';

/**
 * How a page is closed:
 * - `cut`: it is final, and the next page goes on with what is open.
 * - `live`: more will come, so what is only half written is completed.
 * - `final`: the text is over and stands as it was written, but for an open fence.
 * - `open`: not at all; what comes next can be put behind it.
 */
export type Closing = 'cut' | 'live' | 'final' | 'open';

/** More white space at the end of a page is not worth its while. */
const maxBlank = 64;
const blankStart = /^(?:[ \t]*\n)+/;

/** The text since the last cut, as a page that may end anywhere in it. */
export class PageDraft {
  readonly state: MarkdownState;
  /** Nothing is put before or behind the text, because that alone would fill the page. */
  readonly bare: boolean;
  readonly #format: PageFormat;
  readonly #opening: PagePrefix;

  constructor(format: PageFormat, seam: CarryOver, text: string, bare = false) {
    this.#format = format;
    this.state = new MarkdownState(seam, text);
    const first = this.state.lines[0];
    const whole = prefixFor(seam, text, first, false);
    this.#opening = this.#fills(whole) ? prefixFor(seam, text, first, true) : whole;
    this.bare = bare || this.#fills(this.#opening);
  }

  /** Size of the page that ends at `end`, in the format's unit. */
  size(end: number): number {
    return this.#format.size(this.#format.render(this.markdown(end, 'cut')));
  }

  /** The page that ends at `end`, rendered; undefined if it does not fit. */
  render(end: number, closing: Closing): string | undefined {
    const seen = this.state.text.slice(0, end).trimEnd().length;
    const whole = end - seen > maxBlank ? undefined : this.#fit(this.markdown(end, closing));
    // Blank lines at the end of code are kept only where there is room for them.
    return whole ?? (seen < end ? this.#fit(this.markdown(seen, closing)) : undefined);
  }

  /** The page that ends at `end`, in markdown that is whole in itself. */
  markdown(end: number, closing: Closing): string {
    const { text, seam } = this.state;
    if (this.bare) return text.slice(0, end).trim().toWellFormed();
    const { prefix, skip, shift } = this.#opening;
    const { containers, leaf } = this.state.positionAt(end).block;
    const healed = closing === 'live' ? completeMarkdown(this.state) : { text: text.slice(0, end) };
    const shown = this.#closeFences(healed.text, skip);
    const newline = shown.indexOf('\n');
    const begun = seam.middle || skip > 0;
    const firstWhole = begun ? (newline < 0 ? shown.length : newline + 1) : 0;
    const shifted = applyDedent(shown, shift, firstWhole);
    const kept = leaf.kind === 'fence' ? shifted.text : shifted.text.trimEnd();
    const written = prefix + (prefix === '' ? kept.replace(blankStart, '') : kept);
    const fence = leaf.kind === 'fence' && closing !== 'open' ? leaf.fence.marker : undefined;
    const below = fence ?? healed.below;
    const marks = closing === 'cut' ? closers(this.state.marksAt(end)) : '';
    if (below === undefined) {
      // A page that the opening leaves nothing of is better raw than empty.
      const whole = written.trim() === '' ? text.slice(0, end).trim() : written;
      return (whole + separatorOf(whole, marks) + marks).toWellFormed();
    }
    const lead = lineStart(containers, shifted.left);
    const glue = written === '' || written.endsWith('\n') ? '' : '\n';
    return `${written}${glue}${lead}${below}`.toWellFormed();
  }

  /** The text with all that is open in it closed, and how much of it is the text itself. */
  closed(): { text: string; shown: number } {
    const { text } = this.state;
    const { containers, leaf } = this.state.positionAt(text.length).block;
    if (leaf.kind !== 'fence') {
      const shown = text.trimEnd();
      const written = this.state.lines.filter(({ kind }) => kind === 'text');
      const html = htmlEnd(written.map(({ content, end }) => text.slice(content, end)));
      const closing = html || closers(this.state.marksAt(text.length));
      return { text: shown + separatorOf(shown, closing) + closing, shown: shown.length };
    }
    const glue = text.endsWith('\n') ? '' : '\n';
    const lead = lineStart(containers, noDedent);
    return { text: text + glue + lead + leaf.fence.marker, shown: text.length };
  }

  /**
   * A fence may end with the list or quote around it. Platforms with a simpler markdown do not see
   * that, nor does anybody if the list began on an earlier page.
   */
  #closeFences(text: string, from: number): string {
    let shown = '';
    let done = from;
    for (const { before, goesOn, start } of this.state.lines) {
      if (before.leaf.kind !== 'fence' || goesOn || start <= from || start >= text.length) continue;
      shown += `${text.slice(done, start)}${continuation(before.containers)}${before.leaf.fence.marker}\n`;
      done = start;
    }
    return shown + text.slice(done);
  }

  #fit(markdown: string): string | undefined {
    const rendered = this.#format.render(markdown);
    return this.#format.size(rendered) <= this.#format.limit ? rendered : undefined;
  }

  /** Whether the prefix takes more than half of the page. */
  #fills({ prefix }: PagePrefix): boolean {
    return prefix !== '' && this.#format.size(this.#format.render(prefix)) > this.#format.limit / 2;
  }
}
