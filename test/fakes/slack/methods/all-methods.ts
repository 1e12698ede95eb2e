import { setStatus, setSuggestedPrompts, setTitle } from './assistant.ts';
import { conversationInfo, listConversations, listMemberships } from './listing.ts';
import type { Method } from './method.ts';
import { addReaction, openConnection, publishHome, removeReaction } from './others.ts';
import { authTest, botInfo, userInfo } from './people.ts';
import { postEphemeral, postMessage, remove, update } from './posting.ts';
import { history, replies } from './reading.ts';
import { appendStream, startStream, stopStream } from './streaming.ts';

/** The methods that the fake knows; every other one is `unknown_method`. */
export const methods: ReadonlyMap<string, Method> = new Map(
  Object.entries({
    'apps.connections.open': openConnection,
    'assistant.threads.setStatus': setStatus,
    'assistant.threads.setSuggestedPrompts': setSuggestedPrompts,
    'assistant.threads.setTitle': setTitle,
    'auth.test': authTest,
    'bots.info': botInfo,
    'chat.appendStream': appendStream,
    'chat.delete': remove,
    'chat.postEphemeral': postEphemeral,
    'chat.postMessage': postMessage,
    'chat.startStream': startStream,
    'chat.stopStream': stopStream,
    'chat.update': update,
    'conversations.history': history,
    'conversations.info': conversationInfo,
    'conversations.list': listConversations,
    'conversations.replies': replies,
    'reactions.add': addReaction,
    'reactions.remove': removeReaction,
    'users.conversations': listMemberships,
    'users.info': userInfo,
    'views.publish': publishHome,
  }),
);
