/** Pause in the typing before a search starts, in ms. */
const typingPauseMs = 200;

/** The search field; reports its text after a pause in the typing, an empty one at once. */
export class SearchBox {
  #box;
  #timer;

  /** `onSearch(text)`: the text to search for; an empty one ends the search. */
  constructor(box, onSearch) {
    this.#box = box;
    this.onSearch = onSearch;
    box.addEventListener('input', () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => onSearch(this.text), this.text === '' ? 0 : typingPauseMs);
    });
    box.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || this.#box.value === '') return;
      // The first press empties the box, the second closes the drawer.
      event.preventDefault();
      this.clear();
    });
  }

  get text() {
    return this.#box.value.trim();
  }

  clear() {
    clearTimeout(this.#timer);
    this.#box.value = '';
    this.onSearch('');
  }
}
