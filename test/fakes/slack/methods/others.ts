import { isObject } from '../arguments.ts';
import { checkBlocks } from '../blocks.ts';
import type { Message } from '../message.ts';
import { ApiError } from '../api-error.ts';
import { type MethodCall, type Method, channelOf } from './method.ts';

export const openConnection: Method = {
  takes: [],
  token: 'app',
  run: ({ world }) => ({
    url: `${world.socketUrl}/link/?ticket=${world.sockets.ticket()}&app_id=A0PARLEY`,
  }),
};

export const publishHome: Method = {
  takes: ['user_id', 'view', 'hash'],
  run({ workspace, args }) {
    const user = args.needed('user_id');
    const view = args.nested('view', 'invalid_arguments');
    if (!workspace.users.has(user)) throw new ApiError('user_not_found');
    if (!isObject(view) || view['type'] !== 'home' || !Array.isArray(view['blocks'])) {
      throw new ApiError('invalid_arguments');
    }
    checkBlocks(view['blocks'].filter(isObject));
    workspace.homes.set(user, view);
    return { view: { ...view, id: `V${user}`, team_id: workspace.id } };
  },
};

const reaction = { takes: ['channel', 'timestamp', 'name'], scopes: ['reactions:write'] } as const;

export const addReaction: Method = {
  ...reaction,
  run(methodCall) {
    const people = reactionsOf(methodCall);
    if (people.has(methodCall.workspace.bot.id)) throw new ApiError('already_reacted');
    people.add(methodCall.workspace.bot.id);
    return {};
  },
};

export const removeReaction: Method = {
  ...reaction,
  run(methodCall) {
    if (reactionsOf(methodCall).delete(methodCall.workspace.bot.id)) return {};
    throw new ApiError('no_reaction');
  },
};

function reactionsOf(methodCall: MethodCall): Set<string> {
  const { args } = methodCall;
  const name = args.needed('name');
  if (!/^[\w+'-]+(::skin-tone-[2-6])?$/.test(name)) throw new ApiError('invalid_name');
  const message: Message | undefined = channelOf(methodCall).find(args.needed('timestamp'));
  if (message === undefined) throw new ApiError('message_not_found');
  const people = message.reactions.get(name) ?? new Set<string>();
  message.reactions.set(name, people);
  return people;
}
