import { reportProblem } from './report-problem.js';

/** Limits for KaTeX: expansions of macros, and sizes in em. */
const limits = { maxExpand: 200, maxSize: 20 };
/** Most levels of elements in a formula; browsers fail at far more. */
const maxDepth = 400;
const marks = /^(?:\\[([]|\$\$?)|(?:\\[)\]]|\$\$?)$/g;

/** Time after which typesetting yields to the page's events, in ms. */
const sliceMs = 12;

/** Formulas waiting to be typeset. */
const queue = new Set();
/** Promise of KaTeX, a large library that is loaded with the first formula. */
let loading;
let working = false;

/**
 * Typesets the new formulas in an element. Invalid TeX stays as written, as does everything if the
 * library cannot be loaded.
 */
export function typeset(element) {
  for (const formula of element.querySelectorAll('.maths:not([data-written])')) queue.add(formula);
  if (working || queue.size === 0) return;
  working = true;
  loading ??= import('./vendor/katex/katex.mjs').catch(reportProblem);
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
    // Invalid TeX of the model's: nobody needs a report.
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
