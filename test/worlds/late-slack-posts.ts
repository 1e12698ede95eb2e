import type { Message } from '../fakes/slack/message.ts';
import type { SlackWorld } from './slack-world.ts';

/** The bot's messages in a channel that ever stood there, and those that were removed. */
export function botPosts(
  { fake }: SlackWorld,
  channel: string,
): { all: Message[]; removed: Message[] } {
  const bot = fake.workspace().bot.id;
  const all = [...fake.workspace().channel(channel).everything.values()].filter(
    ({ author }) => author.user === bot,
  );
  return { all, removed: all.filter(({ deletedAt }) => deletedAt !== undefined) };
}

/** Resolves once the post that comes late is there, and as many are removed. */
export async function latePostHandled(
  world: SlackWorld,
  removed: number,
  channel = 'C1',
): Promise<void> {
  const isLate = ({ outcome }: { outcome?: string | undefined }) => outcome === 'late';
  await world.fake.until(() => world.fake.calls('chat.postMessage').some(isLate), 40_000);
  await world.fake.until(() => botPosts(world, channel).removed.length === removed, 40_000);
}
