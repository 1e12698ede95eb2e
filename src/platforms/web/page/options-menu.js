/** Room between the menu and the edge of the window, in pixels. */
const edge = 8;

/** What can be done with a conversation; one menu, shown beside the button that asks for it. */
export class OptionsMenu {
  #menu;
  #button;

  constructor(menu) {
    this.#menu = menu;
    menu.addEventListener('keydown', (event) => this.#key(event));
    // Before what is chosen happens: the focus is back at the button then.
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
    const below = bottom + height + edge <= innerHeight;
    this.#menu.style.top = `${Math.max(edge, below ? bottom : top - height)}px`;
    this.#menu.style.left = `${Math.max(edge, Math.min(right - width, innerWidth - width - edge))}px`;
    this.#items[0].focus();
  }

  get #items() {
    return [...this.#menu.querySelectorAll('[role=menuitem]')];
  }

  #key(event) {
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
