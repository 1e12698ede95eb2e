import type { Config } from '../config.ts';
import type { Log } from '../core/ports/log.ts';
import type { Store } from '../core/ports/store.ts';
import { dudeTagline } from '../models/dude.ts';
import { discordFormat } from '../platforms/discord/format.ts';
import { slackFormat } from '../platforms/slack/format.ts';
import { type WebPlatform, webPlatform } from '../platforms/web/web-platform.ts';
import { isDemo } from './model.ts';

/** The page, which can show an answer as the other platforms would, too. */
export function configuredWeb(
  config: Config,
  store: Store,
  modelName: string,
  log: Log,
): WebPlatform {
  return webPlatform({
    store,
    log,
    host: config.HOST,
    ...(config.WEB_PASSWORD === undefined ? {} : { password: config.WEB_PASSWORD }),
    demo: isDemo(config),
    modelName,
    ...(config.SYSTEM_PROMPT === undefined ? { persona: dudeTagline } : {}),
    formats: { slack: slackFormat, discord: discordFormat },
  });
}
