/**
 * Makes a parent's child nodes from index `from` on equal to `wanted` with few changes: unchanged
 * nodes keep the selection, the scroll position and the focus.
 */
export function patch(parent, wanted, from = 0) {
  let place = parent.childNodes[from];
  for (const node of wanted) {
    const next = place?.nextSibling;
    if (!place) parent.append(node);
    else if (!morph(place, node)) place.replaceWith(node);
    place = next;
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

/** Makes `node` equal to `wanted`; false if it is of another kind. */
function morph(node, wanted) {
  if (node.nodeName !== wanted.nodeName) return false;
  if (node.nodeType === Node.TEXT_NODE) {
    morphText(node, wanted.data);
    return true;
  }
  // Typeset formulas are compared by their source.
  if (node.classList.contains('maths') || wanted.classList.contains('maths')) {
    const written = node.dataset.written ?? node.textContent;
    return written === wanted.textContent && node.className === wanted.className;
  }
  for (const name of node.getAttributeNames()) {
    if (!wanted.hasAttribute(name)) node.removeAttribute(name);
  }
  for (const { name, value } of wanted.attributes) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
  // Code that only grows keeps its colours.
  if (node.nodeName === 'CODE' && node.querySelector('span')) return morphCode(node, wanted);
  // A button may say "Copied".
  if (node.nodeName !== 'BUTTON') patch(node, [...wanted.childNodes]);
  return true;
}

function morphCode(node, { textContent: text }) {
  const old = node.textContent;
  if (!text.startsWith(old)) node.textContent = text;
  else if (node.lastChild.nodeType === Node.TEXT_NODE)
    node.lastChild.appendData(text.slice(old.length));
  else if (text !== old) node.append(text.slice(old.length));
  return true;
}

/** The common beginning stays, and with it a selection in it. */
function morphText(node, data) {
  const { data: old } = node;
  if (old === data) return;
  let same = 0;
  while (same < old.length && old[same] === data[same]) same += 1;
  node.replaceData(same, old.length - same, data.slice(same));
}
