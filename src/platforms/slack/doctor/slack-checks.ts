// Tested by test/integration/doctor.test.ts
import type { Access } from '../../../core/intake/access.ts';
import { CallFailed } from '../../../core/domain/errors.ts';
import { asList, asRecord, asText, type JsonRecord } from '../../../core/foreign-data.ts';
import type { Check, Finding, OnClockReading } from '../../../core/ports/checkup.ts';
import type { Log } from '../../../core/ports/log.ts';
import { apiUrlProblem, appPages, remedyFor, SlackApiError } from '../api/api-errors.ts';
import { checkManifest, listUnder, manifestIn } from './manifest-check.ts';
import { callOnce } from '../api/web-api.ts';
import { requiredScopes } from '../api/identify-bot.ts';

export interface SlackChecksOptions {
  /** The bot's token. */
  readonly token: string;
  /** For Socket Mode; without it events come by HTTP. */
  readonly appToken?: string;
  readonly signingSecret?: string;
  readonly apiUrl?: string;
  readonly access: Access;
  /** Where slack-manifest.yaml is. */
  readonly manifestPath: string;
  readonly hear: OnClockReading;
  readonly log: Log;
}

type CheckFinding = Omit<Finding, 'group'>;

/** Channels that are named in one line. */
const mostNamed = 5;
const group = 'slack';
const copyBotToken = `copy the "Bot User OAuth Token" under "OAuth & Permissions" ${appPages} to SLACK_BOT_TOKEN`;
const makeAppToken = `generate one with the scope connections:write under "Basic Information", "App-Level Tokens" ${appPages}, and copy it to SLACK_APP_TOKEN`;
const copySecret = `copy "Signing Secret" under "Basic Information" ${appPages} to SLACK_SIGNING_SECRET`;
const away =
  'look whether this machine reaches Slack (network, proxy, SLACK_API_URL), and at https://slack-status.com';

/** What is looked at in Slack. */
export function slackChecks(options: SlackChecksOptions): Check[] {
  const { token, appToken, signingSecret = '', manifestPath } = options;
  let bot: string | undefined;
  const bySocket: Check = {
    id: 'slack.app-token',
    group,
    what: 'App token',
    needs: 'slack.token',
    remedy: away,
    run: (signal) => checkAppToken(options, appToken ?? '', () => bot, signal),
  };
  const byHttp: Check = {
    id: 'slack.signing-secret',
    group,
    what: 'Signing secret',
    run: () => Promise.resolve([checkSecret(signingSecret)]),
  };
  return [
    {
      id: 'slack.token',
      group,
      what: 'Bot token',
      remedy: away,
      async run() {
        const { found, botId } = await checkToken(options, token);
        bot = botId;
        return found;
      },
    },
    appToken === undefined ? byHttp : bySocket,
    {
      id: 'slack.channels',
      group,
      what: 'Channels',
      needs: 'slack.token',
      remedy: away,
      run: () => checkChannels(options, token),
    },
    {
      id: 'slack.manifest',
      group,
      what: 'Manifest',
      run: () => Promise.resolve([checkManifest(manifestPath, appToken !== undefined)]),
    },
  ];
}

async function checkToken(
  options: SlackChecksOptions,
  token: string,
): Promise<{ found: CheckFinding[]; botId?: string }> {
  const what = { id: 'slack.token', what: 'Bot token' };
  try {
    const who = await callOnce(options, token, 'auth.test', {}, options.hear);
    const [userId, team, botId] = ['user_id', 'team', 'bot_id'].map((name) => asText(who[name]));
    if (userId === undefined) throw new CallFailed('auth.test: no answer of Slack’s');
    const detail = `@${asText(who['user']) ?? userId} in the workspace ${team ?? 'without a name'}`;
    const scopes = asList(asRecord(who['response_metadata'])['scopes']).map(String);
    const token_: CheckFinding =
      botId === undefined
        ? { ...what, state: 'failed', detail: 'this is no token of a bot', remedy: copyBotToken }
        : { ...what, state: 'ok', detail };
    return {
      found: [
        token_,
        checkScopes(scopes, options.manifestPath),
        ...checkAccess(options.access, who),
      ],
      ...(botId === undefined ? {} : { botId }),
    };
  } catch (error) {
    const fault = apiUrlProblem(error, options.apiUrl);
    if (fault !== undefined) return { found: [{ ...what, state: 'failed', ...fault }] };
    if (!(error instanceof SlackApiError)) throw error;
    const interchanged = error.code === 'not_allowed_token_type';
    const remedy = interchanged ? remedyFor(error) : copyBotToken;
    return { found: [refusal(what, error, remedy)] };
  }
}

function checkScopes(granted: readonly string[], manifestPath: string): CheckFinding {
  const what = { id: 'slack.scopes', what: 'Scopes' };
  if (granted.length === 0) {
    return { ...what, state: 'warning', detail: 'Slack does not tell which the token has' };
  }
  const lacking = (wanted: readonly string[]): string[] =>
    wanted.filter((scope) => !granted.includes(scope));
  const remedy = `add what is missing under "OAuth & Permissions", "Bot Token Scopes" ${appPages}, then reinstall the app there`;
  const missing = lacking(requiredScopes);
  if (missing.length > 0) {
    return { ...what, state: 'failed', detail: `missing: ${missing.join(', ')}`, remedy };
  }
  const wished = lacking(listUnder(manifestIn(manifestPath) ?? '', 'bot'));
  if (wished.length > 0) {
    const detail = `all that is needed; of those in slack-manifest.yaml it lacks ${wished.join(', ')}`;
    return { ...what, state: 'warning', detail, remedy };
  }
  return { ...what, state: 'ok', detail: `all ${requiredScopes.length} that are needed` };
}

async function checkAppToken(
  options: SlackChecksOptions,
  appToken: string,
  bot: () => string | undefined,
  signal: AbortSignal,
): Promise<CheckFinding[]> {
  const what = { id: 'slack.app-token', what: 'App token' };
  let address: string | undefined;
  try {
    // Slack only lends an address for a connection; nobody connects there.
    const { url } = await callOnce(options, appToken, 'apps.connections.open', {});
    address = asText(url);
  } catch (error) {
    if (!(error instanceof SlackApiError)) throw error;
    switch (error.code) {
      case 'missing_scope':
        return [
          {
            ...what,
            state: 'failed',
            detail: `it lacks the scope ${error.needed ?? 'connections:write'}`,
            remedy: makeAppToken,
          },
        ];
      case 'not_allowed_token_type':
        return [refusal(what, error, remedyFor(error))];
      default:
        return [refusal(what, error, makeAppToken)];
    }
  }
  const own = /^xapp-\d+-(A[A-Z0-9]+)-/.exec(appToken)?.[1];
  const other = await appOf(options, bot());
  if (own !== undefined && other !== undefined && own !== other) {
    const detail = `it is one of the app ${own}, but the bot’s token is one of ${other}`;
    return [{ ...what, state: 'failed', detail, remedy: 'copy both tokens from the same app' }];
  }
  const open: CheckFinding = { ...what, state: 'ok', detail: 'Socket Mode is open to it' };
  return address === undefined ? [open] : [open, await checkSocket(address, signal)];
}

/** A firewall or a proxy may let the API through alone. */
async function checkSocket(address: string, signal: AbortSignal): Promise<CheckFinding> {
  const what = { id: 'slack.socket', what: 'Socket' };
  // Without the ticket in it, which would count as a connection.
  const { origin, host } = new URL(address.replace(/^ws/, 'http'));
  try {
    // Whatever it says to what is no WebSocket: somebody is there.
    await fetch(origin, { method: 'HEAD', signal });
  } catch (error) {
    signal.throwIfAborted();
    const detail = `${host} does not answer (${asText(asRecord(error)['message'])})`;
    return { ...what, state: 'failed', detail, remedy: away };
  }
  return { ...what, state: 'ok', detail: `${host} answers` };
}

/** The app that a bot belongs to; undefined where the bot may not ask. */
async function appOf(
  options: SlackChecksOptions,
  bot: string | undefined,
): Promise<string | undefined> {
  if (bot === undefined) return undefined;
  try {
    const answer = await callOnce(options, options.token, 'bots.info', { bot });
    return asText(asRecord(answer['bot'])['app_id']);
  } catch (error) {
    // A scope that is missing for it is told elsewhere.
    if (error instanceof SlackApiError) return undefined;
    throw error;
  }
}

function checkSecret(secret: string): CheckFinding {
  const what = { id: 'slack.signing-secret', what: 'Signing secret' };
  if (!/^[0-9a-f]{32}$/.test(secret)) {
    const detail = 'it does not look like one, which has 32 digits and letters from a to f';
    return { ...what, state: 'failed', detail, remedy: copySecret };
  }
  const detail = 'it looks like one; more cannot be told before Slack sends its first event';
  return { ...what, state: 'ok', detail };
}

function refusal(
  what: Pick<CheckFinding, 'id' | 'what'>,
  { code }: SlackApiError,
  remedy: string | undefined,
): CheckFinding {
  const detail = `Slack answers ${code}`;
  return { ...what, state: 'failed', detail, ...(remedy === undefined ? {} : { remedy }) };
}

/** Where the bot was invited; nothing where it may not ask, which is told with its scopes. */
async function checkChannels(
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
function checkAccess(
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
