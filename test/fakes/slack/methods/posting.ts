import type { Channel } from '../channel.ts';
import { contentsOf, metadataOf } from '../message-contents.ts';
import { type Payload, messagePayload } from '../events/payloads.ts';
import { ApiError } from '../api-error.ts';
import { type MethodCall, type Method, noteBotMessage, ownMessage, channelOf } from './method.ts';

const contents = [
  'channel',
  'text',
  'markdown_text',
  'blocks',
  'attachments',
  'link_names',
  'parse',
];
const looks = ['username', 'icon_url', 'icon_emoji', 'as_user'];

export const postMessage: Method = {
  takes: [
    ...contents,
    ...looks,
    'thread_ts',
    'reply_broadcast',
    'metadata',
    'mrkdwn',
    'unfurl_links',
    'unfurl_media',
  ],
  scopes: ['chat:write'],
  run(methodCall) {
    const { world, workspace, args } = methodCall;
    const channel = writable(methodCall);
    const sent = contentsOf(args, 'post');
    const metadata = metadataOf(args);
    const threadTs = rootOf(methodCall, channel);
    const broadcast = threadTs !== undefined && args.flag('reply_broadcast') === true;
    const message = channel.add({
      ...sent,
      author: workspace.authorOf(workspace.bot),
      ...(threadTs === undefined ? {} : { threadTs }),
      ...(broadcast ? { subtype: 'thread_broadcast' } : {}),
      ...(metadata === undefined || metadata === null ? {} : { metadata }),
    });
    const quiet = args.flag('unfurl_links') === false && args.flag('unfurl_media') === false;
    if (!quiet) {
      world.history.unfurl(workspace.id, message);
      world.history.violated(methodCall.call, 'unfurl_links and unfurl_media must both be false');
    }
    checkLinking(methodCall);
    noteBotMessage(methodCall, message);
    world.publisher.posted(workspace, channel, message);
    return {
      channel: channel.id,
      ts: message.ts,
      message: messagePayload(workspace, channel, message, { metadata: true }),
      ...(sent.truncated ? warned('message_truncated') : {}),
    };
  },
};

export const postEphemeral: Method = {
  takes: [...contents, ...looks, 'user', 'thread_ts'],
  scopes: ['chat:write'],
  run(methodCall) {
    const { world, workspace, args } = methodCall;
    const channel = writable(methodCall);
    const user = args.needed('user');
    if (!channel.members.has(user)) throw new ApiError('user_not_in_channel');
    const { text } = contentsOf(args, 'post');
    const place = { team: workspace.id, channel: channel.id, user };
    world.history.ephemerals.push({ ...place, text, threadTs: args.text('thread_ts') });
    return { message_ts: `${Math.floor(Date.now() / 1_000)}.000000` };
  },
};

export const update: Method = {
  takes: [...contents, 'ts', 'as_user', 'metadata', 'file_ids', 'reply_broadcast'],
  scopes: ['chat:write'],
  run(methodCall) {
    const { world, workspace, args } = methodCall;
    const channel = channelOf(methodCall);
    if (channel.archived) throw new ApiError('is_inactive');
    const message = ownMessage(methodCall, channel, 'cant_update_message');
    const { stream } = message;
    if (stream?.state === 'open' && isRunning(stream.startedAt, world.settings.streamLastsMs)) {
      throw new ApiError('streaming_state_conflict');
    }
    const sent = contentsOf(args, 'update');
    const metadata = metadataOf(args);
    const previous = messagePayload(workspace, channel, message, { replies: true });
    channel.write(message, sent);
    message.edited = { user: workspace.bot.id, ts: `${Math.floor(Date.now() / 1_000)}.000000` };
    if (metadata !== undefined) message.metadata = metadata ?? undefined;
    checkLinking(methodCall);
    noteBotMessage(methodCall, message);
    world.publisher.changed(workspace, channel, message, previous);
    const shown = messagePayload(workspace, channel, message, { metadata: true });
    return { channel: channel.id, ts: message.ts, text: sent.text, message: shown };
  },
};

export const remove: Method = {
  takes: ['channel', 'ts', 'as_user'],
  scopes: ['chat:write'],
  run(methodCall) {
    const { world, workspace } = methodCall;
    const channel = channelOf(methodCall);
    const message = ownMessage(methodCall, channel, 'cant_delete_message');
    world.publisher.deleted(workspace, channel, message);
    channel.remove(message);
    return { channel: channel.id, ts: message.ts };
  },
};

/** Whether a stream that began then is still open by itself. */
export function isRunning(startedAt: number, lastsMs: number): boolean {
  return performance.now() - startedAt < lastsMs;
}

/** The channel to post in; a person's id stands for the direct messages with them. */
function writable(methodCall: MethodCall): Channel {
  const { workspace, args } = methodCall;
  const direct = workspace.directChannel(args.needed('channel'));
  const channel = direct ?? channelOf(methodCall);
  if (channel.archived) throw new ApiError('is_archived');
  return channel;
}

/**
 * The thread to post in. Under a message that is gone there is none, and Slack then posts into
 * the channel without a word.
 */
export function rootOf(methodCall: MethodCall, channel: Channel): string | undefined {
  const { world, args, call } = methodCall;
  const ts = args.text('thread_ts');
  if (ts === undefined || ts === '') return undefined;
  if (typeof args.raw['thread_ts'] !== 'string') {
    world.history.violated(call, 'thread_ts must be a string, or it loses digits');
  }
  const parent = channel.find(ts);
  if (parent?.threadTs !== undefined) {
    world.history.violated(call, 'thread_ts must be that of the root, not of a reply');
    return parent.threadTs;
  }
  return parent?.ts ?? (channel.replies(ts).length > 0 ? ts : undefined);
}

function checkLinking({ world, args, call }: MethodCall): void {
  if (args.flag('link_names') === true) world.history.violated(call, 'link_names calls people');
  if (args.text('parse') === 'full') world.history.violated(call, 'parse=full calls people');
}

function warned(warning: string): Payload {
  return { warning, response_metadata: { warnings: [warning] } };
}
