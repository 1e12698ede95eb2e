import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chatDialect } from './chat.ts';
import type { Dialect } from './dialect.ts';
import { RequestGuard, type RequestGuardOptions } from './request-guard.ts';
import { Reply } from './reply.ts';
import { responsesDialect } from './responses.ts';
import { streamText } from './scripts.ts';

/** What was asked, and what became of it. */
export interface OpenAiRequest {
  /** From 0, in order of arrival. */
  readonly index: number;
  readonly api: 'responses' | 'chat';
  readonly headers: IncomingHttpHeaders;
  // Whatever the client sent, parsed.
  readonly body: Record<string, unknown>;
  /** Who ended the exchange; undefined while it runs. */
  endedBy: 'client' | 'server' | undefined;
}

/** How a request is answered. A script may end early: what it leaves open stays open. */
export type Script = (reply: Reply, request: OpenAiRequest) => Promise<void> | void;

export interface OpenAiFake {
  /** The base URL to give to a client, such as `http://127.0.0.1:41234/v1`. */
  readonly url: string;
  /** All requests to a model so far, oldest first. */
  readonly requests: readonly OpenAiRequest[];
  /** Answers later requests with another script. */
  use(script: Script): void;
  /** Ends every exchange and lets go of the port. */
  close(): Promise<void>;
}

/**
 * A server that speaks OpenAI's Responses API and Chat Completions, streaming only, and that
 * misbehaves on demand. Without a script it streams a text at 50 tokens per second.
 */
export async function startOpenAiFake(
  options: RequestGuardOptions & { script?: Script; port?: number } = {},
) {
  const requests: OpenAiRequest[] = [];
  const entrance = new RequestGuard(options);
  let script = options.script ?? streamText();
  const server = createServer((incoming, outgoing) => {
    if (entrance.list(incoming, outgoing)) return;
    const dialect = dialects[new URL(incoming.url ?? '/', 'http://fake').pathname];
    if (!dialect) {
      outgoing.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found');
      return;
    }
    exchange(incoming, outgoing, dialect).catch((error: unknown) =>
      outgoing.destroy(error as Error),
    );
  });

  async function exchange(incoming: IncomingMessage, outgoing: ServerResponse, dialect: Dialect) {
    const request: OpenAiRequest = {
      index: requests.length,
      api: dialect.api,
      headers: incoming.headers,
      body: await read(incoming),
      endedBy: undefined,
    };
    if (entrance.refuses(incoming, outgoing, request.body['model'])) return;
    requests.push(request);
    const reply = new Reply(outgoing, dialect);
    outgoing.once('close', () => {
      request.endedBy = reply.ended ? 'server' : 'client';
    });
    await script(reply, request);
  }

  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const fake: OpenAiFake = {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    use(next) {
      script = next;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
  return fake;
}

const dialects: Record<string, Dialect> = {
  '/v1/responses': responsesDialect,
  '/v1/chat/completions': chatDialect,
};

async function read(incoming: IncomingMessage): Promise<Record<string, unknown>> {
  incoming.setEncoding('utf8');
  let text = '';
  for await (const chunk of incoming) text += chunk as string;
  return JSON.parse(text) as Record<string, unknown>;
}
