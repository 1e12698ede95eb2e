import { type Guild, memberPayload } from '../guild.ts';
import { guildFields } from '../guild-payload.ts';
import { ApiError } from '../api-error.ts';
import { type RouteCall, type Route, idOf } from './route.ts';

export const getGuild: Route = {
  method: 'GET',
  path: '/guilds/:guild',
  run(call) {
    return guildFields(guildOf(call));
  },
};

export const getMember: Route = {
  method: 'GET',
  path: '/guilds/:guild/members/:user',
  run(call) {
    const guild = guildOf(call);
    const id = idOf(call, 'user');
    const member = guild.members.get(id);
    if (member !== undefined) return memberPayload(member);
    throw new ApiError(call.world.users.has(id) ? 10007 : 10013);
  },
};

function guildOf(call: RouteCall): Guild {
  const { world } = call;
  const guild = world.guilds.get(idOf(call, 'guild'));
  if (guild === undefined) throw new ApiError(10004);
  if (!guild.members.has(world.bot.id)) throw new ApiError(50001);
  return guild;
}
