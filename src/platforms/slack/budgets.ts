import type { Surface } from '../../core/ports/surface.ts';
import type { Place } from './place.ts';

/**
 * Slack's limits, a little below what it says: calls do not arrive as evenly as they are made,
 * and those that repair a post are not counted.
 *
 * - chat.update and chat.delete: 50 a minute each, for the whole workspace.
 * - chat.postMessage: about one a second in a channel after a short burst, 300 a minute in all.
 */
export function budgetsFor({ team, channel }: Place): Surface['budgets'] {
  const perMinute = (method: string) => ({
    key: `slack:${team}:${method}`,
    burst: 40,
    perSecond: 0.8,
  });
  return {
    post: [
      { key: channelPostKey(team, channel), burst: 4, perSecond: 0.95 },
      { key: `slack:${team}:chat.postMessage`, burst: 250, perSecond: 4.8 },
    ],
    edit: [perMinute('chat.update')],
    remove: [perMinute('chat.delete')],
  };
}

/** The budget that a rate-limited post has nearly always overdrawn. */
export function channelPostKey(team: string, channel: string): string {
  return `slack:${team}:${channel}:chat.postMessage`;
}
