/** As near to the end as this counts as reading the end, in CSS pixels. */
const nearPx = 48;
/** Blocks that are looked for again after a change. */
const maxKept = 12;

/**
 * Keeps the end of the conversation in view for whoever reads the end, and leaves whoever reads
 * above where they are.
 */
export class Stick {
  #scroll;
  #button;
  #sticks = true;
  #lastTop = 0;

  constructor(scroll, content, button) {
    this.#scroll = scroll;
    this.#button = button;
    scroll.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    button.addEventListener('click', () => this.toEnd());
    const observer = new ResizeObserver(() => this.settle());
    observer.observe(content);
    observer.observe(scroll);
  }

  toEnd() {
    this.#sticks = true;
    this.settle();
  }

  /** The content may have grown. */
  settle() {
    if (this.#sticks) this.#scroll.scrollTop = this.#scroll.scrollHeight;
    this.#lastTop = this.#scroll.scrollTop;
    this.#button.hidden = this.#sticks || this.#distance() <= nearPx;
  }

  /** Whoever reads above keeps what they read in its place while `change` draws things anew. */
  hold(change) {
    const kept = this.#sticks ? [] : this.#visible();
    change();
    for (const { element, text, nth, top } of kept) {
      const now = element.isConnected
        ? element
        : this.#blocks().filter((block) => block.textContent === text)[nth];
      if (!now) continue;
      this.#scroll.scrollTop += now.getBoundingClientRect().top - top;
      return;
    }
  }

  #blocks() {
    return [...this.#scroll.querySelectorAll('.page > *, .said')];
  }

  /** The first block in view and some behind it: a block may be gone once the pages are one. */
  #visible() {
    const blocks = this.#blocks();
    const edge = this.#scroll.getBoundingClientRect().top;
    const first = blocks.findIndex((block) => block.getBoundingClientRect().bottom > edge);
    if (first < 0) return [];
    return blocks.slice(first, first + maxKept).map((element, place) => {
      const text = element.textContent;
      const before = blocks.slice(0, first + place);
      const nth = before.filter((block) => block.textContent === text).length;
      return { element, text, nth, top: element.getBoundingClientRect().top };
    });
  }

  #scrolled() {
    const top = this.#scroll.scrollTop;
    // Growth alone moves the end away without the reader: only scrolling up lets go.
    const distance = this.#distance();
    if (distance < 2) this.#sticks = true;
    else if (top < this.#lastTop) this.#sticks = false;
    else if (top > this.#lastTop && distance <= nearPx) this.#sticks = true;
    this.#lastTop = top;
    this.#button.hidden = this.#sticks || this.#distance() <= nearPx;
  }

  #distance() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    return scrollHeight - scrollTop - clientHeight;
  }
}
