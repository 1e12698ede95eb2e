import type { IncomingMessage } from 'node:http';
import { type Payload, isObject } from './payload.ts';
import { ApiError } from './api-error.ts';

/** What a request to the REST API asks for. */
export interface ApiRequest {
  readonly method: string;
  /** Without version and query; undefined if it is not under `/api/v10`. */
  readonly path: string | undefined;
  readonly query: Readonly<Record<string, string>>;
  readonly authorization: string | undefined;
  /** Empty without a body; a refusal if it cannot be read. */
  readonly body: Payload | ApiError;
}

/** Throws if the client goes away before it has asked. */
export async function readRequest(incoming: IncomingMessage): Promise<ApiRequest> {
  const url = new URL(incoming.url ?? '/', 'http://discord');
  const [, path] = /^\/api\/v10(\/.*)$/.exec(url.pathname) ?? [];
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return {
    method: incoming.method ?? 'GET',
    path,
    query: Object.fromEntries(url.searchParams),
    authorization: incoming.headers.authorization,
    body: await parse(Buffer.concat(chunks), incoming.headers['content-type'] ?? ''),
  };
}

async function parse(bytes: Buffer, type: string): Promise<Payload | ApiError> {
  if (bytes.length === 0) return {};
  try {
    if (type.startsWith('multipart/form-data')) return await multipart(bytes, type);
    const parsed: unknown = JSON.parse(bytes.toString());
    return isObject(parsed) ? parsed : new ApiError(50035);
  } catch (cause) {
    return new ApiError(50109, { cause });
  }
}

/** A message with files: its JSON, with the files named where attachments are. */
async function multipart(bytes: Buffer, type: string): Promise<Payload> {
  const headers = { 'content-type': type };
  const form = await new Response(new Uint8Array(bytes), { headers }).formData();
  const sent = form.get('payload_json');
  const json: unknown = typeof sent === 'string' ? JSON.parse(sent) : {};
  const files = [...form.values()].filter((value) => typeof value !== 'string');
  return {
    ...(isObject(json) ? json : {}),
    attachments: files.map(({ name, size }) => ({ filename: name, size })),
  };
}
