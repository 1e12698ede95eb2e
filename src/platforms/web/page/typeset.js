import { tell } from './problems.js';

/** More expansions of macros, and larger sizes in em, are no formula that people want to read. */
const limits = { maxExpand: 200, maxSize: 20 };
/** Levels of elements in a formula: browsers fail at far more, people at far fewer. */
const maxDepth = 400;
const marks = /^(?:\\[([]|\$\$?)|(?:\\[)\]]|\$\$?)$/g;

/** Typesetting leaves the page to people after so many milliseconds, and goes on behind them. */
const sliceMs = 12;

/** Formulas that are to be typeset. */
const queue = new Set();
/** The library is large: it is loaded with the first formula. */
let loading;
let working = false;

/**
 * Typesets the formulas in an element that are not yet. What is no valid TeX stays as it was
 * written, as does everything if the library cannot be loaded.
 */
export function typeset(element) {
  for (const formula of element.querySelectorAll('.maths:not([data-written])')) queue.add(formula);
  if (working || queue.size === 0) return;
  working = true;
  loading ??= import('./vendor/katex/katex.mjs').catch(tell);
  void loading.then((library) => work(library?.default));
}

function work(katex) {
  const until = performance.now() + sliceMs;
  for (const formula of queue) {
    if (performance.now() > until) {
      setTimeout(() => work(katex));
      return;
    }
    queue.delete(formula);
    formula.dataset.written = formula.textContent;
    if (katex && formula.isConnected) render(katex, formula);
  }
  working = false;
}

function render(katex, formula) {
  const { written } = formula.dataset;
  const typeset = document.createElement('span');
  try {
    katex.render(written.replace(marks, ''), typeset, {
      ...limits,
      displayMode: formula.classList.contains('display'),
      strict: false,
      trust: false,
    });
  } catch {
    // No valid TeX, which is nobody's fault who could be told.
    return;
  }
  if (!isDeep(typeset)) formula.replaceChildren(...typeset.childNodes);
}

function isDeep(element) {
  let depth = 0;
  for (let node = element; node;) {
    if (node.firstElementChild) {
      node = node.firstElementChild;
      depth += 1;
      if (depth > maxDepth) return true;
      continue;
    }
    while (node !== element && !node.nextElementSibling) {
      node = node.parentElement;
      depth -= 1;
    }
    node = node === element ? null : node.nextElementSibling;
  }
  return false;
}
