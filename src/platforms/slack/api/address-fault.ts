import { webApi } from '@slack/bolt';
import { blockedPort, isPortBlocked } from '../../../core/blocked-port.ts';

const setting = 'SLACK_API_URL';
/** Slack's own answers are 200, whatever they say, but for rate limits and outages. */
const notThere = new Set([301, 302, 307, 308, 404, 405, 410]);

/**
 * What is wrong with Slack's API elsewhere, if a failed call tells of it; undefined where it may
 * only be away.
 */
export function addressFault(
  error: unknown,
  apiUrl: string | undefined,
): { detail: string; remedy: string } | undefined {
  if (apiUrl === undefined || !(error instanceof Error)) return undefined;
  if (isPortBlocked(error)) return blockedPort(setting, apiUrl);
  const { cause } = error;
  if (!(cause instanceof webApi.WebAPIHTTPError) || !notThere.has(cause.statusCode)) {
    return undefined;
  }
  const { origin, pathname } = new URL(apiUrl);
  const path = pathname.replace(/\/+$/, '');
  const example = `${origin}${path.endsWith('/api') ? path : `${path}/api`}/`;
  return {
    detail: `Slack’s API is not at ${origin}${pathname} (status ${cause.statusCode})`,
    remedy: path.endsWith('/api')
      ? `correct ${setting}, or leave it out for Slack itself`
      : `${setting} ends with /api/ as a rule: set ${setting}=${example}, or leave it out for Slack itself`,
  };
}
