import { copyButton } from './copy-button.js';

/** Words of more than 30 characters in a link break, so that a table's other columns stay in view. */
const longWord = /\S{31}/;

/** Characters of a table cell that stay on one line; the table scrolls instead. */
const shortCell = 12;

/** Prepares the links, code, formulas and tables of an answer for use. */
export function enhanceAnswer(fragment) {
  for (const link of fragment.querySelectorAll('a[href]')) {
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
    if (longWord.test(link.textContent)) link.className = 'long';
  }
  for (const pre of fragment.querySelectorAll('pre')) enhanceCode(pre);
  for (const formula of fragment.querySelectorAll('.maths.display')) {
    formula.tabIndex = 0;
    formula.role = 'group';
    formula.ariaLabel = 'Formula';
  }
  for (const table of fragment.querySelectorAll('table')) {
    const box = scrollable('div', 'table', 'Table');
    table.replaceWith(box);
    box.append(table);
    for (const cell of table.querySelectorAll('th, td')) {
      if (cell.textContent.length <= shortCell) cell.className = 'short';
    }
  }
  // Each block runs in the direction in which it begins.
  for (const block of fragment.children) block.dir ||= 'auto';
}

function enhanceCode(pre) {
  const language = /language-(\S+)/.exec(pre.querySelector('code')?.className ?? '')?.[1];
  const figure = document.createElement('figure');
  figure.className = 'code';
  figure.dir = 'ltr';
  const caption = document.createElement('figcaption');
  const name = document.createElement('span');
  name.textContent = language ?? (pre.classList.contains('raw') ? 'as written' : 'text');
  caption.append(
    name,
    copyButton('Copy code', () => pre.textContent.replace(/\n$/, ''), 'Copy'),
  );
  const box = scrollable('div', 'lines', language ? `Code, ${language}` : 'Code');
  pre.replaceWith(figure);
  box.append(pre);
  figure.append(caption, box);
}

/** A box that scrolls what is wider than the page, with the keyboard, too. */
function scrollable(tag, className, label) {
  const box = document.createElement(tag);
  box.className = className;
  box.tabIndex = 0;
  box.role = 'group';
  box.ariaLabel = label;
  return box;
}
