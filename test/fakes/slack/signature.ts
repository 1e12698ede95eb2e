import { createHmac } from 'node:crypto';

/**
 * The headers by which Slack proves that it sent a body.
 *
 * @param skewMs how wrong the time in them is, in milliseconds
 */
export function signedHeaders(
  signingSecret: string,
  body: string,
  skewMs = 0,
): Record<string, string> {
  const timestamp = String(Math.floor((Date.now() + skewMs) / 1_000));
  const hash = createHmac('sha256', signingSecret).update(`v0:${timestamp}:${body}`);
  return {
    'x-slack-request-timestamp': timestamp,
    'x-slack-signature': `v0=${hash.digest('hex')}`,
  };
}
