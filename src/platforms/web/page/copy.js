const thanksMs = 1_600;

/** A button that copies what `textOf` gives; `label` says what to whom sees only the button. */
export function copyButton(label, textOf, shown = label) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.ariaLabel = label;
  button.textContent = shown;
  button.addEventListener('click', () => void press(button, textOf(), shown));
  return button;
}

async function press(button, text, shown) {
  button.textContent = (await copy(text)) ? 'Copied' : 'Not copied';
  setTimeout(() => (button.textContent = shown), thanksMs);
}

async function copy(text) {
  try {
    // Exists on localhost and with TLS only.
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // Refused, such as in a frame or without a permission: the old way may still work.
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'sr-only';
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  return copied;
}
