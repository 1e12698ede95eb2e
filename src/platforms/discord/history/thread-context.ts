// Tested by test/contract/platform/discord.test.ts
import type { ConversationId } from '../../../core/domain/conversation.ts';
import { CallFailed, RateLimited, Rejected } from '../../../core/domain/errors.ts';
import type { Message } from '../../../core/domain/message.ts';
import type { EarlierEntry } from '../../../core/ports/platform.ts';
import type { Store } from '../../../core/ports/store.ts';
import { type DiscordApi, messagesOldestFirst } from '../api/rest-api.ts';
import type { RequestThrottle } from '../../common/throttles.ts';
import type { ReplyChains } from '../receive/reply-chains.ts';
import { type Channel, type Channels, threadTitle } from '../cache/channels.ts';
import type { AccessCheck } from '../receive/access-check.ts';
import { DiscordApiError, errorCodes } from '../api/api-errors.ts';
import { type DiscordLocation, locationOf } from '../messages/conversation-location.ts';
import { type DiscordMessage, parseMessage } from '../messages/discord-message.ts';
import type { BotIdentity } from '../api/identify-bot.ts';
import { timeOf } from '../api/snowflake.ts';
import { messageText } from '../messages/normalize-message.ts';
import type { DiscordNames } from '../messages/discord-text.ts';

/** Messages of a thread that are read: two answers of Discord's, the newest. */
const pageSize = 100;
const maxPages = 2;
/** Steps up a chain of replies. */
const maxSteps = 20;

export interface ThreadContextOptions {
  readonly api: DiscordApi;
  readonly throttle: RequestThrottle;
  readonly channels: Channels;
  readonly names: DiscordNames;
  readonly chains: ReplyChains;
  readonly accessCheck: AccessCheck;
  readonly store: Pick<Store, 'conversationView'>;
  readonly bot: BotIdentity;
}

/**
 * What was said before these messages, oldest first: above them in a thread that the bot was called
 * into, or up the chain of replies that a question hangs on.
 */
export async function threadContext(
  conversation: ConversationId,
  messages: readonly Message[],
  world: ThreadContextOptions,
  signal: AbortSignal,
): Promise<readonly EarlierEntry[]> {
  const place = locationOf(conversation);
  const [first] = messages;
  if (place.guild === undefined || place.root === undefined || first === undefined) return [];
  if (first.id !== place.root) {
    try {
      const thread = { ...place, guild: place.guild, root: place.root };
      return await readThread(thread, first.id, world, signal);
    } catch (error) {
      // No thread, but a chain of replies in the channel.
      if (!(error instanceof DiscordApiError) || error.code !== errorCodes.unknownChannel)
        throw error;
    }
  }
  if (world.chains.repliesToNothing(first.id)) return [];
  return readReplyChain({ ...place, guild: place.guild }, first.id, world, signal);
}

async function readThread(
  { guild, channel, root }: DiscordLocation & { guild: string; root: string },
  before: string,
  world: ThreadContextOptions,
  signal: AbortSignal,
): Promise<readonly EarlierEntry[]> {
  const past: EarlierEntry[] = [];
  let from = before;
  for (let pages = 0; pages < maxPages; pages += 1) {
    const query = { limit: `${pageSize}`, before: from };
    const path = `/channels/${root}/messages` as const;
    const found = messagesOldestFirst(await world.api.read(path, query, world.throttle, signal));
    const page: EarlierEntry[] = [];
    // One by one: the same few people are asked for once.
    for (const one of found)
      page.push(...(await allowedPast(parseMessage(one), guild, world, signal)));
    past.unshift(...page);
    const oldest = found[0]?.['id'];
    if (found.length < pageSize || typeof oldest !== 'string') break;
    from = oldest;
  }
  // A thread from a message shows that message above its own; a forum post holds it itself.
  const starter = past.some(({ id }) => id === root)
    ? undefined
    : await world.chains.readMessage(channel, root, signal);
  const beginning = await allowedPast(starter, guild, world, signal);
  // Discord proposes the words of that message as the thread's name.
  const isLeftOut = starter !== undefined && beginning.length === 0;
  const thread = isLeftOut ? undefined : await findThread(root, world, signal);
  const title =
    thread === undefined || !(await mayReadTitle(thread, guild, world, signal))
      ? ''
      : threadTitle(thread, world.channels);
  const above = { id: `title-${root}`, role: 'user', text: title, at: timeOf(root) - 1 } as const;
  return [...(title === '' ? [] : [above]), ...beginning, ...past];
}

/** The thread of a question of one's own is called what was asked; another is called by its owner. */
async function mayReadTitle(
  { owner: id }: Channel,
  guild: string,
  { bot, accessCheck }: ThreadContextOptions,
  signal: AbortSignal,
): Promise<boolean> {
  if (id === undefined) return true;
  if (id === bot.id) return false;
  return (await accessCheck.denialReasonOfSender(guild, { id, bot: false }, signal)) === undefined;
}

/** What is said in a thread matters more than what it is called. */
async function findThread(
  id: string,
  { channels }: ThreadContextOptions,
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

async function readReplyChain(
  { guild, channel }: DiscordLocation & { guild: string },
  first: string,
  world: ThreadContextOptions,
  signal: AbortSignal,
): Promise<readonly EarlierEntry[]> {
  const past: EarlierEntry[] = [];
  let message = await world.chains.readMessage(channel, first, signal);
  for (let steps = 0; message?.repliesTo !== undefined && steps < maxSteps; steps += 1) {
    const { id, author, repliesTo } = message.repliesTo;
    if (author?.id === world.bot.id && repliesTo !== undefined) {
      const conversation = await world.chains.conversationOfQuestion(
        guild,
        channel,
        repliesTo,
        signal,
      );
      const known =
        conversation === undefined ? undefined : await storedBranch(conversation, repliesTo, world);
      if (known !== undefined) return [...known, ...past];
    }
    message = await world.chains.readMessage(channel, id, signal);
    past.unshift(...(await allowedPast(message, guild, world, signal)));
  }
  return past;
}

/** What is stored of a conversation up to the answer to this question. */
async function storedBranch(
  conversation: ConversationId,
  question: string,
  { store }: ThreadContextOptions,
): Promise<readonly EarlierEntry[] | undefined> {
  const { history, running } = await store.conversationView(conversation);
  const turn = history.find(({ id }) => id === question)?.turn;
  if (turn !== undefined) {
    return history.slice(0, history.findLastIndex((entry) => entry.turn === turn) + 1);
  }
  if (running === undefined || !running.messages.some(({ id }) => id === question)) {
    return undefined;
  }
  // Its answer is still being written: as much as people read of it.
  const asked = running.messages.map(({ id, author, text, sentAt: at }): EarlierEntry => ({
    id,
    role: 'user',
    author,
    text,
    at,
  }));
  const at = Math.max(...asked.map((one) => one.at));
  const text = running.pages.map(({ source }) => source).join('');
  const answer: EarlierEntry = { id: running.id, role: 'assistant', turn: running.id, text, at };
  return [...history, ...asked, answer];
}

/** Nothing of whoever may not use the bot. */
async function allowedPast(
  message: DiscordMessage | undefined,
  guild: string,
  { bot, names, accessCheck }: ThreadContextOptions,
  signal: AbortSignal,
): Promise<EarlierEntry[]> {
  if (message === undefined) return [];
  const text = messageText(message, bot, names);
  const at = timeOf(message.id);
  if (message.author.id === bot.id) return [{ id: message.id, role: 'assistant', text, at }];
  if ((await accessCheck.denialReasonOfSender(guild, message.author, signal)) !== undefined)
    return [];
  const { id, name } = message.author;
  return [{ id: message.id, role: 'user', author: { id, name }, text, at }];
}
