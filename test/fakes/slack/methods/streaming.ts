import { type Arguments, isObject } from '../arguments.ts';
import { checkBlocks, textOfBlocks } from '../blocks.ts';
import type { Channel } from '../channel.ts';
import { metadataOf, mostMarkdownText } from '../message-contents.ts';
import { messagePayload } from '../events/payloads.ts';
import type { Message } from '../message.ts';
import { ApiError } from '../api-error.ts';
import { type MethodCall, type Method, noteBotMessage, ownMessage, channelOf } from './method.ts';
import { isRunning, rootOf } from './posting.ts';

/** What a stream holds in all, in UTF-16 units, whatever its bytes. */
const mostStreamText = 12_000;

export const startStream: Method = {
  takes: [
    'channel',
    'thread_ts',
    'markdown_text',
    'chunks',
    'recipient_user_id',
    'recipient_team_id',
    'task_display_mode',
    'username',
    'icon_url',
    'icon_emoji',
  ],
  scopes: ['chat:write'],
  run(methodCall) {
    const { world, workspace, args } = methodCall;
    const channel = channelOf(methodCall);
    if (channel.archived) throw new ApiError('is_archived');
    args.needed('thread_ts');
    if (channel.kind !== 'im') checkRecipient(methodCall);
    const text = wordsOf(args) ?? '';
    checkRoom(world.settings.streamHoldsBytes, text);
    const threadTs = rootOf(methodCall, channel);
    const message = channel.add({
      text,
      author: workspace.authorOf(workspace.bot),
      ...(threadTs === undefined ? {} : { threadTs }),
    });
    message.stream = { state: 'open', full: false, startedAt: performance.now() };
    written(methodCall, message);
    world.publisher.posted(workspace, channel, message);
    return { channel: channel.id, ts: message.ts };
  },
};

export const appendStream: Method = {
  takes: ['channel', 'ts', 'markdown_text', 'chunks'],
  scopes: ['chat:write'],
  run(methodCall) {
    const channel = channelOf(methodCall);
    const message = openStream(methodCall, channel);
    const words = wordsOf(methodCall.args);
    if (words === undefined) throw new ApiError('no_text');
    append(methodCall, channel, message, words);
    return { channel: channel.id, ts: message.ts };
  },
};

export const stopStream: Method = {
  takes: ['channel', 'ts', 'markdown_text', 'chunks', 'blocks', 'metadata', 'session_status'],
  scopes: ['chat:write'],
  run(methodCall) {
    const { world, workspace, args } = methodCall;
    const channel = channelOf(methodCall);
    const message = openStream(methodCall, channel);
    const blocks = args.list('blocks', 'invalid_blocks_format') ?? [];
    checkBlocks(blocks);
    const metadata = metadataOf(args);
    const previous = messagePayload(workspace, channel, message);
    const below = blocks.length === 0 ? '' : `\n${textOfBlocks(blocks)}`;
    append(methodCall, channel, message, `${wordsOf(args) ?? ''}${below}`);
    if (message.stream !== undefined) message.stream.state = 'stopped';
    if (metadata !== undefined) message.metadata = metadata ?? undefined;
    world.publisher.changed(workspace, channel, message, previous);
    const shown = messagePayload(workspace, channel, message, { metadata: true });
    return { channel: channel.id, ts: message.ts, message: shown };
  },
};

function openStream(methodCall: MethodCall, channel: Channel): Message {
  if (channel.archived) throw new ApiError('is_archived');
  const message = ownMessage(methodCall, channel, 'message_not_owned_by_app');
  const { stream } = message;
  const { streamLastsMs } = methodCall.world.settings;
  if (stream?.state === 'stopped-by-user') throw new ApiError('stopped_by_user');
  if (stream?.state !== 'open' || !isRunning(stream.startedAt, streamLastsMs)) {
    throw new ApiError('message_not_in_streaming_state');
  }
  return message;
}

function append(methodCall: MethodCall, channel: Channel, message: Message, words: string): void {
  if (words === '') return;
  const text = `${message.contents.text}${words}`;
  const { stream } = message;
  try {
    if (stream?.full === true) throw new ApiError('msg_too_long');
    checkRoom(methodCall.world.settings.streamHoldsBytes, text);
  } catch (error) {
    if (stream !== undefined) stream.full = true;
    throw error;
  }
  channel.write(message, { text });
  written(methodCall, message);
}

/** A stream calls people by what it reads as a whole, and its links are always fetched. */
function written(methodCall: MethodCall, message: Message): void {
  noteBotMessage(methodCall, message);
  methodCall.world.history.unfurl(methodCall.workspace.id, message);
}

function checkRecipient({ args }: MethodCall): void {
  if ((args.text('recipient_user_id') ?? '') === '')
    throw new ApiError('missing_recipient_user_id');
  if ((args.text('recipient_team_id') ?? '') === '')
    throw new ApiError('missing_recipient_team_id');
}

function checkRoom(mostBytes: number, text: string): void {
  if (text.length > mostStreamText || Buffer.byteLength(text) > mostBytes) {
    throw new ApiError('msg_too_long');
  }
}

/** The words of a call; tasks and plans read as their titles, each on a line. */
function wordsOf(args: Arguments): string | undefined {
  const markdown = args.text('markdown_text');
  const chunks = args.list('chunks', 'invalid_chunks');
  if (markdown !== undefined && markdown.length > mostMarkdownText)
    throw new ApiError('msg_too_long');
  if (chunks === undefined) return markdown;
  return (markdown ?? '') + chunks.map(wordsOfChunk).join('');
}

function wordsOfChunk(chunk: Record<string, unknown>): string {
  const { type, text, title, blocks } = chunk;
  if (type === 'markdown_text' && typeof text === 'string') return text;
  if (type === 'plan_update' && typeof title === 'string') return `\n${title}\n`;
  if (type === 'task_update' && typeof title === 'string' && typeof chunk['id'] === 'string') {
    return `\n${title}: ${String(chunk['status'])}\n`;
  }
  if (type === 'blocks' && Array.isArray(blocks)) {
    const list = blocks.filter(isObject);
    checkBlocks(list);
    return `\n${textOfBlocks(list)}\n`;
  }
  throw new ApiError('invalid_chunks');
}
