// Tested by test/contract/platform/slack.test.ts
import { withDeadline } from '../../../core/timing.ts';
import { BadConfiguration } from '../../../core/domain/errors.ts';
import type { Log } from '../../../core/ports/log.ts';
import { apiUrlProblem, remedyFor, SlackApiError } from './api-errors.ts';
import { callTimeoutMs, type SlackApi } from './web-api.ts';
import { asList, asRecord, asText } from '../../../core/foreign-data.ts';

/** The bot in its workspace, as `auth.test` describes it. */
export interface BotIdentity {
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
export const requiredScopes = [
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
export async function identifyBot(
  { api, apiUrl, log }: { api: SlackApi; apiUrl: string | undefined; log: Log },
  signal: AbortSignal,
): Promise<BotIdentity> {
  try {
    const who = await withDeadline(callTimeoutMs, signal, (end) => api.call('auth.test', {}, end));
    const [team, userId] = [asText(who['team_id']), asText(who['user_id'])];
    if (team === undefined || userId === undefined) {
      throw new BadConfiguration(
        'SLACK_BOT_TOKEN: Slack does not say whose it is; is it a bot token (xoxb-…)?',
      );
    }
    logMissingScopes(asRecord(who['response_metadata'])['scopes'], log);
    const [enterprise, botId] = [asText(who['enterprise_id']), asText(who['bot_id'])];
    const workspace = asText(who['team']);
    return {
      team,
      userId,
      name: asText(who['user']) ?? 'bot',
      ...(enterprise === undefined ? {} : { enterprise }),
      ...(botId === undefined ? {} : { botId }),
      ...(workspace === undefined ? {} : { workspace }),
    };
  } catch (cause) {
    const fault = apiUrlProblem(cause, apiUrl);
    if (fault !== undefined) {
      throw new BadConfiguration(`SLACK_API_URL: ${fault.detail}; ${fault.remedy}`, { cause });
    }
    if (!(cause instanceof SlackApiError)) throw cause;
    const remedy = remedyFor(cause) ?? 'copy the "Bot User OAuth Token" of the app';
    throw new BadConfiguration(`SLACK_BOT_TOKEN: Slack answers ${cause.code}; ${remedy}`, {
      cause,
    });
  }
}

function logMissingScopes(scopes: unknown, log: Log): void {
  const granted = asList(scopes);
  if (granted.length === 0) return;
  const missing = requiredScopes.filter((scope) => !granted.includes(scope));
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
