const dayMs = 24 * 60 * 60 * 1_000;

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const weekday = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  hour: 'numeric',
  minute: '2-digit',
});
const longDate = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'medium' });

/** A time in the reader's own zone and locale; the full date is its tooltip. */
export function timeElement(at) {
  const element = document.createElement('time');
  const date = new Date(at);
  element.dateTime = date.toISOString();
  element.title = full.format(date);
  element.textContent = shortTime(date);
  return element;
}

/** Rewrites the times within an element: today becomes yesterday. */
export function refreshTimes(element) {
  for (const time of element.querySelectorAll('time')) {
    time.textContent = shortTime(new Date(time.dateTime));
  }
}

function shortTime(date) {
  const midnight = new Date().setHours(0, 0, 0, 0);
  if (date >= midnight) return clock.format(date);
  if (date >= midnight - 6 * dayMs) return weekday.format(date);
  return longDate.format(date);
}
