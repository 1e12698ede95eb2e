import type { Arguments } from '../arguments.ts';
import type { Channel } from '../channel.ts';
import type { EventPublisher } from '../events/event-publisher.ts';
import type { Payload } from '../events/payloads.ts';
import type { SocketMode } from '../events/socket-mode.ts';
import type { Call, ActivityRecord } from '../activity-record.ts';
import type { Message } from '../message.ts';
import type { Settings } from '../options.ts';
import { ApiError } from '../api-error.ts';
import type { Workspace } from '../workspace.ts';

/** What methods work on. */
export interface MethodServices {
  readonly settings: Settings;
  readonly history: ActivityRecord;
  readonly publisher: EventPublisher;
  readonly sockets: SocketMode;
  /** Such as `127.0.0.1:40123`. */
  readonly host: string;
  /** Where sockets are to be connected to, such as `ws://127.0.0.1:4002`. */
  readonly socketUrl: string;
}

/** One call, once its token is known to be good. */
export interface MethodCall {
  readonly world: MethodServices;
  readonly workspace: Workspace;
  readonly args: Arguments;
  readonly call: Call;
}

/** A method of the Web API. */
export interface Method {
  /** The arguments that Slack knows, beside the token. */
  readonly takes: readonly string[];
  /** Which token it wants; the bot's by default. */
  readonly token?: 'app';
  /** One of these is needed; none by default. */
  readonly scopes?: readonly string[];
  /** Returns the answer without `ok`; throws `Refusal`. */
  readonly run: (methodCall: MethodCall) => Payload;
}

/** Throws `missing_scope` unless the token may do one of these. */
export function needScope({ workspace }: MethodCall, scopes: readonly string[]): void {
  if (scopes.length === 0 || scopes.some((scope) => workspace.scopes.has(scope))) return;
  const provided = [...workspace.scopes].join(',');
  throw new ApiError('missing_scope', { needed: scopes[0], provided });
}

/** The channel that a call names, if the bot may look into it. */
export function channelOf(methodCall: MethodCall, argument = 'channel'): Channel {
  const { workspace, args } = methodCall;
  const id = args.needed(argument);
  const channel = workspace.channels.get(id);
  if (channel === undefined) throw new ApiError('channel_not_found');
  if (channel.members.has(workspace.bot.id)) return channel;
  throw new ApiError(channel.kind === 'public' ? 'not_in_channel' : 'channel_not_found');
}

/** The bot's own message that a call names; `notOurs` is the answer for one of somebody else. */
export function ownMessage(methodCall: MethodCall, channel: Channel, notOurs: string): Message {
  const message = channel.find(methodCall.args.needed('ts'));
  if (message === undefined) throw new ApiError('message_not_found');
  if (message.author.user !== methodCall.workspace.bot.id) throw new ApiError(notOurs);
  return message;
}

/** Takes note of whom a message of the bot calls, and that the status over it is gone. */
export function noteBotMessage({ world, workspace, call }: MethodCall, message: Message): void {
  const { history, settings } = world;
  history.notify(workspace.id, message, call.method);
  const root = message.threadTs;
  if (root === undefined) return;
  const status = history.currentStatus(workspace.id, message.channel, root, settings.statusLastsMs);
  if (status !== '') history.status(workspace.id, message.channel, root, '');
}
