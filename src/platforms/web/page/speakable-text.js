const lines = new Set('P LI H3 H4 H5 H6 PRE TR BLOCKQUOTE BR HR'.split(' '));
const cells = new Set(['TD', 'TH']);

/** The text of an answer as read aloud, without the captions and buttons of its code blocks. */
export function speakableText(node) {
  if (node.nodeType === Node.TEXT_NODE) return node.data;
  if (node.nodeName === 'FIGCAPTION') return '';
  // A typeset formula is in the document twice: as drawn, and as MathML.
  if (node.classList?.contains('maths')) return node.dataset.written ?? node.textContent;
  const text = [...node.childNodes].map(speakableText).join('');
  if (cells.has(node.nodeName)) return `${text} `;
  return lines.has(node.nodeName) ? `${text}\n` : text;
}
