import { withDeadline } from '../../core/timing.ts';
import { type JsonRecord, asRecord, asList, asText } from '../../core/foreign-data.ts';
import type { Provider } from '../openai-model.ts';

/** A list of names takes no longer, even at a server that is busy. */
const timeoutMs = 10_000;
/** The longest lists have some thousand models with a page on each. */
const maxListBytes = 8 * 1024 * 1024;

/** What came of asking a server which models it has. */
export type ModelList =
  | { readonly kind: 'listed'; readonly ids: readonly string[] }
  /** It wants another key, or one at all. */
  | { readonly kind: 'refused'; readonly status: number }
  /** It has no such page there; calls may work all the same. */
  | { readonly kind: 'missing' }
  /** It answers with something else, such as a web page. */
  | { readonly kind: 'strange'; readonly type: string }
  /** It is there, and tells nothing of use. */
  | { readonly kind: 'silent' }
  /** It is there, and cannot answer now. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'away'; readonly error: unknown };

/**
 * Asks the server at an address for its models: one call, for which no model is loaded. Throws the
 * signal's reason alone.
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
    return { kind: 'away', error };
  }
}

async function readList(response: Response): Promise<ModelList> {
  const { status } = response;
  const body = await textIn(response);
  if (status === 401 || status === 403) {
    // OpenAI's keys can be kept from listing and good for asking.
    return mayNotList(body) ? { kind: 'silent' } : { kind: 'refused', status };
  }
  if (status === 404 || status === 405) return { kind: 'missing' };
  if (status === 408 || status === 429 || status >= 500) return { kind: 'busy' };
  if (!response.ok) return { kind: 'silent' };
  const answer = parsed(body);
  if (answer === undefined) {
    const [type = ''] = (response.headers.get('content-type') ?? '').split(';', 1);
    return { kind: 'strange', type: type.trim().toLowerCase() };
  }
  const models = asList(answer['data']).map(asRecord);
  // llama.cpp has one model, and answers whatever name it is asked by.
  if (models.some((model) => model['owned_by'] === 'llamacpp')) return { kind: 'silent' };
  const ids = models.flatMap(({ id }) => asText(id) ?? []);
  return ids.length === 0 ? { kind: 'silent' } : { kind: 'listed', ids };
}

/** What is beyond the most that is read is left. */
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

/** Undefined for what is no JSON. */
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
