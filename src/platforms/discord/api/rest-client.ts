import { DefaultRestOptions, REST, type ResponseLike } from 'discord.js';
import { fieldsOf } from '../../../core/foreign-data.ts';
import { timeoutMs } from './rest-api.ts';
import { codes } from './api-errors.ts';

/** Refusals that Discord sends as if they were rate limits; waiting for them is in vain. */
const refusals = new Set<unknown>([codes.oldEdits]);

/**
 * The client library's REST part, for one try of each call.
 *
 * @param apiUrl Discord's API elsewhere than at Discord, such as `http://127.0.0.1:4010/api`
 */
export function newRest(token: string, apiUrl: string | undefined): REST {
  return new REST({
    // What waits in the library's queue is stale when it is sent; the core has newer text by then.
    rejectOnRateLimit: () => true,
    retries: 0,
    timeout: timeoutMs,
    makeRequest: async (url, init) => told(await DefaultRestOptions.makeRequest(url, init)),
    ...(apiUrl === undefined ? {} : { api: apiUrl }),
  }).setToken(token);
}

/** The library reads nothing of a 429 but its headers: a refusal among them gets another status. */
async function told(response: ResponseLike): Promise<ResponseLike> {
  if (response.status !== 429) return response;
  const text = await response.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    // A page, such as Cloudflare's: then the headers are all that there is.
    return response;
  }
  if (!refusals.has(fieldsOf(body)['code'])) return response;
  return { ...response, status: 400, json: () => Promise.resolve(body) };
}
