import { type Arguments, isObject } from './arguments.ts';
import { checkBlocks } from './blocks.ts';
import type { Contents } from './message.ts';
import { ApiError } from './api-error.ts';

const mostUpdateText = 4_000;
const mostPostText = 40_000;
/** Of `markdown_text`, per call. */
export const mostMarkdownText = 12_000;
const mostAttachments = 100;
/** Of a message's metadata as JSON, in UTF-16 units. */
const mostMetadata = 16_000;

export interface SentContents extends Contents {
  /** Slack cut it. */
  readonly truncated: boolean;
  /** It came as `markdown_text`. */
  readonly markdown: boolean;
}

/** What a post or an update would show. Throws what Slack would answer to what does not fit. */
export function contentsOf(args: Arguments, as: 'post' | 'update'): SentContents {
  const text = args.text('text') ?? '';
  const markdown = args.text('markdown_text');
  const blocks = args.list('blocks', 'invalid_blocks_format');
  const attachments = args.list('attachments', 'invalid_attachments');

  if (markdown !== undefined) {
    if (text !== '' || blocks !== undefined) throw new ApiError('markdown_text_conflict');
    if (markdown.length > mostMarkdownText) throw new ApiError('msg_too_long');
  }
  if (as === 'update' && text.length > mostUpdateText) throw new ApiError('msg_too_long');
  if (blocks !== undefined) checkBlocks(blocks);
  if ((attachments?.length ?? 0) > mostAttachments) throw new ApiError('too_many_attachments');

  const words = markdown ?? text;
  const bare = (blocks?.length ?? 0) === 0 && (attachments?.length ?? 0) === 0;
  if (bare && words.trim() === '') throw new ApiError('no_text');
  return {
    text: words.slice(0, mostPostText),
    truncated: words.length > mostPostText,
    markdown: markdown !== undefined,
    ...(blocks === undefined ? {} : { blocks }),
    ...(attachments === undefined ? {} : { attachments }),
  };
}

/** A message's metadata; undefined if none was sent, null to remove what it had. */
export function metadataOf(args: Arguments): Record<string, unknown> | null | undefined {
  const metadata = args.nested('metadata', 'invalid_metadata_format');
  if (metadata === undefined) return undefined;
  if (!isObject(metadata)) throw new ApiError('invalid_metadata_format');
  if (Object.keys(metadata).length === 0) return null;
  if (JSON.stringify(metadata).length > mostMetadata) throw new ApiError('metadata_too_large');
  if (typeof metadata['event_type'] !== 'string' || !isObject(metadata['event_payload'])) {
    throw new ApiError('invalid_metadata_schema');
  }
  return metadata;
}
