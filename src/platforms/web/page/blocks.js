import { highlighter } from './highlighter.js';
import { blocksOf, nodesOf } from './markdown.js';
import { patch } from './patch.js';
import { tell } from './problems.js';
import { typeset } from './typeset.js';

/** What a text that grows begins with may open something: nothing is shown of it alone. */
const loneMark = /^\s*(?:[*_~`]{1,3}|!?\[)$/;

/** Markdown in an element: what is drawn already and did not change is left alone. */
export class Blocks {
  #element;
  /** `{ html, count }` by place: how many nodes a block has. */
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

  /** Shows a text with the next frame; `onDrawn` is called then. */
  update(text, onDrawn) {
    this.#text = text;
    this.#grows = true;
    this.#frame ||= requestAnimationFrame(() => {
      this.draw();
      onDrawn();
    });
  }

  /** Shows a text now; `grows` tells that it is not whole. */
  set(text, grows = false) {
    if (text === this.#text && grows === this.#grows && this.#frame === 0) return;
    this.#text = text;
    this.#grows = grows;
    this.draw();
  }

  /** Whatever the text is, it is shown: if need be drawn anew, or as it was written. */
  draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    try {
      this.#draw();
    } catch (error) {
      tell(error);
      this.#drawAnew();
    }
  }

  #draw() {
    const wanted = this.#grows && loneMark.test(this.#text) ? [] : blocksOf(this.#text);
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
    highlighter.look(this.#element);
  }

  #drawAnew() {
    this.#drawn = [];
    this.#element.replaceChildren();
    try {
      this.#draw();
    } catch (error) {
      tell(error);
      const pre = document.createElement('pre');
      pre.className = 'raw';
      pre.textContent = this.#text;
      this.#drawn = [];
      this.#element.replaceChildren(pre);
    }
  }
}

/** The blocks as nodes. To make many of them safe at once takes a tenth of the time. */
function drawn(blocks) {
  if (blocks.every(({ closed }) => closed)) {
    const nodes = nodesOf(blocks.map(({ html }) => html).join(''));
    if (nodes.length === blocks.length) {
      return blocks.map(({ html }, place) => ({ html, nodes: [nodes[place]] }));
    }
  }
  return blocks.map(({ html }) => ({ html, nodes: nodesOf(html) }));
}
