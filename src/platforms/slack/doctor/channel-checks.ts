import type { Access } from '../../../core/intake/access.ts';
import { type JsonRecord, asRecord, asList, asText } from '../../../core/foreign-data.ts';
import type { Finding } from '../../../core/ports/checkup.ts';
import type { Log } from '../../../core/ports/log.ts';
import { SlackApiError } from '../api/api-errors.ts';
import { callOnce } from '../api/web-api.ts';

type CheckFinding = Omit<Finding, 'group'>;

/** Channels that are named in one line. */
const mostNamed = 5;

/** Where the bot was invited; nothing where it may not ask, which is told with its scopes. */
export async function checkChannels(
  options: { readonly apiUrl?: string; readonly log: Log },
  token: string,
): Promise<CheckFinding[]> {
  const what = { id: 'slack.channels', what: 'Channels' };
  try {
    const wanted = { types: 'public_channel,private_channel', exclude_archived: true, limit: 200 };
    const answer = await callOnce(options, token, 'users.conversations', wanted);
    const names = asList(answer['channels']).map(
      (one) => `#${asText(asRecord(one)['name']) ?? ''}`,
    );
    if (names.length === 0) {
      const remedy =
        'write "/invite @" and the bot’s name in a channel; people can write it directly without';
      return [{ ...what, state: 'warning', detail: 'the bot is in none', remedy }];
    }
    const more = names.length > mostNamed ? ', …' : '';
    const detail = `${names.length}: ${names.slice(0, mostNamed).join(', ')}${more}`;
    return [{ ...what, state: 'ok', detail }];
  } catch (error) {
    if (error instanceof SlackApiError) return [];
    throw error;
  }
}

/** Whether the lists shut out everybody there; nothing if not. `who` is what `auth.test` says. */
export function checkAccess(
  access: Access,
  { team_id: team, enterprise_id: enterprise }: JsonRecord,
): CheckFinding[] {
  const ids = [team, enterprise].flatMap((id) => asText(id) ?? []);
  if (!access.deniesWorkspace(ids)) return [];
  const own = ids.join(' or ');
  return [
    {
      id: 'slack.access',
      what: 'Access',
      state: 'warning',
      detail: `nobody in this workspace may ask: ${own} is denied, or others alone are allowed`,
      remedy: `add ${own} to ALLOW_WORKSPACES or leave that empty, and take it out of DENY_WORKSPACES`,
    },
  ];
}
