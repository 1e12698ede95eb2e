import { colours } from './colours.js';

/** A grammar that takes longer for one block will not end: the block stays plain. */
const maxMs = 3_000;
/** Longer code is not coloured. */
const maxCode = 100_000;
/** While a block grows, the worker rests this many times as long as it last worked. */
const restFactor = 4;
/** While somebody selects in a block, it is looked at again after this long. */
const selectedMs = 500;
/** Results that are kept, so that a block that is drawn anew has its colours at once. */
const maxKept = 50;

/** Colours code: a worker finds the runs, and what is drawn already and did not change stays. */
class Highlighter {
  #worker;
  #watchdog;
  /** By code element: what it shows coloured, `{ language, text }`. */
  #shown = new WeakMap();
  #wanted = new Set();
  /** By language and text; the oldest first. */
  #kept = new Map();
  #asked;
  #restingUntil = 0;
  #timer;

  /** Colours the code in an element that is new or has changed. */
  look(element) {
    for (const code of element.querySelectorAll('code[class^=language-]')) {
      const text = code.textContent;
      const language = languageOf(code);
      const shown = this.#shown.get(code);
      if (shown?.text === text && shown.language === language) continue;
      const kept = this.#kept.get(`${language}\n${text}`);
      if (kept) this.#show(code, language, text, kept);
      else if (text.length <= maxCode) this.#wanted.add(code);
    }
    // An answer is drawn before it is put into the document.
    queueMicrotask(() => this.#next());
  }

  #next() {
    if (this.#asked) return;
    for (const code of this.#wanted) if (!code.isConnected) this.#wanted.delete(code);
    const [code] = this.#wanted;
    if (!code) return;
    const restMs = this.#shown.has(code) ? this.#restingUntil - performance.now() : 0;
    clearTimeout(this.#timer);
    if (restMs > 0) this.#timer = setTimeout(() => this.#next(), restMs);
    else this.#ask(code);
  }

  #ask(code) {
    this.#wanted.delete(code);
    const language = languageOf(code);
    this.#asked = { code, language, text: code.textContent, at: performance.now() };
    this.#worker ??= this.#start();
    this.#worker.postMessage({ language, code: code.textContent });
    this.#watchdog = setTimeout(() => this.#giveUp(), maxMs);
  }

  #start() {
    const worker = new Worker('/assets/highlight-worker.js', { type: 'module' });
    worker.addEventListener('message', ({ data }) => this.#answered(data));
    worker.addEventListener('error', () => this.#giveUp());
    return worker;
  }

  #giveUp() {
    this.#worker?.terminate();
    this.#worker = undefined;
    if (this.#asked) this.#answered(new Uint32Array());
  }

  #answered(runs) {
    clearTimeout(this.#watchdog);
    const { code, language, text, at } = this.#asked;
    this.#asked = undefined;
    const now = performance.now();
    this.#restingUntil = now + restFactor * (now - at);
    this.#keep(`${language}\n${text}`, runs);
    if (code.isConnected && languageOf(code) === language) this.#show(code, language, text, runs);
    this.#next();
  }

  #keep(key, runs) {
    this.#kept.set(key, runs);
    if (this.#kept.size > maxKept) this.#kept.delete(this.#kept.keys().next().value);
  }

  #show(code, language, text, runs) {
    const all = code.textContent;
    if (!all.startsWith(text)) return;
    if (isSelectedIn(code)) {
      setTimeout(() => {
        this.#wanted.add(code);
        this.#next();
      }, selectedMs);
      return;
    }
    colour(code, [...pieces(text, runs), { text: all.slice(text.length) }]);
    this.#shown.set(code, { language, text });
    if (all !== text) this.#wanted.add(code);
  }
}

/** One for the document, as the worker behind it. */
export const highlighter = new Highlighter();

/** Text as it lies, with the class of its colour or none. */
function pieces(text, runs) {
  const found = [];
  let done = 0;
  for (let at = 0; at < runs.length; at += 3) {
    const [place, begin, end] = runs.subarray(at, at + 3);
    if (begin > done) found.push({ text: text.slice(done, begin) });
    found.push({ text: text.slice(begin, end), className: `c-${colours[place]}` });
    done = end;
  }
  if (done < text.length) found.push({ text: text.slice(done) });
  return found;
}

/** Makes an element hold these pieces; the nodes that do already, from the first on, stay. */
function colour(code, wanted) {
  let node = code.firstChild;
  let place = 0;
  while (node && isPiece(node, wanted[place])) {
    node = node.nextSibling;
    place += 1;
  }
  while (node) {
    const next = node.nextSibling;
    node.remove();
    node = next;
  }
  for (const { text, className } of wanted.slice(place)) {
    if (!className) {
      code.append(...(text === '' ? [] : [text]));
      continue;
    }
    const span = document.createElement('span');
    span.className = className;
    span.textContent = text;
    code.append(span);
  }
  code.normalize();
}

function isPiece(node, piece) {
  if (node.nodeType === Node.TEXT_NODE) return !piece?.className && node.data === piece?.text;
  return node.className === piece?.className && node.textContent === piece.text;
}

function isSelectedIn(code) {
  const selection = getSelection();
  return !selection.isCollapsed && selection.containsNode(code, true);
}

function languageOf(code) {
  return /language-(\S+)/.exec(code.className)?.[1].toLowerCase();
}
