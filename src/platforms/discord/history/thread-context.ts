import type { ConversationId } from '../../../core/domain/conversation.ts';
import { CallFailed, RateLimited, Rejected } from '../../../core/domain/errors.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { Past } from '../../../core/ports/platform.ts';
import type { Store } from '../../../core/ports/store.ts';
import { type DiscordApi, messagesIn } from '../api/rest-api.ts';
import type { Gate } from '../../common/request-throttle.ts';
import type { Chains } from '../receive/reply-chains.ts';
import { type Channel, type Channels, titleOf } from '../cache/channels.ts';
import type { Door } from '../receive/access-check.ts';
import { codes, Refused } from '../api/api-errors.ts';
import { type Place, placeOf } from '../messages/conversation-location.ts';
import { type Said, saidIn } from '../messages/discord-message.ts';
import type { Self } from '../api/identify-bot.ts';
import { timeOf } from '../api/snowflake.ts';
import { textFor } from '../messages/normalize-message.ts';
import type { Names } from '../messages/discord-text.ts';

/** Messages of a thread that are read: two answers of Discord's, the newest. */
const pageSize = 100;
const maxPages = 2;
/** Steps up a chain of replies. */
const maxSteps = 20;

export interface EarlierWorld {
  readonly api: DiscordApi;
  readonly gate: Gate;
  readonly channels: Channels;
  readonly names: Names;
  readonly chains: Chains;
  readonly door: Door;
  readonly store: Pick<Store, 'view'>;
  readonly self: Self;
}

/**
 * What was said before these messages, oldest first: above them in a thread that the bot was called
 * into, or up the chain of replies that a question hangs on.
 */
export async function earlier(
  conversation: ConversationId,
  messages: readonly Message[],
  world: EarlierWorld,
  signal: AbortSignal,
): Promise<readonly Past[]> {
  const place = placeOf(conversation);
  const [first] = messages;
  if (place.guild === undefined || place.root === undefined || first === undefined) return [];
  if (first.id !== place.root) {
    try {
      const thread = { ...place, guild: place.guild, root: place.root };
      return await inThread(thread, first.id, world, signal);
    } catch (error) {
      // No thread, but a chain of replies in the channel.
      if (!(error instanceof Refused) || error.code !== codes.unknownChannel) throw error;
    }
  }
  if (world.chains.standsAlone(first.id)) return [];
  return upTheChain({ ...place, guild: place.guild }, first.id, world, signal);
}

async function inThread(
  { guild, channel, root }: Place & { guild: string; root: string },
  before: string,
  world: EarlierWorld,
  signal: AbortSignal,
): Promise<readonly Past[]> {
  const past: Past[] = [];
  let from = before;
  for (let pages = 0; pages < maxPages; pages += 1) {
    const query = { limit: `${pageSize}`, before: from };
    const path = `/channels/${root}/messages` as const;
    const found = messagesIn(await world.api.read(path, query, world.gate, signal));
    const page: Past[] = [];
    // One by one: the same few people are asked for once.
    for (const one of found) page.push(...(await pastOf(saidIn(one), guild, world, signal)));
    past.unshift(...page);
    const oldest = found[0]?.['id'];
    if (found.length < pageSize || typeof oldest !== 'string') break;
    from = oldest;
  }
  // A thread from a message shows that message above its own; a forum post holds it itself.
  const starter = past.some(({ id }) => id === root)
    ? undefined
    : await world.chains.message(channel, root, signal);
  const beginning = await pastOf(starter, guild, world, signal);
  // Discord proposes the words of that message as the thread's name.
  const isLeftOut = starter !== undefined && beginning.length === 0;
  const thread = isLeftOut ? undefined : await threadAt(root, world, signal);
  const title =
    thread === undefined || !(await isToBeRead(thread, guild, world, signal))
      ? ''
      : titleOf(thread, world.channels);
  const above = { id: `title-${root}`, role: 'user', text: title, at: timeOf(root) - 1 } as const;
  return [...(title === '' ? [] : [above]), ...beginning, ...past];
}

/** The thread of a question of one's own is called what was asked; another is called by its owner. */
async function isToBeRead(
  { owner: id }: Channel,
  guild: string,
  { self, door }: EarlierWorld,
  signal: AbortSignal,
): Promise<boolean> {
  if (id === undefined) return true;
  if (id === self.id) return false;
  return (await door.refusalOfSpeaker(guild, { id, bot: false }, signal)) === undefined;
}

/** What is said in a thread matters more than what it is called. */
async function threadAt(
  id: string,
  { channels }: EarlierWorld,
  signal: AbortSignal,
): Promise<Channel | undefined> {
  try {
    return await channels.find(id, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Rejected || error instanceof CallFailed) return undefined;
    if (error instanceof RateLimited) return undefined;
    throw error;
  }
}

async function upTheChain(
  { guild, channel }: Place & { guild: string },
  first: string,
  world: EarlierWorld,
  signal: AbortSignal,
): Promise<readonly Past[]> {
  const past: Past[] = [];
  let said = await world.chains.message(channel, first, signal);
  for (let steps = 0; said?.repliesTo !== undefined && steps < maxSteps; steps += 1) {
    const { id, author, repliesTo } = said.repliesTo;
    if (author?.id === world.self.id && repliesTo !== undefined) {
      const conversation = await world.chains.find(guild, channel, repliesTo, signal);
      const known =
        conversation === undefined ? undefined : await branch(conversation, repliesTo, world);
      if (known !== undefined) return [...known, ...past];
    }
    said = await world.chains.message(channel, id, signal);
    past.unshift(...(await pastOf(said, guild, world, signal)));
  }
  return past;
}

/** What is stored of a conversation up to the answer to this question. */
async function branch(
  conversation: ConversationId,
  question: string,
  { store }: EarlierWorld,
): Promise<readonly Past[] | undefined> {
  const { history, running } = await store.view(conversation);
  const turn = history.find(({ id }) => id === question)?.turn;
  if (turn !== undefined) {
    return history.slice(0, history.findLastIndex((entry) => entry.turn === turn) + 1);
  }
  if (running === undefined || !running.messages.some(({ id }) => id === question)) {
    return undefined;
  }
  // Its answer is still being written: as much as people read of it.
  const asked = running.messages.map(({ id, author, text, sentAt: at }): Past => ({
    id,
    role: 'user',
    author,
    text,
    at,
  }));
  const at = Math.max(...asked.map((one) => one.at));
  const text = running.pages.map(({ source }) => source).join('');
  const answer: Past = { id: running.id, role: 'assistant', turn: running.id, text, at };
  return [...history, ...asked, answer];
}

/** Nothing of whoever may not use the bot. */
async function pastOf(
  said: Said | undefined,
  guild: string,
  { self, names, door }: EarlierWorld,
  signal: AbortSignal,
): Promise<Past[]> {
  if (said === undefined) return [];
  const text = textFor(said, self, names);
  const at = timeOf(said.id);
  if (said.author.id === self.id) return [{ id: said.id, role: 'assistant', text, at }];
  if ((await door.refusalOfSpeaker(guild, said.author, signal)) !== undefined) return [];
  const { id, name } = said.author;
  return [{ id: said.id, role: 'user', author: { id, name }, text, at }];
}
