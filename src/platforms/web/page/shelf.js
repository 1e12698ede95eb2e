const storageKey = 'parley.conversations';
const maxConversations = 100;
const maxTitleChars = 60;

/**
 * This browser's conversations, newest first, shared by its tabs: `{ id, title }`. What was said
 * is on the server; the ids are of no use without this browser's cookie.
 */
export class Shelf {
  #list = [];

  /** `onChange` is called when this tab or another one changed the list. */
  constructor(onChange) {
    this.#list = read();
    this.onChange = onChange;
    addEventListener('storage', (event) => {
      if (event.key !== storageKey && event.key !== null) return;
      this.#list = read();
      onChange();
    });
  }

  get list() {
    return this.#list;
  }

  find(id) {
    return this.#list.find((conversation) => conversation.id === id);
  }

  /** Puts a conversation on top; its first title stays. */
  touch(id, text) {
    const title = this.find(id)?.title ?? titleOf(text);
    const others = read().filter((conversation) => conversation.id !== id);
    this.#write([{ id, title }, ...others].slice(0, maxConversations));
  }

  clear() {
    this.#write([]);
  }

  #write(list) {
    this.#list = list;
    try {
      localStorage.setItem(storageKey, JSON.stringify(list));
    } catch {
      // A browser that keeps nothing has its list until the tab is closed.
    }
    this.onChange();
  }
}

function read() {
  try {
    const list = JSON.parse(localStorage.getItem(storageKey) ?? '[]');
    return Array.isArray(list) ? list.filter(({ id, title }) => id && title) : [];
  } catch {
    // Whatever stands there is no list of ours, or this browser keeps nothing.
    return [];
  }
}

function titleOf(text) {
  const line = text.trim().split('\n', 1)[0].trim();
  const chars = Array.from(line);
  return chars.length <= maxTitleChars ? line : `${chars.slice(0, maxTitleChars - 1).join('')}…`;
}
