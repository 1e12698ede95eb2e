import { app } from '../events/payloads.ts';
import { ApiError } from '../api-error.ts';
import type { Method } from './method.ts';

export const authTest: Method = {
  takes: [],
  run({ workspace, world }) {
    const { id, name, bot } = workspace;
    return {
      url: `http://${world.host}/`,
      team: name,
      team_id: id,
      user: bot.name.toLowerCase(),
      user_id: bot.id,
      bot_id: bot.botId,
      is_enterprise_install: false,
    };
  },
};

export const userInfo: Method = {
  takes: ['user', 'include_locale'],
  scopes: ['users:read'],
  run({ workspace, args }) {
    const user = workspace.users.get(args.needed('user'));
    if (user === undefined) throw new ApiError('user_not_found');
    return {
      user: {
        id: user.id,
        team_id: user.team,
        name: user.name.toLowerCase(),
        real_name: user.name,
        deleted: false,
        is_bot: user.botId !== undefined,
        is_app_user: false,
        ...(user.team === workspace.id ? {} : { is_stranger: true }),
        profile: { real_name: user.name, display_name: user.name, team: user.team },
      },
    };
  },
};

export const botInfo: Method = {
  takes: ['bot', 'team_id'],
  scopes: ['users:read'],
  run({ workspace, args }) {
    const id = args.needed('bot');
    const user = [...workspace.users.values()].find(({ botId }) => botId === id);
    if (user === undefined) throw new ApiError('bot_not_found');
    const appId = user.id === workspace.bot.id ? app.id : `A${id}`;
    return { bot: { id, app_id: appId, user_id: user.id, name: user.name, deleted: false } };
  },
};
