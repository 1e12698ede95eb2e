const storageKey = 'parley.drafts';
/** As a whole, so that a browser's 5 MB are never full of them. */
const maxDrafts = 50;
const maxChars = 200_000;

/** What was written and not sent, by conversation; shared by this browser's tabs. */
export class Drafts {
  /** Newest first: `[conversation, text]`. */
  #list = read();

  /** `onChange` is called when another tab changed them. */
  constructor(onChange) {
    addEventListener('storage', (event) => {
      if (event.key !== storageKey && event.key !== null) return;
      this.#list = read();
      onChange();
    });
  }

  of(conversation) {
    return this.#list.find(([id]) => id === conversation)?.[1] ?? '';
  }

  /** An empty text forgets the draft. */
  keep(conversation, text) {
    const others = read().filter(([id]) => id !== conversation);
    const list = text.trim() === '' ? others : [[conversation, text], ...others];
    this.#list = withinBounds(list);
    this.#write();
  }

  clear() {
    this.#list = [];
    this.#write();
  }

  #write() {
    try {
      localStorage.setItem(storageKey, JSON.stringify(this.#list));
    } catch {
      // A browser that keeps nothing has them until the tab is closed.
    }
  }
}

/** The oldest are forgotten first. */
function withinBounds(list) {
  let chars = 0;
  return list.slice(0, maxDrafts).filter(([, text]) => {
    chars += text.length;
    return chars <= maxChars;
  });
}

function read() {
  try {
    const list = JSON.parse(localStorage.getItem(storageKey) ?? '[]');
    return list.filter(([id, text]) => typeof id === 'string' && typeof text === 'string');
  } catch {
    // Whatever stands there is no list of ours, or this browser keeps nothing.
    return [];
  }
}
