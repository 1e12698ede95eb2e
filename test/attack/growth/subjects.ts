import { core } from './core.ts';
import { discord } from './discord.ts';
import { models } from './models.ts';
import { page } from './page.ts';
import { slack } from './slack.ts';
import type { Subject } from './subject.ts';

/** Every function of Parley's that sees what strangers wrote. */
export const subjects: readonly Subject[] = [...slack, ...discord, ...core, ...models, ...page];
