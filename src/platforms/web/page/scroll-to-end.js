/** Distance from the end that still counts as the end, in CSS pixels. */
const nearPx = 48;
/** Blocks in view that are remembered during a redraw, as anchors. */
const maxAnchors = 12;

/**
 * Scroll position of the conversation: follows the end while the reader is there, and otherwise
 * stays where the reader is.
 */
export class ScrollToEnd {
  #scroll;
  #button;
  #followsEnd = true;
  #lastTop = 0;

  constructor(scroll, content, button) {
    this.#scroll = scroll;
    this.#button = button;
    scroll.addEventListener('scroll', () => this.#onScroll(), { passive: true });
    button.addEventListener('click', () => this.toEnd());
    const observer = new ResizeObserver(() => this.update());
    observer.observe(content);
    observer.observe(scroll);
  }

  toEnd() {
    this.#followsEnd = true;
    this.update();
  }

  /** The content may have grown. */
  update() {
    if (this.#followsEnd) this.#scroll.scrollTop = this.#scroll.scrollHeight;
    this.#lastTop = this.#scroll.scrollTop;
    this.#button.hidden = this.#followsEnd || this.#distance() <= nearPx;
  }

  /** Keeps what a reader above the end sees in its place while `change` redraws the conversation. */
  keepPosition(change) {
    const anchors = this.#followsEnd ? [] : this.#visibleBlocks();
    change();
    for (const { element, text, nth, top } of anchors) {
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

  /** The first block in view and some after it: blocks at page ends go when pages are joined. */
  #visibleBlocks() {
    const blocks = this.#blocks();
    const edge = this.#scroll.getBoundingClientRect().top;
    const first = blocks.findIndex((block) => block.getBoundingClientRect().bottom > edge);
    if (first < 0) return [];
    return blocks.slice(first, first + maxAnchors).map((element, place) => {
      const text = element.textContent;
      const before = blocks.slice(0, first + place);
      const nth = before.filter((block) => block.textContent === text).length;
      return { element, text, nth, top: element.getBoundingClientRect().top };
    });
  }

  #onScroll() {
    const top = this.#scroll.scrollTop;
    // Growth moves the end away without the reader: only scrolling up stops following it.
    const distance = this.#distance();
    if (distance < 2) this.#followsEnd = true;
    else if (top < this.#lastTop) this.#followsEnd = false;
    else if (top > this.#lastTop && distance <= nearPx) this.#followsEnd = true;
    this.#lastTop = top;
    this.#button.hidden = this.#followsEnd || this.#distance() <= nearPx;
  }

  #distance() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    return scrollHeight - scrollTop - clientHeight;
  }
}
