import { colours } from './highlight-colours.js';

/** Time for one block, in ms; after it the worker is ended and the block stays plain. */
const timeoutMs = 3_000;
/** Longer code, in characters, is not coloured. */
const maxCodeChars = 100_000;
/** Pause between two passes over a growing block, in durations of the last pass. */
const restFactor = 4;
/** Delay before a block with a selection in it is tried again, in ms. */
const selectionRetryMs = 500;
/** Results kept, so that a redrawn block has its colours at once. */
const maxCached = 50;

/** Syntax colours: a worker finds the runs; nodes that are right already stay. */
class Highlighter {
  #worker;
  #timeout;
  /** By code element: the text that is coloured, `{ language, text }`. */
  #shown = new WeakMap();
  #pending = new Set();
  /** By language and text; the oldest first. */
  #cache = new Map();
  #job;
  #restingUntil = 0;
  #timer;

  /** Colours the code in an element that is new or has changed. */
  highlight(element) {
    for (const code of element.querySelectorAll('code[class^=language-]')) {
      const text = code.textContent;
      const language = languageOf(code);
      const shown = this.#shown.get(code);
      if (shown?.text === text && shown.language === language) continue;
      const cached = this.#cache.get(`${language}\n${text}`);
      if (cached) this.#show(code, language, text, cached);
      else if (text.length <= maxCodeChars) this.#pending.add(code);
    }
    // An answer is drawn before it is put into the document.
    queueMicrotask(() => this.#highlightNext());
  }

  #highlightNext() {
    if (this.#job) return;
    for (const code of this.#pending) if (!code.isConnected) this.#pending.delete(code);
    const [code] = this.#pending;
    if (!code) return;
    const restMs = this.#shown.has(code) ? this.#restingUntil - performance.now() : 0;
    clearTimeout(this.#timer);
    if (restMs > 0) this.#timer = setTimeout(() => this.#highlightNext(), restMs);
    else this.#post(code);
  }

  #post(code) {
    this.#pending.delete(code);
    const language = languageOf(code);
    this.#job = { code, language, text: code.textContent, at: performance.now() };
    this.#worker ??= this.#start();
    this.#worker.postMessage({ language, code: code.textContent });
    this.#timeout = setTimeout(() => this.#giveUp(), timeoutMs);
  }

  #start() {
    const worker = new Worker('/assets/highlight-worker.js', { type: 'module' });
    worker.addEventListener('message', ({ data }) => this.#onRuns(data));
    worker.addEventListener('error', () => this.#giveUp());
    return worker;
  }

  #giveUp() {
    this.#worker?.terminate();
    this.#worker = undefined;
    if (this.#job) this.#onRuns(new Uint32Array());
  }

  #onRuns(runs) {
    clearTimeout(this.#timeout);
    const { code, language, text, at } = this.#job;
    this.#job = undefined;
    const now = performance.now();
    this.#restingUntil = now + restFactor * (now - at);
    this.#store(`${language}\n${text}`, runs);
    if (code.isConnected && languageOf(code) === language) this.#show(code, language, text, runs);
    this.#highlightNext();
  }

  #store(key, runs) {
    this.#cache.set(key, runs);
    if (this.#cache.size > maxCached) this.#cache.delete(this.#cache.keys().next().value);
  }

  #show(code, language, text, runs) {
    const all = code.textContent;
    if (!all.startsWith(text)) return;
    if (isSelectedIn(code)) {
      setTimeout(() => {
        this.#pending.add(code);
        this.#highlightNext();
      }, selectionRetryMs);
      return;
    }
    setPieces(code, [...pieces(text, runs), { text: all.slice(text.length) }]);
    this.#shown.set(code, { language, text });
    if (all !== text) this.#pending.add(code);
  }
}

/** One for the document, as the worker behind it. */
export const highlighter = new Highlighter();

/** The text in pieces, each with the class of its colour or without one. */
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

/** Makes an element hold these pieces; leading nodes that match stay. */
function setPieces(code, wanted) {
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
