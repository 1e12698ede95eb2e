const lines = new Set('P LI H3 H4 H5 H6 PRE TR BLOCKQUOTE BR HR'.split(' '));
const cells = new Set(['TD', 'TH']);

/** What is read aloud of an answer: its words, without the captions and buttons of its code. */
export function spoken(node) {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (node.nodeName === 'FIGCAPTION') return '';
  // Typeset, a formula stands there twice: as it is seen, and as MathML.
  if (node.classList?.contains('maths')) return node.dataset.written ?? node.textContent;
  const text = [...node.childNodes].map(spoken).join('');
  if (cells.has(node.nodeName)) return `${text} `;
  return lines.has(node.nodeName) ? `${text}\n` : text;
}
