import { withDeadline } from '../../../core/timing.ts';
import { BadConfiguration } from '../../../core/domain/errors.ts';
import type { Log } from '../../../core/ports/log.ts';
import { addressFault, Refused, remedyFor } from './api-errors.ts';
import { callTimeoutMs, type SlackApi } from './web-api.ts';
import { fieldsOf, listOf, textOf } from '../../../core/foreign-data.ts';

/** Who the bot is in its workspace, as `auth.test` tells. */
export interface Self {
  /** The workspace's id, such as `T1`. */
  readonly team: string;
  /** The organisation's id, where the workspace belongs to one. */
  readonly enterprise?: string;
  /** The id by which people mention the bot, such as `U1`. */
  readonly userId: string;
  /** The id under which its messages are posted, such as `B1`. */
  readonly botId?: string;
  /** Such as `parley`. */
  readonly name: string;
  /** What its workspace is called, such as `Acme`. */
  readonly workspace?: string;
}

/** What the manifest asks for; without one of them something does not work. */
export const wantedScopes = [
  'app_mentions:read',
  'assistant:write',
  'channels:history',
  'channels:read',
  'chat:write',
  'groups:history',
  'groups:read',
  'im:history',
  'im:read',
  'mpim:history',
  'mpim:read',
  'users:read',
];

/**
 * Asks Slack who the bot is. Throws `BadConfiguration` if the token is not accepted, or Slack's API
 * is not where it is said to be, and what `SlackApi.call` throws if Slack does not answer.
 */
export async function introduce(
  { api, apiUrl, log }: { api: SlackApi; apiUrl: string | undefined; log: Log },
  signal: AbortSignal,
): Promise<Self> {
  try {
    const who = await withDeadline(callTimeoutMs, signal, (end) => api.call('auth.test', {}, end));
    const [team, userId] = [textOf(who['team_id']), textOf(who['user_id'])];
    if (team === undefined || userId === undefined) {
      throw new BadConfiguration(
        'SLACK_BOT_TOKEN: Slack does not say whose it is; is it a bot token (xoxb-…)?',
      );
    }
    tellMissingScopes(fieldsOf(who['response_metadata'])['scopes'], log);
    const [enterprise, botId] = [textOf(who['enterprise_id']), textOf(who['bot_id'])];
    const workspace = textOf(who['team']);
    return {
      team,
      userId,
      name: textOf(who['user']) ?? 'bot',
      ...(enterprise === undefined ? {} : { enterprise }),
      ...(botId === undefined ? {} : { botId }),
      ...(workspace === undefined ? {} : { workspace }),
    };
  } catch (cause) {
    const fault = addressFault(cause, apiUrl);
    if (fault !== undefined) {
      throw new BadConfiguration(`SLACK_API_URL: ${fault.detail}; ${fault.remedy}`, { cause });
    }
    if (!(cause instanceof Refused)) throw cause;
    const remedy = remedyFor(cause) ?? 'copy the "Bot User OAuth Token" of the app';
    throw new BadConfiguration(`SLACK_BOT_TOKEN: Slack answers ${cause.code}; ${remedy}`, {
      cause,
    });
  }
}

function tellMissingScopes(scopes: unknown, log: Log): void {
  const granted = listOf(scopes);
  if (granted.length === 0) return;
  const missing = wantedScopes.filter((scope) => !granted.includes(scope));
  if (missing.length === 0) return;
  log.warn(
    {
      missing,
      remedy:
        'add them under "OAuth & Permissions" at https://api.slack.com/apps, then reinstall the app',
    },
    'Slack scopes missing',
  );
}
