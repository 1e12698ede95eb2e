import { isObject } from './arguments.ts';
import { ApiError } from './api-error.ts';

type Block = Readonly<Record<string, unknown>>;

const mostBlocks = 50;
const mostMarkdown = 12_000;
const mostSectionText = 3_000;
const mostHeaderText = 150;
const mostTable = { rows: 100, columns: 20, chars: 10_000 };

/** Throws what Slack would answer to blocks that are too many, too long or of no known shape. */
export function checkBlocks(blocks: readonly Block[]): void {
  if (blocks.length > mostBlocks) invalid(`no more than ${mostBlocks} items allowed`);
  let markdown = 0;
  let tables = 0;
  for (const block of blocks) {
    switch (block['type']) {
      case 'markdown':
        markdown += textIn(block, 'text').length;
        break;
      case 'section':
        checkText(block, mostSectionText, ['mrkdwn', 'plain_text']);
        break;
      case 'header':
        checkText(block, mostHeaderText, ['plain_text']);
        break;
      case 'table':
        tables += 1;
        checkTable(block);
        break;
      default:
        if (typeof block['type'] !== 'string') invalid('missing required field: type');
    }
  }
  if (markdown > mostMarkdown) throw new ApiError('msg_blocks_too_long');
  if (tables > 1) invalid('only one table allowed');
}

function checkText(block: Block, most: number, types: readonly string[]): void {
  const text = block['text'];
  if (text === undefined && Array.isArray(block['fields'])) return;
  if (!isObject(text) || !types.includes(String(text['type']))) invalid('unsupported type: text');
  else {
    const { length } = textIn(text, 'text');
    if (length === 0) invalid('must be more than 0 characters [json-pointer:/text/text]');
    if (length > most) invalid(`must be less than ${most + 1} characters`);
  }
}

function checkTable(block: Block): void {
  const rows: unknown[] = Array.isArray(block['rows']) ? block['rows'] : [];
  if (rows.length === 0 || rows.length > mostTable.rows) invalid('rows: from 1 to 100');
  for (const row of rows) {
    if (!Array.isArray(row) || row.length > mostTable.columns) invalid('columns: at most 20');
  }
  if (stringsIn(rows).join('').length > mostTable.chars) throw new ApiError('msg_blocks_too_long');
}

function invalid(message: string): never {
  throw new ApiError('invalid_blocks', { response_metadata: { messages: [`[ERROR] ${message}`] } });
}

function textIn(block: Block, name: string): string {
  const value = block[name];
  return typeof value === 'string' ? value : '';
}

/** What people read in blocks; mentions that blocks make read as they do in mrkdwn. */
export function textOfBlocks(blocks: readonly Block[]): string {
  return blocks.map((block) => stringsIn(block).join('')).join('\n');
}

/** What people read in attachments. */
export function textOfAttachments(attachments: readonly Block[]): string {
  return attachments
    .map((attachment) => {
      const parts = ['pretext', 'title', 'text'].map((name) => textIn(attachment, name));
      const text = parts.filter((part) => part !== '').join('\n');
      return text === '' ? textIn(attachment, 'fallback') : text;
    })
    .join('\n');
}

const unread = new Set(['type', 'block_id', 'action_id', 'style', 'image_url', 'value', 'name']);

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(stringsIn);
  if (!isObject(value)) return [];
  if (typeof value['user_id'] === 'string') return [`<@${value['user_id']}>`];
  if (typeof value['usergroup_id'] === 'string') return [`<!subteam^${value['usergroup_id']}>`];
  if (value['type'] === 'broadcast') return [`<!${String(value['range'])}>`];
  return Object.entries(value).flatMap(([name, part]) => (unread.has(name) ? [] : stringsIn(part)));
}
