/** Time that the button says "Copied", in ms. */
const confirmationMs = 1_600;

/** A button that copies the text of `textOf()`; `label` is its name for screen readers. */
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
  setTimeout(() => (button.textContent = shown), confirmationMs);
}

async function copy(text) {
  try {
    // `navigator.clipboard` exists on localhost and with TLS only.
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // Refused, such as in a frame or without permission: `execCommand` may still work.
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
