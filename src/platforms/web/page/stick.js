/** As near to the end as this counts as reading the end, in CSS pixels. */
const nearPx = 48;

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
