/**
 * Makes what a parent holds from `from` on like `wanted`, with as few changes as can be: who selects
 * in it, scrolls it or has the focus on a button of it goes on with what is left alone.
 */
export function patch(parent, wanted, from = 0) {
  let place = parent.childNodes[from];
  for (const node of wanted) {
    const next = place?.nextSibling;
    if (!place) parent.append(node);
    else if (!adapt(place, node)) place.replaceWith(node);
    place = next;
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

/** True if `node` reads like `wanted` now; false if it is of another kind. */
function adapt(node, wanted) {
  if (node.nodeName !== wanted.nodeName) return false;
  if (node.nodeType === Node.TEXT_NODE) {
    adaptText(node, wanted.data);
    return true;
  }
  // What is typeset is compared as it was written.
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
  // Code has colours as long as it only grows.
  if (node.nodeName === 'CODE' && node.querySelector('span')) return adaptCode(node, wanted);
  // It may say that it has copied.
  if (node.nodeName !== 'BUTTON') patch(node, [...wanted.childNodes]);
  return true;
}

function adaptCode(node, { textContent: text }) {
  const old = node.textContent;
  if (!text.startsWith(old)) node.textContent = text;
  else if (node.lastChild.nodeType === Node.TEXT_NODE)
    node.lastChild.appendData(text.slice(old.length));
  else if (text !== old) node.append(text.slice(old.length));
  return true;
}

/** What both begin with stays, and a selection in it, too. */
function adaptText(node, data) {
  const { data: old } = node;
  if (old === data) return;
  let same = 0;
  while (same < old.length && old[same] === data[same]) same += 1;
  node.replaceData(same, old.length - same, data.slice(same));
}
