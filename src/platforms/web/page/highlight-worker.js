import hljs from './vendor/highlight/highlight.min.js';
import { colourOf } from './highlight-colours.js';
import { fileOf } from './highlight-languages.js';

/** An emitter for highlight.js that records runs of colour instead of HTML; the innermost scope counts. */
class Runs {
  #runs = [];
  #colours = [];
  #at = 0;

  addText(text) {
    const colour = this.#colours.at(-1) ?? -1;
    const begin = this.#at;
    this.#at += text.length;
    if (colour < 0 || text === '') return;
    const last = this.#runs.length - 3;
    // Neighbours of one colour are one run.
    if (this.#runs[last] === colour && this.#runs[last + 2] === begin) {
      this.#runs[last + 2] = this.#at;
    } else {
      this.#runs.push(colour, begin, this.#at);
    }
  }

  openNode(scope) {
    this.#colours.push(colourOf(scope));
  }

  closeNode() {
    this.#colours.pop();
  }

  startScope(scope) {
    this.openNode(scope);
  }

  endScope() {
    this.closeNode();
  }

  /** Code in another language, such as a script in HTML. */
  __addSublanguage(emitter) {
    for (const [colour, begin, end] of emitter.list()) {
      this.#runs.push(colour, this.#at + begin, this.#at + end);
    }
    this.#at += emitter.length;
  }

  finalize() {}

  closeAllNodes() {}

  toHTML() {
    return '';
  }

  get length() {
    return this.#at;
  }

  *list() {
    for (let at = 0; at < this.#runs.length; at += 3) yield this.#runs.slice(at, at + 3);
  }

  get runs() {
    return Uint32Array.from(this.#runs);
  }
}

hljs.configure({ __emitter: Runs });

addEventListener('message', ({ data: { language, code } }) => {
  void runsOf(language, code).then((runs) => postMessage(runs, [runs.buffer]));
});

/** Triples of colour, begin and end, one per run. */
async function runsOf(language, code) {
  if (!hljs.getLanguage(language) && !(await loadGrammar(language))) return new Uint32Array();
  return hljs.highlight(code, { language, ignoreIllegals: true })._emitter.runs;
}

async function loadGrammar(language) {
  const file = fileOf(language);
  if (!file) return false;
  try {
    const { default: grammar } = await import(`./vendor/highlight/languages/${file}.min.js`);
    hljs.registerLanguage(file, grammar);
    return hljs.getLanguage(language) !== undefined;
  } catch {
    // The server is unreachable: the code stays plain.
    return false;
  }
}
