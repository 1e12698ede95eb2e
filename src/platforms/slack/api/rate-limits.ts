// Tested by test/unit/platforms/slack/reply/reply-registry.test.ts
import type { Budget, Surface } from '../../../core/ports/surface.ts';
import type { SlackLocation } from '../messages/conversation-location.ts';

interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** chat.update and chat.delete. */
export const editRate: Rate = { burst: 42, perSecond: 0.83 };
export const streamAppendRate: Rate = { burst: 88, perSecond: 1.66 };
/** Starts and stops of streams. */
export const streamStartRate: Rate = { burst: 18, perSecond: 20 / 60 };

/**
 * Slack's limits, a little below what it says: calls do not arrive as evenly as they are made,
 * and those that repair a post are not counted.
 *
 * - chat.update and chat.delete: 50 a minute each, for the whole workspace.
 * - chat.postMessage: about one a second in a channel after a short burst, 300 a minute in all.
 */
export function rateLimitsOf({ team, channel }: SlackLocation): Surface['budgets'] {
  const perMinute = (method: string) => ({ key: methodKey(team, method), ...editRate });
  return {
    post: [
      { key: channelPostKey(team, channel), burst: 4, perSecond: 0.95 },
      { key: methodKey(team, 'chat.postMessage'), burst: 250, perSecond: 4.8 },
    ],
    edit: [perMinute('chat.update')],
    remove: [perMinute('chat.delete')],
  };
}

/** What calls on streams spend, each once. */
export interface StreamRateLimits {
  readonly start: readonly Budget[];
  readonly append: readonly Budget[];
  readonly stop: readonly Budget[];
}

/** chat.startStream and chat.stopStream: 20 a minute each, chat.appendStream: 100 a minute. */
export function streamRateLimitsOf({ team }: Pick<SlackLocation, 'team'>): StreamRateLimits {
  const budget = (method: string, rate: Rate) => [{ key: methodKey(team, method), ...rate }];
  return {
    start: budget('chat.startStream', streamStartRate),
    append: budget('chat.appendStream', streamAppendRate),
    stop: budget('chat.stopStream', streamStartRate),
  };
}

/** The budget that a rate-limited post has nearly always overdrawn. */
export function channelPostKey(team: string, channel: string): string {
  return `slack:${team}:${channel}:chat.postMessage`;
}

/** The budget of a method in its whole workspace. */
export function methodKey(team: string, method: string): string {
  return `slack:${team}:${method}`;
}
