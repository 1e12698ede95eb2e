import type { Entry } from '../../../core/domain/history-entry.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { Picture } from '../conversations/conversation-view.ts';

/** The whole conversation, but for the entries that the page has already. */
export function stateEvent(picture: Picture, known: ReadonlySet<string>): string {
  return event('state', {
    ids: picture.entries.map(({ id }) => id),
    entries: picture.entries.filter(({ id }) => !known.has(id)).map(shownEntry),
    running: picture.running && {
      ...picture.running,
      messages: picture.running.messages.map(shownMessage),
    },
    queued: picture.queued.map(shownMessage),
  });
}

/** A page reads `text` now; only what differs from what was sent travels. */
export function pageEvent(turn: string, key: string, sent: string, text: string): string {
  let keep = 0;
  while (keep < sent.length && keep < text.length && sent[keep] === text[keep]) keep += 1;
  return event('page', { turn, key, keep, text: text.slice(keep) });
}

function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** What a page needs of an entry: no author, since there is only one, and no token counts. */
function shownEntry({ id, role, text, at, outcome, note }: Entry): Record<string, unknown> {
  return { id, role, text, at, outcome, note };
}

function shownMessage({ id, text, sentAt }: Message): Record<string, unknown> {
  return { id, text, at: sentAt };
}
