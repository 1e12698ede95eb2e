import { Client, GatewayIntentBits, Options, Partials } from 'discord.js';
import { IdentifyLine } from './identify-throttler.ts';
import { Shards } from './sharding-strategy.ts';

/** Discord takes one in 5 s; clocks differ a little. */
const usualIdentifyEveryMs = 5_500;

/** Discord's client library, for the gateway alone: replies go through REST. */
export function newClient({
  apiUrl,
  identifyEveryMs = usualIdentifyEveryMs,
}: {
  apiUrl?: string;
  identifyEveryMs?: number;
}): Client {
  return new Client({
    intents: [
      GatewayIntentBits.Guilds,
      GatewayIntentBits.GuildMessages,
      GatewayIntentBits.DirectMessages,
      GatewayIntentBits.MessageContent,
    ],
    // Without it, direct messages and threads that are not known yet are dropped in silence.
    partials: [Partials.Channel],
    allowedMentions: { parse: [], repliedUser: false },
    shards: 'auto',
    ws: {
      buildStrategy: (manager) => new Shards(manager),
      async buildIdentifyThrottler(manager) {
        const { session_start_limit: limit } = await manager.fetchGatewayInformation();
        return new IdentifyLine(limit.max_concurrency, identifyEveryMs);
      },
    },
    // Guilds, channels and roles are what permissions are worked out from; all else is dead weight.
    makeCache: Options.cacheWithLimits({
      ...Options.DefaultMakeCacheSettings,
      GuildMemberManager: { maxSize: 0, keepOverLimit: ({ id, client }) => id === client.user.id },
      UserManager: { maxSize: 0, keepOverLimit: ({ id, client }) => id === client.user?.id },
      GuildEmojiManager: 0,
      GuildInviteManager: 0,
      GuildStickerManager: 0,
      MessageManager: 0,
      PresenceManager: 0,
      ReactionManager: 0,
      StageInstanceManager: 0,
      ThreadMemberManager: 0,
      VoiceStateManager: 0,
    }),
    ...(apiUrl === undefined ? {} : { rest: { api: apiUrl } }),
  });
}
