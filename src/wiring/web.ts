import type { Config } from '../config.ts';
import type { Log } from '../core/ports/log.ts';
import type { Store } from '../core/ports/store.ts';
import { demoTagline } from '../models/demo.ts';
import { discordFormat } from '../platforms/discord/format.ts';
import { slackFormat } from '../platforms/slack/format.ts';
import { type WebPlatform, webPlatform } from '../platforms/web/web-platform.ts';
import { helpfulTagline } from './instructions.ts';
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
    persona: personaOf(config),
    formats: { slack: slackFormat, discord: discordFormat },
  });
}

/** A prompt of the operator's own is for the model, and no line for whoever opens the page. */
function personaOf(config: Config): string {
  if (isDemo(config)) return demoTagline;
  return config.SYSTEM_PROMPT === undefined ? helpfulTagline : '';
}
