import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { type ApiResponse, headersOf, rateLimitedResponse, errorResponse } from './api-response.ts';
import type { Fault, Faults } from './faults.ts';
import type { Call, ActivityRecord } from './activity-record.ts';
import type { Limits } from './limits.ts';
import { ApiError } from './api-error.ts';
import { type ApiRequest, readRequest } from './request.ts';
import { type MatchedRoute, matchRoute, knowsPath } from './routes/all-routes.ts';
import type { RouteServices } from './routes/route.ts';

/** Discord's REST API: reads a call, spends its limit, does it or refuses, answers. */
export class RestApi {
  readonly #services: RouteServices;
  readonly #history: ActivityRecord;
  readonly #limits: Limits;
  readonly #faults: Faults;
  readonly #token: () => string;
  readonly #stopping = new AbortController();

  constructor(parts: {
    services: RouteServices;
    history: ActivityRecord;
    limits: Limits;
    faults: Faults;
    token: () => string;
  }) {
    this.#services = parts.services;
    this.#history = parts.history;
    this.#limits = parts.limits;
    this.#faults = parts.faults;
    this.#token = parts.token;
  }

  /** Calls that are under way get no answer any more. */
  stop(): void {
    this.#stopping.abort();
  }

  async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const asked = await readRequest(incoming);
      const nowMs = Date.now() + this.#services.settings.clockAheadMs;
      response.setHeader('date', new Date(nowMs).toUTCString());
      const { method, path = incoming.url ?? '', query, body } = asked;
      const found = asked.path === undefined ? undefined : matchRoute(method, asked.path);
      const call = this.#history.called({
        method,
        path,
        route: found?.route.path,
        query,
        body: body instanceof ApiError ? undefined : body,
      });
      const fault = this.#faults.take(call);
      call.injected = fault !== undefined && fault.kind !== 'slow';
      await this.#serve(asked, found, call, fault, response);
    } catch (error) {
      // The client went away before it had asked, or the fake stops.
      if (incoming.destroyed || this.#stopping.signal.aborted) return;
      throw error;
    }
  }

  async #serve(
    asked: ApiRequest,
    found: MatchedRoute | undefined,
    call: Call,
    fault: Fault | undefined,
    response: ServerResponse,
  ): Promise<void> {
    const half = this.#services.settings.latencyMs / 2;
    await this.#wait(fault?.kind === 'late' ? fault.ms : half);
    switch (fault?.kind) {
      case 'refused':
        return this.#send(call, response, this.#injected(fault));
      case 'rate-limited':
        return this.#send(
          call,
          response,
          rateLimitedResponse(fault.retryAfterSeconds, fault.scope),
        );
      case 'page':
        this.#history.answered(call, fault.status);
        response.writeHead(fault.status, { 'content-type': 'text/html; charset=UTF-8' });
        response.end('<!DOCTYPE html><title>Cloudflare</title><h1>Sorry</h1>');
        return;
      case 'hang':
        response.once('close', () => this.#history.abandoned(call));
        return;
      case 'reset':
        response.socket?.resetAndDestroy();
        return;
      case 'lost':
      case 'late':
        this.#answerTo(asked, found, call);
        if (fault.kind === 'lost' && fault.by === 'reset') response.socket?.resetAndDestroy();
        return;
      case 'garbled':
        this.#answerTo(asked, found, call);
        this.#history.answered(call, 200);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"id": "12');
        return;
      case 'slow':
      case undefined: {
        const answer = this.#answerTo(asked, found, call);
        await this.#wait(half + (fault?.kind === 'slow' ? fault.ms : 0));
        return this.#send(call, response, answer);
      }
    }
  }

  /** Does it, unless something is against it. */
  #answerTo(asked: ApiRequest, found: MatchedRoute | undefined, call: Call): ApiResponse {
    if (found === undefined) {
      const status = asked.path !== undefined && knowsPath(asked.path) ? 405 : 404;
      const words = status === 405 ? 'Method Not Allowed' : 'Not Found';
      return { status, body: { message: `${status}: ${words}`, code: 0 } };
    }
    const isOpen = found.route.path === '/gateway';
    if (!isOpen && asked.authorization !== `Bot ${this.#token()}`) {
      return errorResponse(new ApiError(0));
    }
    return this.#limited(asked, found, call);
  }

  #limited(asked: ApiRequest, found: MatchedRoute, call: Call): ApiResponse {
    const { route, params } = found;
    const name = `${route.method} ${route.path}`;
    const major = params['channel'] ?? params['guild'] ?? '';
    const body = asked.body instanceof ApiError ? {} : asked.body;
    const sublimit = route.sublimit?.(body);
    const spending = this.#limits.spend({ route: name, major, sublimit, arrivedAt: call.at });
    if (spending === undefined) return this.#run(asked, found);
    const { bucket, state, refused } = spending;
    const told = { key: [name, major], state } satisfies ApiResponse['told'];
    if (refused === undefined) {
      const answer = this.#run(asked, found);
      return { ...answer, headers: { 'x-ratelimit-bucket': bucket }, told };
    }
    const { waitMs, scope, foretold } = refused;
    const { method, path } = call;
    this.#history.rateLimited.push({
      method,
      route: route.path,
      path,
      at: call.at,
      scope,
      foretold,
    });
    const { headers, ...rest } = rateLimitedResponse(waitMs / 1_000, scope);
    return { ...rest, headers: { ...headers, 'x-ratelimit-bucket': bucket }, told };
  }

  #run({ body, query }: ApiRequest, { route, params }: MatchedRoute): ApiResponse {
    try {
      if (body instanceof ApiError) throw body;
      const result = route.run({ ...this.#services, params, query, body });
      if (result === undefined) return { status: 204 };
      return { status: route.creates === true ? 201 : 200, body: result };
    } catch (error) {
      if (error instanceof ApiError) return errorResponse(error);
      const message = `the fake itself failed: ${error instanceof Error ? error.stack : String(error)}`;
      return { status: 500, body: { message, code: 0 } };
    }
  }

  #injected({
    code,
    status,
    message,
    retryAfterSeconds = 5,
  }: Fault & { kind: 'refused' }): ApiResponse {
    const refusal = new ApiError(code, {
      ...(status === undefined ? {} : { status }),
      ...(message === undefined ? {} : { message }),
    });
    if (refusal.status !== 429) return errorResponse(refusal);
    const { headers } = rateLimitedResponse(retryAfterSeconds, 'shared');
    const body = { ...refusal.body, retry_after: retryAfterSeconds, global: false };
    return { status: 429, body, ...(headers === undefined ? {} : { headers }) };
  }

  #send(call: Call, response: ServerResponse, answer: ApiResponse): void {
    const { status, body, told } = answer;
    const headers = { ...answer.headers, ...(told === undefined ? {} : headersOf(told.state)) };
    if (told !== undefined) this.#limits.tell(...told.key, told.state);
    const code = Array.isArray(body) || status < 400 ? undefined : Number(body?.['code'] ?? 0);
    this.#history.answered(call, status, code);
    if (body === undefined) {
      response.writeHead(status, headers).end();
      return;
    }
    response.writeHead(status, { ...headers, 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }

  async #wait(ms: number): Promise<void> {
    if (ms > 0) await pause(ms, undefined, { signal: this.#stopping.signal });
  }
}
