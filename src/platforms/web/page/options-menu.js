/** Distance of the menu from the window's edge, in CSS pixels. */
const marginPx = 8;

/** The menu of a conversation, shown beside the button that opens it. */
export class OptionsMenu {
  #menu;
  #button;

  constructor(menu) {
    this.#menu = menu;
    menu.addEventListener('keydown', (event) => this.#onKey(event));
    // In the capture phase: the focus is back at the button before the item's action runs.
    menu.addEventListener('click', () => menu.hidePopover(), { capture: true });
    menu.addEventListener('toggle', ({ newState }) => {
      if (this.#button) this.#button.ariaExpanded = String(newState === 'open');
    });
  }

  show(button) {
    this.#button = button;
    this.#menu.showPopover();
    const { bottom, top, right } = button.getBoundingClientRect();
    const { offsetHeight: height, offsetWidth: width } = this.#menu;
    const below = bottom + height + marginPx <= innerHeight;
    this.#menu.style.top = `${Math.max(marginPx, below ? bottom : top - height)}px`;
    this.#menu.style.left = `${Math.max(marginPx, Math.min(right - width, innerWidth - width - marginPx))}px`;
    this.#items[0].focus();
  }

  get #items() {
    return [...this.#menu.querySelectorAll('[role=menuitem]')];
  }

  #onKey(event) {
    const items = this.#items;
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === 'Tab' || event.key === 'Escape') {
      event.preventDefault();
      this.#menu.hidePopover();
      this.#button.focus();
    }
    if (to === undefined) return;
    event.preventDefault();
    items.at(to % items.length).focus();
  }
}
