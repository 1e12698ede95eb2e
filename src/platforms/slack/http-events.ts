import type { RequestListener } from 'node:http';
import { type App, HTTPReceiver } from '@slack/bolt';
import type { Log } from '../../core/ports/log.ts';
import { boltLogger } from './bolt-logger.ts';
import type { Fields } from '../../core/fields.ts';

/** Where Slack's requests come in; the app's "Request URL" ends with it. */
export const eventsPath = '/slack/events';

/** Events are small; a request is read into memory before its signature can be checked. */
const bodyLimitBytes = 1024 * 1024;

/**
 * Takes Slack's signed requests. One is answered 200 when `take` resolves, and 503 if it throws:
 * Slack then sends it again.
 */
export function httpEvents(options: {
  signingSecret: string;
  log: Log;
  take: (body: Fields) => Promise<void>;
}): RequestListener {
  const { log, take } = options;
  const receiver = new HTTPReceiver({
    signingSecret: options.signingSecret,
    endpoints: eventsPath,
    logger: boltLogger(log),
    bodyLimit: bodyLimitBytes,
    processEventErrorHandler: ({ error, response }) => {
      log.warn({ err: error }, 'slack event not taken in');
      if (!response.headersSent) response.writeHead(503).end();
      return Promise.resolve(true);
    },
    unhandledRequestHandler: ({ response }) => {
      // Slack has given it up by now, and sends it again.
      log.warn({}, 'slack event not taken in within 3 s');
      if (!response.headersSent) response.writeHead(503).end();
    },
  });
  // The receiver knows its app by one method alone, which Bolt's own would acknowledge early.
  receiver.init({
    processEvent: async (event: { body: Fields; ack: () => Promise<void> }) => {
      await take(event.body);
      await event.ack();
    },
  } as unknown as App);
  return (request, response) => {
    try {
      receiver.requestListener(request, response);
    } catch (error) {
      log.debug({ err: error }, 'request is none of Slack’s');
      response.writeHead(404).end();
    }
  };
}
