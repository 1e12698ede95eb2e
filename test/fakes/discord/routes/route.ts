import type { EventPublisher } from '../event-publisher.ts';
import type { Channel } from '../channel.ts';
import type { Actions } from '../actions.ts';
import type { Gateway } from '../gateway/gateway.ts';
import type { Message } from '../message.ts';
import type { Settings } from '../options.ts';
import type { Payload } from '../payload.ts';
import { type PermissionName, permission } from '../permissions.ts';
import { ApiError, notSnowflake } from '../api-error.ts';
import { isSnowflake } from '../snowflakes.ts';
import type { DiscordState } from '../discord-state.ts';

/** What routes work on. */
export interface RouteServices {
  readonly world: DiscordState;
  readonly actions: Actions;
  readonly publisher: EventPublisher;
  readonly settings: Settings;
  readonly gateway: Gateway;
}

/** One call, once its token is known to be good. */
export interface RouteCall extends RouteServices {
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
  readonly run: (call: RouteCall) => Payload | Payload[] | undefined;
}

/** The id in the path, such as `channel`. */
export function idOf({ params }: RouteCall, name: string): string {
  const id = params[name];
  if (!isSnowflake(id)) throw notSnowflake(`${name}_id`, id);
  return id;
}

/** The channel of the path, if the bot may look into it. */
export function channelOf(call: RouteCall): Channel {
  const { world } = call;
  const channel = world.channels.get(idOf(call, 'channel'));
  if (channel === undefined || channel.deleted) throw new ApiError(10003);
  if (!world.may(world.bot, channel, permission.ViewChannel)) throw new ApiError(50001);
  return channel;
}

/** The message of the path. */
export function messageOf(call: RouteCall, channel: Channel): Message {
  const message = channel.find(idOf(call, 'message'));
  if (message === undefined) throw new ApiError(10008);
  return message;
}

export function botMay({ world }: RouteCall, channel: Channel, name: PermissionName): boolean {
  return world.may(world.bot, channel, permission[name]);
}

export function need(call: RouteCall, channel: Channel, name: PermissionName): void {
  if (!botMay(call, channel, name)) throw new ApiError(50013);
}

/** Throws if the bot may not write here now. */
export function needToWrite(call: RouteCall, channel: Channel): void {
  const { world } = call;
  if (channel.kind === 'category' || channel.kind === 'forum') throw new ApiError(50008);
  if (channel.recipientId !== undefined) {
    const recipient = world.users.get(channel.recipientId);
    if (recipient === undefined || recipient.directMessagesClosed) throw new ApiError(50007);
    if (!world.sharesGuild(recipient)) throw new ApiError(50278);
    return;
  }
  need(call, channel, channel.thread === undefined ? 'SendMessages' : 'SendMessagesInThreads');
  // Discord says "archived" of what is locked, too.
  const locked = channel.thread?.locked === true;
  if (locked && !botMay(call, channel, 'ManageThreads')) {
    throw new ApiError(50083, { status: 403 });
  }
}
