import { isObject } from '../arguments.ts';
import type { Channel } from '../channel.ts';
import { ApiError } from '../api-error.ts';
import { type MethodCall, type Method, channelOf } from './method.ts';

const mostPrompts = 4;
const mostLoadingMessages = 10;

export const setStatus: Method = {
  takes: [
    'channel_id',
    'thread_ts',
    'status',
    'loading_messages',
    'username',
    'icon_url',
    'icon_emoji',
  ],
  // Slack takes either for now, and means to take chat:write alone.
  scopes: ['chat:write', 'assistant:write'],
  run(methodCall) {
    const { world, workspace, args } = methodCall;
    const channel = channelOf(methodCall, 'channel_id');
    const threadTs = threadOf(methodCall, channel);
    const status = args.text('status');
    if (status === undefined) args.needed('status');
    const messages = args.nested('loading_messages', 'invalid_arguments');
    if (Array.isArray(messages) && messages.length > mostLoadingMessages) {
      throw new ApiError('invalid_arguments');
    }
    world.history.status(workspace.id, channel.id, threadTs, status ?? '');
    return {};
  },
};

export const setSuggestedPrompts: Method = {
  takes: ['channel_id', 'thread_ts', 'prompts', 'title'],
  scopes: ['assistant:write'],
  run(methodCall) {
    const { workspace, args } = methodCall;
    const channel = channelOf(methodCall, 'channel_id');
    if (args.text('thread_ts') !== undefined) threadOf(methodCall, channel);
    const prompts = args.list('prompts', 'invalid_arguments') ?? [];
    if (prompts.length === 0 || prompts.length > mostPrompts || !prompts.every(isPrompt)) {
      throw new ApiError('invalid_arguments');
    }
    workspace.prompts.push({ channel: channel.id, title: args.text('title'), prompts });
    return {};
  },
};

export const setTitle: Method = {
  takes: ['channel_id', 'thread_ts', 'title'],
  scopes: ['assistant:write'],
  run(methodCall) {
    const channel = channelOf(methodCall, 'channel_id');
    const threadTs = threadOf(methodCall, channel);
    const title = methodCall.args.needed('title');
    methodCall.workspace.titles.push({ channel: channel.id, threadTs, title });
    return {};
  },
};

function threadOf({ args }: MethodCall, channel: Channel): string {
  const ts = args.needed('thread_ts');
  const message = channel.find(ts);
  if (message === undefined && channel.replies(ts).length === 0) {
    throw new ApiError('invalid_thread_ts');
  }
  return ts;
}

function isPrompt(prompt: unknown): boolean {
  return (
    isObject(prompt) &&
    typeof prompt['title'] === 'string' &&
    typeof prompt['message'] === 'string' &&
    prompt['title'] !== '' &&
    prompt['message'] !== ''
  );
}
