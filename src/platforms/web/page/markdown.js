import DOMPurify from './vendor/dompurify.js';
import { Marked } from './vendor/marked.js';
import { dress } from './dress.js';

/** Emphasis marks between two blank lines, above which a text is no prose but an attack. */
const maxMarks = 2_000;
/** Of tables in one text. */
const maxCells = 20_000;
/** Levels of quotes and lists begun on one line, likewise. */
const nested = /^(?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t]))){40}/m;

/** Tags without attributes that models write into markdown; any other shows as written. */
const plainTag = /^<\/?(?:br|b|i|em|strong|s|u|sub|sup|kbd|mark|small)\s*\/?>$/i;
const safeLink = /^(?:https?:|mailto:)/i;

const purify = {
  ALLOWED_TAGS: (
    'p br hr h3 h4 h5 h6 blockquote ul ol li pre code table thead tbody tr th td ' +
    'a strong em del b i s u sub sup kbd mark small #text'
  ).split(' '),
  ALLOWED_ATTR: ['href', 'title', 'align', 'start', 'class'],
  ALLOWED_URI_REGEXP: safeLink,
  // These hold no address, and would have to look like one.
  ADD_URI_SAFE_ATTR: ['align', 'start'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

/** The level of the last heading in the text that is being rendered; the message's own is 2. */
let lastLevel = 2;

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text, block }) => {
      if (plainTag.test(text.trim())) return text;
      return block ? `<p>${escape(text)}</p>` : escape(text);
    },
    link({ href, title, tokens }) {
      const text = this.parser.parseInline(tokens);
      return safeLink.test(href) ? anchor(href, text, title) : text;
    },
    // A picture that the model chose would be fetched from wherever it likes, with what it
    // wrote into the address: it is shown as a link instead.
    image: ({ href, title, text }) => {
      const label = `Image: ${escape(text || href)}`;
      return safeLink.test(href) ? anchor(href, label, title) : label;
    },
    heading({ tokens, depth }) {
      lastLevel = Math.min(depth + 2, lastLevel + 1, 6);
      return `<h${lastLevel}>${this.parser.parseInline(tokens)}</h${lastLevel}>`;
    },
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
  },
});

/**
 * Markdown as HTML, block by block, so that only the blocks that changed need to be drawn. It is
 * not safe yet: `nodesOf` makes it so.
 */
export function blocksOf(text) {
  if (isTangled(text)) return [`<pre class="raw">${escape(text)}</pre>`];
  lastLevel = 2;
  return marked
    .lexer(text)
    .filter(({ type }) => type !== 'space' && type !== 'def')
    .map((token) => marked.parser([token]));
}

/** Safe nodes for one block. */
export function nodesOf(html) {
  const fragment = DOMPurify.sanitize(html, purify);
  dress(fragment);
  return [...fragment.childNodes];
}

/** What would take the parser seconds, or too many levels, is shown as it was written. */
function isTangled(text) {
  if (nested.test(text) || cellsOf(text) > maxCells) return true;
  return text.split(/\n\s*\n/).some((block) => (block.match(/[*_~]/g)?.length ?? 0) > maxMarks);
}

/** Short rows are filled up to the header: columns times lines is what a table may cost. */
function cellsOf(text) {
  const lines = text.split('\n').filter((line) => line.includes('|'));
  return lines.length * Math.max(0, ...lines.map((line) => line.split('|').length));
}

function anchor(href, html, title) {
  return `<a href="${escape(href)}" title="${escape(title || href)}">${html}</a>`;
}

function escape(text) {
  const names = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (char) => names[char]);
}
