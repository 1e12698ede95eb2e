import type { IncomingMessage } from 'node:http';
import type { Config } from '../config/config.ts';
import type { Log } from '../core/ports/log.ts';
import type { Secrets } from '../core/ports/secrets.ts';
import type { Store } from '../core/ports/store.ts';
import { demoTagline } from '../models/demo/demo-model.ts';
import { discordFormat } from '../platforms/discord/reply/markdown-format.ts';
import { slackFormat } from '../platforms/slack/reply/markdown-format.ts';
import { isLoopbackHost } from '../platforms/web/http/allowed-hosts.ts';
import { type WebPlatform, webPlatform } from '../platforms/web/web-platform.ts';
import { helpfulTagline } from './instructions.ts';
import { isDemo } from './model.ts';
import { madePassword, webSecrets } from './web-secrets.ts';

export interface WebParts {
  readonly store: Store;
  readonly secrets: Secrets;
  readonly addressOf: (request: IncomingMessage) => string | undefined;
  readonly modelName: string;
  readonly log: Log;
}

/**
 * The page, which can show an answer as the other platforms would, too. Where others than this
 * machine can reach it, it always has a password.
 */
export async function configuredWeb(config: Config, parts: WebParts): Promise<WebPlatform> {
  const { store, secrets, addressOf, modelName, log } = parts;
  const password = makesPassword(config) ? await madePassword(secrets) : config.WEB_PASSWORD;
  return webPlatform({
    store,
    secrets,
    ...(await webSecrets(secrets)),
    log,
    host: config.HOST,
    hosts: config.WEB_HOSTS,
    addressOf,
    ...(password === undefined ? {} : { password }),
    demo: isDemo(config),
    modelName,
    persona: personaOf(config),
    formats: { slack: slackFormat, discord: discordFormat },
  });
}

/** Whether Parley makes the page's password itself. */
export function makesPassword({ WEB, HOST, WEB_PASSWORD }: Config): boolean {
  return WEB && WEB_PASSWORD === undefined && !isLoopbackHost(HOST);
}

/** A prompt of the operator's own is for the model, and no line for whoever opens the page. */
function personaOf(config: Config): string {
  if (isDemo(config)) return demoTagline;
  return config.SYSTEM_PROMPT === undefined ? helpfulTagline : '';
}
