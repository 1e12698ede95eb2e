import type { Channel, ChannelKind } from '../channel.ts';
import { type Payload, messagePayload, tombstone } from '../events/payloads.ts';
import type { Message } from '../message.ts';
import { ApiError } from '../api-error.ts';
import { microsOf } from '../timestamps.ts';
import { type MethodCall, type Method, needScope, channelOf } from './method.ts';

const paging = ['cursor', 'limit', 'oldest', 'latest', 'inclusive', 'include_all_metadata'];
const mostPerPage = 999;

const scopes: Readonly<Record<ChannelKind, string>> = {
  public: 'channels:history',
  private: 'groups:history',
  im: 'im:history',
  mpim: 'mpim:history',
};

export const history: Method = {
  takes: ['channel', ...paging],
  run(methodCall) {
    const channel = readable(methodCall);
    const newestFirst = channel.top.filter(within(methodCall)).toReversed();
    return page(methodCall, channel, newestFirst, 100);
  },
};

export const replies: Method = {
  takes: ['channel', 'ts', ...paging],
  run(methodCall) {
    const channel = readable(methodCall);
    const ts = methodCall.args.needed('ts');
    const root = channel.find(ts);
    const thread = channel.replies(ts);
    if (root === undefined && thread.length === 0) throw new ApiError('thread_not_found');
    const answer = page(methodCall, channel, thread.filter(within(methodCall)), 1_000);
    // The root stands at the head of every page, and leaves a sign behind when it is deleted.
    const first =
      root === undefined
        ? tombstone(channel, methodCall.workspace.message(channel.id, ts))
        : messagePayload(methodCall.workspace, channel, root, optionsOf(methodCall));
    return { ...answer, messages: [first, ...(answer['messages'] as Payload[])] };
  },
};

function readable(methodCall: MethodCall): Channel {
  const channel = channelOf(methodCall);
  needScope(methodCall, [scopes[channel.kind]]);
  return channel;
}

function within({ args }: MethodCall): (message: Message) => boolean {
  const oldest = args.text('oldest') ?? '0';
  const latest = args.text('latest') ?? '';
  const from = microsOf(oldest);
  const to = latest === '' ? Number.POSITIVE_INFINITY : microsOf(latest);
  if (Number.isNaN(from)) throw new ApiError('invalid_ts_oldest');
  if (Number.isNaN(to)) throw new ApiError('invalid_ts_latest');
  const inclusive = args.flag('inclusive') === true;
  return ({ ts }) => {
    const at = microsOf(ts);
    return inclusive ? at >= from && at <= to : at > from && at < to;
  };
}

/** Pages go on behind the message that the cursor names, whatever was posted meanwhile. */
function page(
  methodCall: MethodCall,
  channel: Channel,
  messages: readonly Message[],
  usualLimit: number,
): Payload {
  const { args, workspace } = methodCall;
  const limit = Math.min(mostPerPage, Math.max(1, args.count('limit', usualLimit) || usualLimit));
  const start = startOf(args.text('cursor') ?? '', messages);
  const shown = messages.slice(start, start + limit);
  const next = messages[start + limit];
  return {
    messages: shown.map((message) =>
      messagePayload(workspace, channel, message, optionsOf(methodCall)),
    ),
    has_more: next !== undefined,
    pin_count: 0,
    response_metadata: { next_cursor: next === undefined ? '' : cursorTo(next.ts) },
  };
}

function startOf(cursor: string, messages: readonly Message[]): number {
  if (cursor === '') return 0;
  const [name, ts = ''] = Buffer.from(cursor, 'base64').toString().split(':');
  const start = messages.findIndex((message) => message.ts === ts);
  if (name === 'next_ts' && start >= 0) return start;
  throw new ApiError('invalid_cursor');
}

function cursorTo(ts: string): string {
  return Buffer.from(`next_ts:${ts}`).toString('base64');
}

function optionsOf({ args }: MethodCall): { metadata: boolean; replies: true } {
  return { metadata: args.flag('include_all_metadata') === true, replies: true };
}
