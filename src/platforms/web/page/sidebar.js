/** The sidebar: fixed on a wide screen, a drawer on a narrow one. */
export class Sidebar {
  #parts;
  #narrow = matchMedia('(max-width: 52rem)');
  #open = false;

  /** `onNew()` opens a new conversation. */
  constructor(parts, { onNew }) {
    this.#parts = parts;
    parts.menu.addEventListener('click', () => this.#show(!this.#open));
    parts.backdrop.addEventListener('click', () => this.hide());
    parts.fresh.addEventListener('click', () => {
      this.hide();
      onNew();
    });
    parts.sidebar.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !event.defaultPrevented && this.#open) this.hide();
    });
    this.#narrow.addEventListener('change', () => this.hide());
    this.hide();
  }

  /** Closes the drawer; no effect on a wide screen. */
  hide() {
    this.#show(false);
  }

  #show(open) {
    const { sidebar, menu, backdrop, fresh } = this.#parts;
    const wasOpen = this.#open;
    this.#open = open && this.#narrow.matches;
    sidebar.classList.toggle('open', this.#open);
    // A closed drawer must be out of the keyboard's reach, too.
    sidebar.inert = this.#narrow.matches && !this.#open;
    backdrop.hidden = !this.#open;
    menu.ariaExpanded = String(this.#open);
    if (this.#open) fresh.focus();
    else if (wasOpen) menu.focus();
  }
}
