import { transports } from '../../worlds/slack-world.ts';
import { platformContract } from './platform-contract.ts';
import { SlackChat } from './slack-chat.ts';

for (const transport of transports) {
  platformContract({
    name: `Slack, by ${transport}`,
    prepare: (options) => SlackChat.prepare(transport, options),
  });
}
