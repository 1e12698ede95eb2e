const dayMs = 24 * 60 * 60 * 1_000;

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const weekday = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  hour: 'numeric',
  minute: '2-digit',
});
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

/** When something was said, in the reader's own time zone and manner; the full date when pointed at. */
export function timeElement(at) {
  const element = document.createElement('time');
  const when = new Date(at);
  element.dateTime = when.toISOString();
  element.title = full.format(when);
  element.textContent = shortly(when);
  return element;
}

/** Says the times within an element anew: what was today may be yesterday by now. */
export function refreshTimes(element) {
  for (const time of element.querySelectorAll('time')) {
    time.textContent = shortly(new Date(time.dateTime));
  }
}

function shortly(when) {
  const midnight = new Date().setHours(0, 0, 0, 0);
  if (when >= midnight) return clock.format(when);
  if (when >= midnight - 6 * dayMs) return weekday.format(when);
  return date.format(when);
}
