import type { Participation } from '../ports/store.ts';

/**
 * Who may go on in a conversation of many people without a mention:
 * - `auto`: everybody where it began with a mention of the bot; else those who have addressed it
 *   there.
 * - `always`: everybody wherever the bot takes part.
 * - `mention`: nobody.
 */
export type Followups = 'auto' | 'always' | 'mention';

/** Whether what this author says there is meant for the bot. */
export function mayGoOn(
  author: string,
  followups: Followups,
  participation: Participation,
): boolean {
  if (followups === 'auto') return participation.opened || participation.people.includes(author);
  return followups === 'always';
}
