/** Typing may go on for this long before it is searched. */
const restMs = 200;

/** Where one searches; tells what is wanted once the typing rests, at once when it is nothing. */
export class SearchBox {
  #box;
  #timer;

  /** `onSearch(text)` is told what is wanted; an empty text ends the search. */
  constructor(box, onSearch) {
    this.#box = box;
    this.onSearch = onSearch;
    box.addEventListener('input', () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => onSearch(this.text), this.text === '' ? 0 : restMs);
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
