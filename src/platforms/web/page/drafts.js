const storageKey = 'parley.drafts';
/** Limits of all drafts together, far below the 5 MB of localStorage. */
const maxDrafts = 50;
const maxChars = 200_000;

/** Unsent texts by conversation, shared by this browser's tabs. */
export class Drafts {
  /** Newest first: `[conversation, text]`. */
  #list = read();

  /** `onChange()`: another tab changed them. */
  constructor(onChange) {
    addEventListener('storage', (event) => {
      if (event.key !== storageKey && event.key !== null) return;
      this.#list = read();
      onChange();
    });
  }

  get(conversation) {
    return this.#list.find(([id]) => id === conversation)?.[1] ?? '';
  }

  /** Saves a draft; an empty text deletes it. */
  save(conversation, text) {
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
      // Without storage they last until the tab is closed.
    }
  }
}

/** The newest drafts within the limits. */
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
    // Not a list of drafts, or no storage.
    return [];
  }
}
