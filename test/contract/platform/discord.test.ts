import { DiscordChat } from './discord-chat.ts';
import { platformContract } from './platform-contract.ts';

platformContract({ name: 'Discord', prepare: (options) => DiscordChat.prepare(options) });
