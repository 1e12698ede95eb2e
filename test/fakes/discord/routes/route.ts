import type { Announcer } from '../event-publisher.ts';
import type { Channel } from '../channel.ts';
import type { Deeds } from '../actions.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { Message } from '../message.ts';
import type { Settings } from '../options.ts';
import type { Payload } from '../payload.ts';
import { type PermissionName, permission } from '../permissions.ts';
import { Refusal, notSnowflake } from '../api-error.ts';
import { isSnowflake } from '../snowflakes.ts';
import type { World } from '../discord-state.ts';

/** What routes work on. */
export interface Office {
  readonly world: World;
  readonly deeds: Deeds;
  readonly announcer: Announcer;
  readonly settings: Settings;
  readonly gateway: Gateway;
}

/** One call, once its token is known to be good. */
export interface Calling extends Office {
  /** The ids in the path. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: Payload;
}

/** A method on a path. */
export interface Route {
  readonly method: string;
  /** `:name` stands for an id. */
  readonly path: string;
  /** The name of a further limit that this call spends, such as `name`. */
  readonly sublimit?: (body: Payload) => string | undefined;
  /** Answered with 201 instead of 200. */
  readonly creates?: boolean;
  /** Returns the answer, or undefined for 204; throws `Refusal`. */
  readonly run: (calling: Calling) => Payload | Payload[] | undefined;
}

/** The id in the path, such as `channel`. */
export function idOf({ params }: Calling, name: string): string {
  const id = params[name];
  if (!isSnowflake(id)) throw notSnowflake(`${name}_id`, id);
  return id;
}

/** The channel of the path, if the bot may look into it. */
export function placeOf(calling: Calling): Channel {
  const { world } = calling;
  const channel = world.channels.get(idOf(calling, 'channel'));
  if (channel === undefined || channel.deleted) throw new Refusal(10003);
  if (!world.may(world.bot, channel, permission.ViewChannel)) throw new Refusal(50001);
  return channel;
}

/** The message of the path. */
export function messageOf(calling: Calling, channel: Channel): Message {
  const message = channel.find(idOf(calling, 'message'));
  if (message === undefined) throw new Refusal(10008);
  return message;
}

export function botMay({ world }: Calling, channel: Channel, name: PermissionName): boolean {
  return world.may(world.bot, channel, permission[name]);
}

export function need(calling: Calling, channel: Channel, name: PermissionName): void {
  if (!botMay(calling, channel, name)) throw new Refusal(50013);
}

/** Throws if the bot may not write here now. */
export function needToWrite(calling: Calling, channel: Channel): void {
  const { world } = calling;
  if (channel.kind === 'category' || channel.kind === 'forum') throw new Refusal(50008);
  if (channel.recipientId !== undefined) {
    const recipient = world.users.get(channel.recipientId);
    if (recipient === undefined || recipient.directMessagesClosed) throw new Refusal(50007);
    if (!world.sharesGuild(recipient)) throw new Refusal(50278);
    return;
  }
  need(calling, channel, channel.thread === undefined ? 'SendMessages' : 'SendMessagesInThreads');
  // Discord says "archived" of what is locked, too.
  const locked = channel.thread?.locked === true;
  if (locked && !botMay(calling, channel, 'ManageThreads')) {
    throw new Refusal(50083, { status: 403 });
  }
}
