/** The list of conversations, each with its options; items keep their elements, and the focus. */
export class ConversationList {
  #list;
  #on;
  /** By id: `{ element, link, title, passage, options }`. */
  #items = new Map();
  /** Arguments of the last `show` during a renaming. */
  #deferred;
  #editing = false;

  /**
   * `on.pick(id)` opens one, `on.options(id, button)` shows its menu, `on.rename(id, title)`
   * renames it.
   */
  constructor(list, on) {
    this.#list = list;
    this.#on = on;
  }

  /** `conversations`: `{ id, title, passage? }`, in their order. */
  show(conversations, current) {
    if (this.#editing) {
      this.#deferred = [conversations, current];
      return;
    }
    const wanted = new Set(conversations.map(({ id }) => id));
    for (const [id, { element }] of this.#items) {
      if (wanted.has(id)) continue;
      element.remove();
      this.#items.delete(id);
    }
    for (const [place, conversation] of conversations.entries()) {
      const { element } = this.#item(conversation, current);
      const there = this.#list.children[place];
      if (there !== element) this.#list.insertBefore(element, there ?? null);
    }
  }

  /** Turns a title into a text box. Enter and blur save it, Escape does not. */
  edit(id) {
    const item = this.#items.get(id);
    if (!item || this.#editing) return;
    this.#editing = true;
    const box = document.createElement('input');
    box.className = 'rename';
    box.maxLength = 100;
    box.ariaLabel = 'Title';
    box.value = item.title.textContent;
    const end = (saves) => {
      if (!this.#editing) return;
      this.#editing = false;
      const hadFocus = document.activeElement === box;
      box.remove();
      item.element.classList.remove('editing');
      if (hadFocus) item.link.focus();
      const title = box.value.trim();
      if (saves && title !== item.title.textContent) {
        if (title !== '') item.title.textContent = title;
        this.#on.rename(id, title);
      }
      const deferred = this.#deferred;
      this.#deferred = undefined;
      if (deferred) this.show(...deferred);
    };
    box.addEventListener('blur', () => end(true));
    box.addEventListener('keydown', (event) => {
      if (event.isComposing || event.keyCode === 229) return;
      if (event.key !== 'Enter' && event.key !== 'Escape') return;
      event.preventDefault();
      end(event.key === 'Enter');
    });
    item.element.classList.add('editing');
    item.element.prepend(box);
    box.focus();
    box.select();
  }

  /** Focuses the neighbour of an item that is about to go; false if there is none. */
  focusBeside(id) {
    const { element } = this.#items.get(id) ?? {};
    const beside = element?.nextElementSibling ?? element?.previousElementSibling;
    beside?.querySelector('a').focus();
    return Boolean(beside);
  }

  #item({ id, title, passage = '' }, current) {
    let item = this.#items.get(id);
    if (!item) {
      item = this.#createItem(id);
      this.#items.set(id, item);
    }
    item.title.textContent = title;
    item.link.title = title;
    item.passage.textContent = passage;
    item.link.ariaCurrent = id === current ? 'page' : null;
    item.options.ariaLabel = `Options for ${title}`;
    return item;
  }

  #createItem(id) {
    const element = document.createElement('li');
    const link = document.createElement('a');
    link.href = `#${id}`;
    link.addEventListener('click', (event) => {
      // With a modifier key the browser opens a new tab or window.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#on.pick(id);
    });
    const title = document.createElement('span');
    title.className = 'name';
    const passage = document.createElement('span');
    passage.className = 'passage';
    link.append(title, passage);
    const options = document.createElement('button');
    options.type = 'button';
    options.className = 'options';
    options.textContent = '⋯';
    options.ariaHasPopup = 'menu';
    options.ariaExpanded = 'false';
    options.addEventListener('click', () => this.#on.options(id, options));
    element.append(link, options);
    return { element, link, title, passage, options };
  }
}
