import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ErrorBody } from './dialect.ts';

export interface RequestGuardOptions {
  /** The only key that is accepted; without one any is, and none. */
  readonly key?: string;
  /** The models that it has and lists; without them it has no list, and answers by any name. */
  readonly models?: readonly string[];
}

/** Who is let in to a server, and which models they may ask. */
export class RequestGuard {
  readonly #options: RequestGuardOptions;

  constructor(options: RequestGuardOptions) {
    this.#options = options;
  }

  /** Answers what is about the list of models; false for all other requests. */
  list(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
    const { models } = this.#options;
    if (incoming.url !== '/v1/models' || models === undefined) return false;
    if (incoming.method !== 'GET') {
      const message = `Not allowed to ${incoming.method} on /v1/models.`;
      refuse(outgoing, 405, { message, type: 'invalid_request_error', code: null });
    } else if (!this.refuses(incoming, outgoing)) {
      const data = models.map((id) => ({ id, object: 'model', created: 1, owned_by: 'fake' }));
      send(outgoing, 200, { object: 'list', data });
    }
    return true;
  }

  /** Answers a request without the key, or for a model that there is not; false for all others. */
  refuses(incoming: IncomingMessage, outgoing: ServerResponse, model?: unknown): boolean {
    const { key, models } = this.#options;
    const [, given] = /^Bearer (.+)$/.exec(incoming.headers.authorization ?? '') ?? [];
    if (key !== undefined && given !== key) {
      const message =
        given === undefined
          ? 'You didn’t provide an API key.'
          : `Incorrect API key provided: ${given.slice(0, 4)}****${given.slice(-4)}.`;
      const code = given === undefined ? null : 'invalid_api_key';
      refuse(outgoing, 401, { message, type: 'invalid_request_error', code });
      return true;
    }
    if (models === undefined || model === undefined) return false;
    if (typeof model === 'string' && models.includes(model)) return false;
    const message = `The model \`${JSON.stringify(model).replaceAll('"', '')}\` does not exist or you do not have access to it.`;
    refuse(outgoing, 404, { message, type: 'invalid_request_error', code: 'model_not_found' });
    return true;
  }
}

function refuse(outgoing: ServerResponse, status: number, error: ErrorBody): void {
  send(outgoing, status, { error: { param: null, ...error } });
}

function send(outgoing: ServerResponse, status: number, body: object): void {
  outgoing.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
