// Tested by test/integration/doctor.test.ts
import { ApplicationFlagsBitField, PermissionFlagsBits, PermissionsBitField } from 'discord.js';
import type { Access } from '../../../core/intake/access.ts';
import { CallFailed } from '../../../core/domain/errors.ts';
import { asRecord, asText, type JsonRecord } from '../../../core/foreign-data.ts';
import type { Check, Finding, OnClockReading } from '../../../core/ports/checkup.ts';
import type { Log } from '../../../core/ports/log.ts';
import { createRestClient, DiscordApi } from '../api/rest-api.ts';
import { ChannelRateLimits } from '../api/rate-limits.ts';
import {
  inviteLink,
  isNotFound,
  messageContentNotAllowed,
  neededPermissions,
  notDiscord,
  tokenNotAccepted,
} from '../api/identify-bot.ts';
import {
  guildCount,
  guildListRequest,
  guildName,
  guildNames,
  parseGuildList,
} from '../cache/guilds.ts';

export interface DiscordChecksOptions {
  readonly token: string;
  readonly apiUrl?: string;
  readonly access: Access;
  readonly hear: OnClockReading;
  readonly log: Log;
}

type CheckFinding = Omit<Finding, 'group'>;

const group = 'discord';
const tokenId = 'discord.token';
/** Servers that are named with what they lack. */
const mostNamed = 5;
const away =
  'look whether this machine reaches Discord (network, proxy, DISCORD_API_URL), and at https://discordstatus.com';

const { GatewayMessageContent, GatewayMessageContentLimited } = ApplicationFlagsBitField.Flags;

/** What is looked at in Discord: by REST alone, so that no gateway session is spent. */
export function discordChecks({ token, apiUrl, access, hear, log }: DiscordChecksOptions): Check[] {
  let unauthorized = false;
  let sentMs: number | undefined;
  const rest = createRestClient(token, apiUrl);
  const onUnauthorized = (): void => void (unauthorized = true);
  const api = new DiscordApi({
    rest,
    budgets: new ChannelRateLimits({ alone: true }),
    log,
    onUnauthorized,
  });
  rest.on('response', (_request, { headers }) => {
    const said = headers.get('date');
    // The first call is alone, so that it is known when it began.
    if (sentMs !== undefined && said !== null) {
      hear({ of: 'Discord', said, sentMs, receivedMs: Date.now() });
    }
    sentMs = undefined;
  });
  const ask = (
    path: `/${string}`,
    signal: AbortSignal,
    query: Readonly<Record<string, string>> = {},
  ): Promise<unknown> => api.call('GET', path, { query }, signal);
  const after = { group, needs: tokenId, remedy: away } as const;
  let application: Promise<JsonRecord> | undefined;
  const askApplication = (signal: AbortSignal): Promise<JsonRecord> =>
    (application ??= ask('/applications/@me', signal).then(asRecord));

  return [
    {
      id: tokenId,
      group,
      what: 'Bot token',
      remedy: away,
      async run(signal) {
        try {
          sentMs = Date.now();
          const { id, username } = asRecord(await ask('/users/@me', signal));
          if (asText(id) === undefined) throw new CallFailed('Discord does not say who the bot is');
          const detail = `${asText(username) ?? 'bot'} (${asText(id)})`;
          return [{ id: tokenId, what: 'Bot token', state: 'ok', detail }];
        } catch (cause) {
          if (unauthorized) throw tokenNotAccepted({ cause });
          if (isNotFound(cause)) throw notDiscord({ cause });
          throw cause;
        }
      },
    },
    {
      ...after,
      id: 'discord.intent',
      what: 'Message Content Intent',
      async run(signal) {
        const { id, flags } = await askApplication(signal);
        const bits = typeof flags === 'number' ? flags : 0;
        if ((bits & (GatewayMessageContent | GatewayMessageContentLimited)) === 0) {
          throw messageContentNotAllowed(asText(id) ?? '');
        }
        return [
          { id: 'discord.intent', what: 'Message Content Intent', state: 'ok', detail: 'on' },
        ];
      },
    },
    {
      ...after,
      id: 'discord.sessions',
      what: 'Starts left today',
      run: async (signal) => [sessionsLeft(asRecord(await ask('/gateway/bot', signal)))],
    },
    {
      ...after,
      id: 'discord.gateway',
      what: 'Gateway',
      async run(signal) {
        const { url } = asRecord(await ask('/gateway/bot', signal));
        return [await gatewayAnswers(asText(url) ?? '', signal)];
      },
    },
    {
      ...after,
      id: 'discord.servers',
      what: 'Servers',
      async run(signal) {
        const [{ id }, guilds] = await Promise.all([
          askApplication(signal),
          ask(guildListRequest.path, signal, guildListRequest.query),
        ]);
        const all = parseGuildList(guilds);
        return [...servers(all, inviteLink(asText(id) ?? '')), ...deniedGuilds(all, access)];
      },
    },
  ];
}

function sessionsLeft({ shards, session_start_limit: limit }: JsonRecord): CheckFinding {
  const what = { id: 'discord.sessions', what: 'Starts left today' };
  const { total, remaining, reset_after: resetMs } = asRecord(limit);
  if (typeof remaining !== 'number' || typeof total !== 'number') {
    return { ...what, state: 'warning', detail: 'Discord does not tell' };
  }
  const needed = typeof shards === 'number' ? shards : 1;
  const hours = typeof resetMs === 'number' ? Math.ceil(resetMs / 3_600_000) : 24;
  const each = needed === 1 ? '' : `; each takes ${needed}`;
  const detail = `${remaining} of ${total}${each}`;
  const remedy = `do not start Parley more often than it must be: Discord resets the token of a bot that goes on beyond that. In ${hours} h the count begins anew`;
  if (remaining < needed) return { ...what, state: 'failed', detail, remedy };
  if (remaining < Math.max(total / 10, needed * 3)) {
    return { ...what, state: 'warning', detail, remedy };
  }
  return { ...what, state: 'ok', detail };
}

/** A firewall or a proxy may let the API through alone. Throws if there is no answer. */
async function gatewayAnswers(url: string, signal: AbortSignal): Promise<CheckFinding> {
  if (!URL.canParse(url)) throw new CallFailed('Discord does not say where its gateway is');
  const address = new URL(url.replace(/^ws/, 'http'));
  // Whatever it says to what is no WebSocket: somebody is there.
  await fetch(address, { method: 'HEAD', signal });
  return { id: 'discord.gateway', what: 'Gateway', state: 'ok', detail: `${address.host} answers` };
}

function servers(guilds: readonly JsonRecord[], link: string): CheckFinding[] {
  const invite: CheckFinding = {
    id: 'discord.invite',
    what: 'Invite link',
    state: 'ok',
    detail: link,
  };
  const what = { id: 'discord.servers', what: 'Servers' };
  if (guilds.length === 0) {
    const remedy = `open the invite link and choose a server: ${link}`;
    return [{ ...what, state: 'warning', detail: 'the bot is in none', remedy }, invite];
  }
  const count = guildCount(guilds);
  const lacking = guilds.flatMap((guild): string[] => {
    const missing = missingIn(guild['permissions']);
    return missing.length === 0 ? [] : [`${guildName(guild)} (${missing.join(', ')})`];
  });
  if (lacking.length === 0) {
    return [{ ...what, state: 'ok', detail: `${count}: ${guildNames(guilds)}` }, invite];
  }
  const shown = lacking.slice(0, mostNamed).join('; ');
  const more = lacking.length > mostNamed ? `; and ${lacking.length - mostNamed} more` : '';
  const detail = `in ${lacking.length} of ${count} the bot may not do all that it needs: ${shown}${more}`;
  const remedy =
    'give the bot’s role these permissions under "Server Settings", "Roles", or open the invite link once more';
  return [{ ...what, state: 'warning', detail, remedy }, invite];
}

/** Nothing where the lists let somebody in. */
function deniedGuilds(guilds: readonly JsonRecord[], access: Access): CheckFinding[] {
  const ids = guilds.flatMap(({ id }) => asText(id) ?? []);
  if (ids.length === 0 || !ids.every((id) => access.deniesWorkspace([id]))) return [];
  const own = ids.slice(0, mostNamed).join(', ');
  return [
    {
      id: 'discord.access',
      what: 'Access',
      state: 'warning',
      detail:
        'nobody in any of these servers may ask: they are denied, or others alone are allowed',
      remedy: `add servers to ALLOW_WORKSPACES, such as ${own}, or leave that empty, and take them out of DENY_WORKSPACES`,
    },
  ];
}

/** The permissions that the bot lacks in a server as a whole, in Discord's own words. */
function missingIn(permissions: unknown): string[] {
  const text = asText(permissions);
  if (text === undefined || !/^\d+$/.test(text)) return [];
  const held = BigInt(text);
  if ((held & PermissionFlagsBits.Administrator) !== 0n) return [];
  return new PermissionsBitField(neededPermissions & ~held)
    .toArray()
    .map((name) => name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').replace(' In ', ' in '));
}
