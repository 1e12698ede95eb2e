import { highlighter } from './highlighter.js';
import { blocksOf, nodesOf } from './markdown.js';
import { patch } from './patch.js';
import { reportProblem } from './report-problem.js';
import { typeset } from './typeset-formulas.js';

/** A growing text that is nothing but an opening mark so far is not shown. */
const openingMark = /^\s*(?:[*_~`]{1,3}|!?\[)$/;

/** Markdown in an element; blocks that did not change keep their nodes. */
export class MarkdownView {
  #element;
  /** The blocks drawn: `{ html, count }`, with the number of their nodes. */
  #drawn = [];
  #text = '';
  #grows = false;
  #frame = 0;

  constructor(element) {
    this.#element = element;
  }

  get text() {
    return this.#text;
  }

  /** Shows a growing text with the next frame, and then calls `onDrawn`. */
  update(text, onDrawn) {
    this.#text = text;
    this.#grows = true;
    this.#frame ||= requestAnimationFrame(() => {
      this.draw();
      onDrawn();
    });
  }

  /** Shows a text now; `grows` says that more follows. */
  set(text, grows = false) {
    if (text === this.#text && grows === this.#grows && this.#frame === 0) return;
    this.#text = text;
    this.#grows = grows;
    this.draw();
  }

  /** Draws the text; after a fault from scratch, and after another one as plain text. */
  draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    try {
      this.#draw();
    } catch (error) {
      reportProblem(error);
      this.#redraw();
    }
  }

  #draw() {
    const wanted = this.#grows && openingMark.test(this.#text) ? [] : blocksOf(this.#text);
    let same = 0;
    let from = 0;
    while (same < wanted.length && this.#drawn[same]?.html === wanted[same].html) {
      from += this.#drawn[same].count;
      same += 1;
    }
    const blocks = drawn(wanted.slice(same));
    this.#drawn.length = same;
    patch(
      this.#element,
      blocks.flatMap(({ nodes }) => nodes),
      from,
    );
    this.#drawn.push(...blocks.map(({ html, nodes }) => ({ html, count: nodes.length })));
    typeset(this.#element);
    highlighter.highlight(this.#element);
  }

  #redraw() {
    this.#drawn = [];
    this.#element.replaceChildren();
    try {
      this.#draw();
    } catch (error) {
      reportProblem(error);
      const pre = document.createElement('pre');
      pre.className = 'raw';
      pre.textContent = this.#text;
      this.#drawn = [];
      this.#element.replaceChildren(pre);
    }
  }
}

/** The blocks as nodes. Sanitising many at once takes a tenth of the time. */
function drawn(blocks) {
  if (blocks.every(({ closed }) => closed)) {
    const nodes = nodesOf(blocks.map(({ html }) => html).join(''));
    if (nodes.length === blocks.length) {
      return blocks.map(({ html }, place) => ({ html, nodes: [nodes[place]] }));
    }
  }
  return blocks.map(({ html }) => ({ html, nodes: nodesOf(html) }));
}
