import { type AllowedMentions, allowedMentionsOf } from '../mentions.ts';
import type { Contents } from '../message.ts';
import { type Payload, codePoints, isObject } from '../payload.ts';
import { ApiError, invalid, notSnowflake, tooLong } from '../api-error.ts';
import { isSnowflake } from '../snowflakes.ts';

/** In code points. */
const mostContent = 2_000;
const mostEmbeds = 10;
const mostOfEmbeds = 6_000;

/** The content that a body brings, trimmed as Discord does; undefined if it brings none. */
export function contentOf(body: Payload): string | undefined {
  const { content } = body;
  if (content === undefined || content === null) return undefined;
  if (typeof content === 'number') return String(content);
  if (typeof content !== 'string') {
    throw invalid('content', 'STRING_TYPE_CONVERT', 'Could not interpret value as string.');
  }
  if (codePoints(content) > mostContent) throw tooLong('content', mostContent);
  return content.trim();
}

/** Embeds, attachments and components; undefined for what the body does not bring. */
export function extrasOf(body: Payload): Omit<Contents, 'text' | 'flags'> {
  const embeds = listOf(body, 'embeds');
  const components = listOf(body, 'components');
  const attachments = listOf(body, 'attachments');
  if (embeds !== undefined) checkEmbeds(embeds);
  return {
    ...(embeds === undefined
      ? {}
      : { embeds: embeds.map((embed) => ({ type: 'rich', ...embed })) }),
    ...(components === undefined ? {} : { components }),
    ...(attachments === undefined ? {} : { attachments: attachments.map(attachmentPayload) }),
  };
}

/** Throws unless there is something to see. */
export function needSomething({ text, embeds, attachments, components }: Contents): void {
  const some = [embeds, attachments, components].some(
    (list) => list !== undefined && list.length > 0,
  );
  if (text === '' && !some) throw new ApiError(50006);
}

/** The flags that a body asks for, without those that nobody can set. */
export function flagsOf(body: Payload, settable: number): number | undefined {
  const { flags } = body;
  if (flags === undefined || flags === null) return undefined;
  if (!Number.isInteger(flags)) {
    throw invalid('flags', 'NUMBER_TYPE_COERCE', `Value "${JSON.stringify(flags)}" is not int.`);
  }
  return Number(flags) & settable;
}

export function nonceOf({ nonce }: Payload): string | number | undefined {
  if (nonce === undefined || nonce === null) return undefined;
  if (typeof nonce === 'string') {
    if (nonce.length > 25) throw tooLong('nonce', 25);
    return nonce;
  }
  if (Number.isInteger(nonce)) return Number(nonce);
  throw invalid('nonce', 'NONCE_TYPE_INVALID', 'Nonce must be an integer or string.');
}

/** Which kinds of mentions are allowed; undefined for all. */
export function allowedOf(body: Payload): AllowedMentions | undefined {
  const { allowed_mentions: value } = body;
  if (value === undefined || value === null) return undefined;
  const path = 'allowed_mentions';
  if (!isObject(value)) {
    throw invalid(path, 'MODEL_TYPE_CONVERT', 'Only dictionaries may be used in a ModelType.');
  }
  for (const kind of ['users', 'roles'] as const) {
    const ids = value[kind] ?? [];
    if (!Array.isArray(ids)) throw notList(`${path}.${kind}`);
    if (ids.length > 100) throw tooLong(`${path}.${kind}`, 100);
    ids.forEach((id, at) => {
      if (!isSnowflake(id)) throw notSnowflake(`${path}.${kind}.${at}`, id);
    });
  }
  checkParse(value);
  return allowedMentionsOf(value);
}

function checkParse(value: Payload): void {
  const path = 'allowed_mentions';
  const parse = value['parse'] ?? [];
  if (!Array.isArray(parse)) throw notList(`${path}.parse`);
  parse.forEach((kind: unknown, at) => {
    if (kind === 'users' || kind === 'roles' || kind === 'everyone') return;
    const problem = `Value must be one of ('users', 'roles', 'everyone').`;
    throw invalid(`${path}.parse.${at}`, 'BASE_TYPE_CHOICES', problem);
  });
  for (const kind of ['users', 'roles'] as const) {
    const ids = value[kind];
    if (!parse.includes(kind) || !Array.isArray(ids) || ids.length === 0) continue;
    const problem = `parse:["${kind}"] and ${kind}: [ids...] are mutually exclusive.`;
    throw invalid(path, 'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE', problem);
  }
}

function listOf(body: Payload, key: string): Payload[] | undefined {
  const value = body[key];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every(isObject)) throw notList(key);
  return value;
}

function notList(path: string): ApiError {
  return invalid(path, 'LIST_TYPE_CONVERT', 'Only iterables may be used in a ListType');
}

function checkEmbeds(embeds: readonly Payload[]): void {
  if (embeds.length > mostEmbeds) throw tooLong('embeds', mostEmbeds);
  let all = 0;
  for (const [at, embed] of embeds.entries()) {
    for (const [field, most] of [
      ['title', 256],
      ['description', 4_096],
    ] as const) {
      const text = embed[field];
      const size = typeof text === 'string' ? codePoints(text) : 0;
      if (size > most) throw tooLong(`embeds.${at}.${field}`, most);
      all += size;
    }
  }
  if (all > mostOfEmbeds) {
    const problem = 'Embed size exceeds maximum size of 6000';
    throw invalid('embeds', 'MAX_EMBED_SIZE_EXCEEDED', problem);
  }
}

let lastAttachment = 0;

/** A file as messages show it. */
export function attachmentPayload({ filename, size, content_type, url }: Payload): Payload {
  lastAttachment += 1;
  const id = String(1_000_000_000_000_000_000n + BigInt(lastAttachment));
  return {
    id,
    filename,
    size: size ?? 1_000,
    content_type: content_type ?? 'text/plain',
    url: url ?? `https://cdn.discordapp.com/attachments/${id}/${String(filename)}`,
    proxy_url: url ?? `https://media.discordapp.net/attachments/${id}/${String(filename)}`,
  };
}
