// Tested by test/integration/models-settings.test.ts
import { withDeadline } from '../../core/timing.ts';
import { asList, asRecord, asText, type JsonRecord } from '../../core/foreign-data.ts';
import type { Provider } from '../openai-client.ts';

/** Timeout of the list, in ms. */
const timeoutMs = 10_000;
/** Longest list, in bytes: some have a thousand models with long descriptions. */
const maxListBytes = 8 * 1024 * 1024;

/** The outcome of a request for a server's models. */
export type ModelList =
  | { readonly kind: 'listed'; readonly ids: readonly string[] }
  /** A key is missing or wrong. */
  | { readonly kind: 'unauthorized'; readonly status: number }
  /** There is no list at this address; calls may work all the same. */
  | { readonly kind: 'missing' }
  /** The response is something else, such as a web page. */
  | { readonly kind: 'unexpected'; readonly type: string }
  /** The server answers without usable facts. */
  | { readonly kind: 'inconclusive' }
  /** The server cannot answer now. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'unreachable'; readonly error: unknown };

/**
 * Lists the models of a server: one cheap call, for which no model is loaded. Throws the signal's
 * reason only.
 */
export async function listModels(
  baseUrl: string,
  { apiKey, fetch = globalThis.fetch }: Pick<Provider, 'apiKey' | 'fetch'>,
  signal: AbortSignal,
): Promise<ModelList> {
  const headers = apiKey ? { Authorization: `Bearer ${apiKey}` } : {};
  try {
    return await withDeadline(timeoutMs, signal, async (end) => {
      const url = `${baseUrl.replace(/\/+$/, '')}/models`;
      return readList(await fetch(url, { headers, signal: end }));
    });
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'unreachable', error };
  }
}

async function readList(response: Response): Promise<ModelList> {
  const { status } = response;
  const body = await textIn(response);
  if (status === 401 || status === 403) {
    // OpenAI's keys may lack the permission to list, and still serve requests.
    return mayNotList(body) ? { kind: 'inconclusive' } : { kind: 'unauthorized', status };
  }
  if (status === 404 || status === 405) return { kind: 'missing' };
  if (status === 408 || status === 429 || status >= 500) return { kind: 'busy' };
  if (!response.ok) return { kind: 'inconclusive' };
  const answer = parsed(body);
  if (answer === undefined) {
    const [type = ''] = (response.headers.get('content-type') ?? '').split(';', 1);
    return { kind: 'unexpected', type: type.trim().toLowerCase() };
  }
  const models = asList(answer['data']).map(asRecord);
  // llama.cpp has one model, which answers under any name.
  if (models.some((model) => model['owned_by'] === 'llamacpp')) return { kind: 'inconclusive' };
  const ids = models.flatMap(({ id }) => asText(id) ?? []);
  return ids.length === 0 ? { kind: 'inconclusive' } : { kind: 'listed', ids };
}

/** The body, up to `maxListBytes`. */
async function textIn({ body }: Response): Promise<string> {
  if (body === null) return '';
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    parts.push(decoder.decode(chunk, { stream: true }));
    bytes += chunk.byteLength;
    if (bytes > maxListBytes) break;
  }
  return parts.join('');
}

/** The body as JSON; undefined if it is none. */
function parsed(text: string): JsonRecord | undefined {
  try {
    return asRecord(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function mayNotList(body: string): boolean {
  const message = asText(asRecord(parsed(body)?.['error'])['message']) ?? '';
  return message.includes('api.model.read');
}
