import { channelPayload } from '../payloads.ts';
import type { Payload } from '../payload.ts';
import { ApiError, notSnowflake } from '../api-error.ts';
import { isSnowflake } from '../snowflakes.ts';
import { rolePermissionsOf } from '../permissions.ts';
import { userPayload } from '../user.ts';
import { type RouteCall, type Route, idOf } from './route.ts';

export const getMe: Route = {
  method: 'GET',
  path: '/users/@me',
  run({ world }) {
    return { ...world.botUser() };
  },
};

/** The guilds that the bot is in, with what it may do there before any channel says otherwise. */
export const listOwnGuilds: Route = {
  method: 'GET',
  path: '/users/@me/guilds',
  run({ world, query }) {
    const limit = Number(query['limit'] ?? 200);
    const joined = world.readyGuilds().map(({ id }) => world.guild(id));
    return joined.slice(0, limit).map((guild) => ({
      id: guild.id,
      name: guild.name,
      icon: null,
      banner: null,
      owner: guild.ownerId === world.bot.id,
      permissions: String(rolePermissionsOf(guild, world.bot)),
      features: ['COMMUNITY', 'NEWS'],
    }));
  },
};

export const getUser: Route = {
  method: 'GET',
  path: '/users/:user',
  run(call) {
    const user = call.world.users.get(idOf(call, 'user'));
    if (user === undefined || user.webhook) throw new ApiError(10013);
    return userPayload(user);
  },
};

export const openDirectChannel: Route = {
  method: 'POST',
  path: '/users/@me/channels',
  run({ world, body }) {
    const { recipient_id: id } = body;
    if (!isSnowflake(id)) throw notSnowflake('recipient_id', id);
    const user = world.users.get(id);
    if (user === undefined || user.webhook || user === world.bot) throw new ApiError(50033);
    return channelPayload(world, world.directChannel(user));
  },
};

export const getApplication: Route = {
  method: 'GET',
  path: '/applications/@me',
  run: application,
};

export const getOwnApplication: Route = {
  method: 'GET',
  path: '/oauth2/applications/@me',
  run: application,
};

function application({ world }: RouteCall): Payload {
  return {
    ...world.application,
    name: world.bot.username,
    icon: null,
    description: '',
    bot_public: true,
    bot_require_code_grant: false,
    verify_key: '0'.repeat(64),
    team: null,
    bot: world.botUser(),
    approximate_guild_count: world.readyGuilds().length,
  };
}
