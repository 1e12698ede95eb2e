import DOMPurify from './vendor/dompurify.js';
import cjkFriendly from './vendor/marked-cjk-friendly.js';
import { Lexer, Marked, Tokenizer } from './vendor/marked.js';
import { enhanceAnswer } from './enhance-answer.js';
import { formulaAt, nextFormula, withoutFormulas } from './formulas.js';

/**
 * Most marks times characters of one running text: the parser may scan the whole text once per
 * mark. A text above this is an attack, and is shown without its marks being parsed.
 */
const maxWork = 5_000_000;
const mark = /[*_~`[<\\$@!]|www\.|:\/\//g;
/** Runs of blanks that the parser would scan again for each blank. */
const longBlank = / {60,}/g;
/** Most table cells of one text; above this the text is shown as written. */
const maxCells = 20_000;
/** 40 or more quotes and lists begun on one line; the text is shown as written. */
const nested = /^(?:[ \t]*(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t]))){40}/m;

/** Blanks after a formula that are scanned for the end of its line. */
const maxBlank = 100;

/** Tags without attributes that models write into markdown; others are shown as written. */
const plainTag = /^<\/?(?:br|b|i|em|strong|s|u|sub|sup|kbd|mark|small)\s*\/?>$/i;
const safeLink = /^(?:https?:|mailto:)/i;
/** Most formulas of one text that are typeset; further ones are shown as written. */
const maxFormulas = 1_000;
/** Characters of Chinese, Japanese and Korean, with punctuation and full-width forms. */
const cjk = /[\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]/;
const endOfWord = new RegExp(`[\\s<]|${cjk.source}`);
const bareLink = /^(?:https?:\/\/|www\.)/i;
/** A backslash that escapes nothing, with the rest of its word: `C:\Users\_x` is a path. */
const path = /^\\{1,2}[a-z\d](?:[\w:.-]|\\[^\s`*])*/i;

const purify = {
  ALLOWED_TAGS: (
    'p br hr h3 h4 h5 h6 blockquote ul ol li pre code table thead tbody tr th td ' +
    'a strong em del b i s u sub sup kbd mark small span #text'
  ).split(' '),
  ALLOWED_ATTR: ['href', 'title', 'align', 'start', 'class'],
  ALLOWED_URI_REGEXP: safeLink,
  // These hold no address; DOMPurify would check them as one.
  ADD_URI_SAFE_ATTR: ['align', 'start'],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
};

/** Level of the last heading in the text that is being rendered; the message's own is 2. */
let lastLevel = 2;
/** Formulas in the text that is being rendered. */
let formulas = 0;
/** HTML tags in it, which the model may not have closed. */
let tags = 0;
/** The running text in which emphasis is searched, with its formulas masked. */
let masking = { masked: '', text: '', mixed: false };

const cjkTokenizer = cjkFriendly().tokenizer;

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text, block }) => {
      if (plainTag.test(text.trim())) {
        tags += 1;
        return text;
      }
      return block ? `<p>${escape(text)}</p>` : escape(text);
    },
    link({ href, title, tokens }) {
      const text = this.parser.parseInline(tokens);
      return safeLink.test(href) ? anchor(href, text, title) : text;
    },
    // An image would be fetched from any host that the model names, with data of the conversation
    // in the address: it is shown as a link instead.
    image: ({ href, title, text }) => {
      const label = `Image: ${escape(text || href)}`;
      return safeLink.test(href) ? anchor(href, label, title) : label;
    },
    heading({ tokens, depth }) {
      lastLevel = Math.min(depth + 2, lastLevel + 1, 6);
      return `<h${lastLevel}>${this.parser.parseInline(tokens)}</h${lastLevel}>`;
    },
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
    listitem(item) {
      return `<li${item.task ? ' class="task"' : ''}>${this.parser.parse(item.tokens)}</li>`;
    },
  },
  tokenizer: {
    /** `\(` and `\[` begin a formula, or are shown as written. */
    escape: (src) => (/^\\[()[\]]/.test(src) ? textToken(src.slice(0, 2)) : false),
    emStrong(src, masked, prev) {
      return emphasis.call(this, 'emStrong', src, masked, prev);
    },
    del(src, masked, prev) {
      return emphasis.call(this, 'del', src, masked, prev);
    },
    /** Dashes alone are no table: it would be read to its end for each heading underlined so. */
    table: (src) => (/^.*\n.*[|:]/.test(src) ? false : undefined),
    /** An address ends where Chinese or Japanese text follows without a blank. */
    url(src) {
      if (!bareLink.test(src)) return false;
      const end = src.search(endOfWord);
      return cjk.test(src[end] ?? '')
        ? Tokenizer.prototype.url.call(this, src.slice(0, end))
        : false;
    },
  },
  extensions: [
    {
      name: 'formulaBlock',
      level: 'block',
      start(src) {
        // Within the paragraph only.
        const end = src.indexOf('\n\n');
        const paragraph = end < 0 ? src : src.slice(0, end);
        for (const { index } of paragraph.matchAll(/\n(?= {0,3}(?:\$\$|\\\[))/g)) {
          if (formulaLines(src, index + 1)) return index;
        }
        return undefined;
      },
      tokenizer: (src) => formulaLines(src, 0),
      renderer: ({ found }) => `<p>${formula(found)}</p>`,
    },
    {
      name: 'formula',
      level: 'inline',
      start: (src) => nextFormula(src, 0),
      tokenizer(src) {
        if (src[0] !== '$' && src[0] !== '\\') return undefined;
        const found = formulaAt(src, 0);
        if (found) return { type: 'formula', raw: found.raw, found };
        const [word] = path.exec(src) ?? [];
        return word && textToken(word);
      },
      renderer: ({ found }) => formula(found),
    },
  ],
});

/**
 * Markdown as HTML in blocks, `{ html, closed }`, so that only changed blocks are drawn. A closed
 * block is one element without open tags. Trap: the HTML is unsafe until `nodesOf` sanitises it.
 */
export function blocksOf(text) {
  if (isTooComplex(text)) return [{ html: `<pre class="raw">${escape(text)}</pre>`, closed: true }];
  lastLevel = 2;
  formulas = 0;
  return tokensOf(text)
    .filter(({ type }) => type !== 'space' && type !== 'def')
    .map((token) => {
      const before = tags;
      const html = marked.parser([token]).trim();
      return { html, closed: tags === before };
    });
}

/** Sanitised nodes for the HTML of one block, or of several closed ones. */
export function nodesOf(html) {
  const fragment = DOMPurify.sanitize(html, purify);
  enhanceAnswer(fragment);
  return [...fragment.childNodes];
}

/** Tokens as marked's own lexer gives them, except for running text that would take it seconds. */
function tokensOf(text) {
  const lexer = new Lexer(marked.defaults);
  lexer.blockTokens(text.replace(/\r\n?/g, '\n'), lexer.tokens);
  for (const { src, tokens } of lexer.inlineQueue) {
    lexer.state.inRawBlock = false;
    const marks = src.match(mark)?.length ?? 0;
    if (marks * src.length > maxWork) tokens.push(textToken(src));
    else lexer.inlineTokens(src.replace(longBlank, '  '), tokens);
  }
  return lexer.tokens;
}

/** Whether a text would take the parser seconds or too many levels; it is shown as written. */
function isTooComplex(text) {
  return nested.test(text) || cellsOf(text) > maxCells;
}

/** Upper bound of table cells: short rows are filled up to the header's columns. */
function cellsOf(text) {
  const lines = text.split('\n').filter((line) => line.includes('|'));
  return lines.length * Math.max(0, ...lines.map((line) => line.split('|').length));
}

/** The token of a formula on lines of its own. */
function formulaLines(src, at) {
  const begin = at + /^ {0,3}/.exec(src.slice(at, at + 3))[0].length;
  const found = /^(?:\$\$|\\\[)/.test(src.slice(begin, begin + 2)) && formulaAt(src, begin);
  if (!found) return undefined;
  const end = begin + found.raw.length;
  const rest = /^[ \t]*(?:\n|$)/.exec(src.slice(end, end + maxBlank));
  return rest
    ? { type: 'formulaBlock', raw: src.slice(at, end + rest[0].length), found }
    : undefined;
}

function formula({ raw, display }) {
  formulas += 1;
  if (formulas > maxFormulas) return escape(raw);
  return `<span class="maths${display ? ' display' : ''}">${escape(raw)}</span>`;
}

/** Emphasis outside formulas, also directly beside Chinese or Japanese punctuation. */
function emphasis(kind, src, masked, prev) {
  if (masking.masked !== masked) {
    const offset = masked.length - src.length;
    const text = masked.slice(0, offset) + withoutFormulas(src, masked.slice(offset));
    masking = { masked, text, mixed: cjk.test(masked) };
  }
  const { [kind]: find } = masking.mixed ? cjkTokenizer : Tokenizer.prototype;
  return find.call(this, src, masking.text, prev) || undefined;
}

function textToken(raw) {
  return { type: 'text', raw, text: raw, escaped: false };
}

function anchor(href, html, title) {
  return `<a href="${escape(href)}" title="${escape(title || href)}">${html}</a>`;
}

function escape(text) {
  const names = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
  return text.replace(/[&<>"']/g, (char) => names[char]);
}
