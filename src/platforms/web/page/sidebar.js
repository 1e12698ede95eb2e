/** The list of conversations: always there on a wide screen, a drawer on a narrow one. */
export class Sidebar {
  #parts;
  #narrow = matchMedia('(max-width: 52rem)');
  #open = false;

  /** `onPick(id)` opens a conversation; `onNew()` a new one. */
  constructor(parts, { onPick, onNew }) {
    this.#parts = parts;
    this.onPick = onPick;
    parts.menu.addEventListener('click', () => this.#show(!this.#open));
    parts.backdrop.addEventListener('click', () => this.#show(false));
    parts.fresh.addEventListener('click', () => {
      this.#show(false);
      onNew();
    });
    parts.sidebar.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.#open) this.#show(false);
    });
    this.#narrow.addEventListener('change', () => this.#show(false));
    this.#show(false);
  }

  list(conversations, current) {
    const items = conversations.map(({ id, title }) => {
      const link = document.createElement('a');
      link.href = `#${id}`;
      link.textContent = title;
      if (id === current) link.ariaCurrent = 'page';
      link.addEventListener('click', (event) => {
        event.preventDefault();
        this.#show(false);
        this.onPick(id);
      });
      const item = document.createElement('li');
      item.append(link);
      return item;
    });
    this.#parts.list.replaceChildren(...items);
  }

  #show(open) {
    const { sidebar, menu, backdrop, fresh } = this.#parts;
    const wasOpen = this.#open;
    this.#open = open && this.#narrow.matches;
    sidebar.classList.toggle('open', this.#open);
    // What is out of sight must be out of the keyboard's reach, too.
    sidebar.inert = this.#narrow.matches && !this.#open;
    backdrop.hidden = !this.#open;
    menu.ariaExpanded = String(this.#open);
    if (this.#open) fresh.focus();
    else if (wasOpen) menu.focus();
  }
}
