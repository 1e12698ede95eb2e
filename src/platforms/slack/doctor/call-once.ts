import { webApi } from '@slack/bolt';
import { type Fields, fieldsOf } from '../../../core/foreign-data.ts';
import type { HearClock } from '../../../core/ports/checkup.ts';
import type { Log } from '../../../core/ports/log.ts';
import { clientOptions } from '../api/web-api.ts';
import { faultOf } from '../api/api-errors.ts';

/** One call, one try. Throws `Refused`, `RateLimited` or `CallFailed`. */
export async function callOnce(
  { apiUrl, log }: { readonly apiUrl?: string; readonly log: Log },
  token: string,
  method: string,
  args: Fields,
  hear?: HearClock,
): Promise<Fields> {
  const client = new webApi.WebClient(token, {
    ...clientOptions(log, apiUrl),
    fetch: async (input, init) => {
      const sentMs = Date.now();
      const response = await globalThis.fetch(input, init);
      const said = response.headers.get('date');
      if (said !== null) hear?.({ of: 'Slack', said, sentMs, receivedMs: Date.now() });
      return response;
    },
  });
  try {
    return fieldsOf(await client.apiCall(method, { ...args }));
  } catch (error) {
    throw faultOf(error, method);
  }
}
