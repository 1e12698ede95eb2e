import type { IncomingMessage } from 'node:http';
import { isObject } from './arguments.ts';
import { ApiError } from './api-error.ts';

/** What a request to the Web API asks for. */
export interface ApiRequest {
  readonly method: string;
  readonly token: string | undefined;
  readonly args: Record<string, unknown>;
}

/** Reads a request, form or JSON; undefined if its path is not of the Web API. */
export async function readRequest(incoming: IncomingMessage): Promise<ApiRequest | undefined> {
  const url = new URL(incoming.url ?? '/', 'http://slack');
  const [, method] = /^\/api\/([\w.]+)$/.exec(url.pathname) ?? [];
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  if (method === undefined) return undefined;
  const type = incoming.headers['content-type'] ?? '';
  const body = parse(Buffer.concat(chunks).toString(), type);
  const { token: inArgs, ...args } = { ...Object.fromEntries(url.searchParams), ...body };
  const [, inHeader] = /^Bearer (.+)$/.exec(incoming.headers.authorization ?? '') ?? [];
  const token = inHeader ?? (typeof inArgs === 'string' && inArgs !== '' ? inArgs : undefined);
  return { method, token, args };
}

function parse(body: string, type: string): Record<string, unknown> {
  if (body === '') return {};
  if (type.startsWith('application/x-www-form-urlencoded')) {
    return Object.fromEntries(new URLSearchParams(body));
  }
  if (!type.startsWith('application/json')) throw new ApiError('invalid_post_type');
  try {
    const parsed: unknown = JSON.parse(body);
    if (isObject(parsed)) return parsed;
  } catch (cause) {
    throw new ApiError('invalid_json', {}, cause);
  }
  throw new ApiError('json_not_object');
}
