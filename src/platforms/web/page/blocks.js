import { blocksOf, nodesOf } from './markdown.js';

/** Markdown in an element: what is drawn already and did not change is left alone. */
export class Blocks {
  #element;
  /** `{ html, nodes }` by place. */
  #drawn = [];
  #text = '';
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
    this.#frame ||= requestAnimationFrame(() => {
      this.draw();
      onDrawn();
    });
  }

  /** Shows a text now. */
  set(text) {
    if (text === this.#text && this.#frame === 0) return;
    this.#text = text;
    this.draw();
  }

  draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const wanted = blocksOf(this.#text);
    let same = 0;
    while (same < wanted.length && this.#drawn[same]?.html === wanted[same]) same += 1;
    if (goesOn(this.#drawn[same], wanted[same])) same += 1;
    const old = this.#drawn.splice(same);
    const lefts = old.map(({ nodes: [node] }) => (isTable(node) ? node.scrollLeft : 0));
    for (const { nodes } of old) for (const node of nodes) node.remove();
    for (const [place, html] of wanted.slice(same).entries()) {
      const nodes = nodesOf(html);
      this.#drawn.push({ html, nodes });
      this.#element.append(...nodes);
      // A table is drawn anew with each row; whoever reads its right side stays there.
      if (lefts[place] > 0 && isTable(nodes[0])) nodes[0].scrollLeft = lefts[place];
    }
  }
}

function isTable(node) {
  return node?.className === 'table';
}

/** Lets a code block that only grew keep its place, its selection and its button's focus. */
function goesOn(drawn, html) {
  const code = drawn?.nodes[0]?.querySelector?.('.lines code');
  if (!html || !code || drawn.nodes[0].className !== 'code') return false;
  const [next] = nodesOf(html);
  const nextCode = next?.querySelector?.('code');
  if (next?.className !== 'code' || !nextCode?.textContent.startsWith(code.textContent)) {
    return false;
  }
  // The language grows, too: it is known when its line ends.
  if (nextCode.className !== code.className) return false;
  const more = nextCode.textContent.slice(code.textContent.length);
  // An empty fence holds no text node yet.
  if (code.firstChild) code.firstChild.appendData(more);
  else code.append(more);
  drawn.html = html;
  return true;
}
