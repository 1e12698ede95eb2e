import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { Arguments } from './arguments.ts';
import type { Fault, Faults } from './faults.ts';
import type { Call } from './activity-record.ts';
import type { Limits } from './limits.ts';
import { methods } from './methods/all-methods.ts';
import { type MethodCall, type Method, type MethodServices, needScope } from './methods/method.ts';
import { ApiError } from './api-error.ts';
import { type ApiRequest, readRequest } from './request.ts';
import type { Workspace } from './workspace.ts';

type Answer = Record<string, unknown>;

/** Who may call. */
export interface Credentials {
  readonly workspaces: ReadonlyMap<string, Workspace>;
  readonly appToken: string;
  /** What Slack says to every call with the app's own token; undefined while it is good. */
  appTokenError: string | undefined;
}

/** Slack's Web API: reads a call, spends its limit, does it or refuses, answers. */
export class WebApi {
  readonly #world: MethodServices;
  readonly #credentials: Credentials;
  readonly #limits: Limits;
  readonly #faults: Faults;

  constructor(parts: {
    world: MethodServices;
    credentials: Credentials;
    limits: Limits;
    faults: Faults;
  }) {
    this.#world = parts.world;
    this.#credentials = parts.credentials;
    this.#limits = parts.limits;
    this.#faults = parts.faults;
  }

  async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { history, settings } = this.#world;
    response.setHeader('date', new Date(Date.now() + settings.clockAheadMs).toUTCString());
    let asked: ApiRequest | undefined;
    try {
      asked = await readRequest(incoming);
    } catch (error) {
      // The client went away before it had asked.
      if (incoming.destroyed && !(error instanceof ApiError)) return;
      if (!(error instanceof ApiError)) throw error;
      answer(response, 200, { ok: false, error: error.error });
      return;
    }
    if (asked === undefined) {
      response.writeHead(404).end();
      return;
    }
    const { method, args } = asked;
    const call = history.called(method, args, settings.keepTexts);
    const workspace = this.#workspaceOf(asked.token);
    call.team = workspace?.id;
    const fault = this.#faults.take(
      // A condition may look at the arguments, kept or not.
      settings.keepTexts ? call : { ...call, args },
    );
    call.injected = fault !== undefined && fault.kind !== 'slow';
    await this.#serve(asked, call, fault, response);
  }

  async #serve(
    asked: ApiRequest,
    call: Call,
    fault: Fault | undefined,
    response: ServerResponse,
  ): Promise<void> {
    const { history } = this.#world;
    const ms = fault?.kind === 'slow' ? fault.ms : this.#latencyMs();
    if (ms > 0) await pause(ms / 2);
    if (fault?.kind === 'late') await pause(fault.ms);
    switch (fault?.kind) {
      case 'error':
        history.ended(call, fault.error);
        return answer(response, 200, { ok: false, error: fault.error, ...fault.details });
      case 'rate-limited':
        return this.#refuse(call, response, fault.retryAfterSeconds, fault.by);
      case 'status':
        history.ended(call, `status ${fault.status}`);
        response.writeHead(fault.status, { 'content-type': 'text/html' }).end('Server Error');
        return;
      case 'hang':
        return history.ended(call, 'hang');
      case 'reset':
        history.ended(call, 'reset');
        response.socket?.resetAndDestroy();
        return;
      case 'lost':
      case 'late': {
        this.#run(asked, call, response);
        history.ended(call, fault.kind);
        if (fault.kind === 'lost' && fault.by === 'reset') response.socket?.resetAndDestroy();
        return;
      }
      default: {
        const result = this.#run(asked, call, response);
        if (result === undefined) return;
        if (ms > 0) await pause(ms / 2);
        history.ended(call, result['ok'] === true ? 'ok' : String(result['error']));
        answer(response, 200, result);
      }
    }
  }

  /** Does it; undefined if the rate limit refused it, which is answered then. */
  #run(asked: ApiRequest, call: Call, response: ServerResponse): Answer | undefined {
    try {
      const { known, workspace } = this.#admit(asked);
      const args = new Arguments(asked.args);
      const owner = known.token === 'app' ? 'app' : workspace.id;
      const isPost = call.method === 'chat.postMessage';
      const wait = this.#limits.spend(
        call.method,
        owner,
        isPost ? args.text('channel') : undefined,
      );
      if (wait !== undefined) {
        this.#refuse(call, response, wait);
        return undefined;
      }
      const methodCall: MethodCall = { world: this.#world, workspace, args, call };
      response.setHeader('x-oauth-scopes', [...workspace.scopes].join(','));
      response.setHeader('x-accepted-oauth-scopes', (known.scopes ?? []).join(','));
      needScope(methodCall, known.scopes ?? []);
      this.#checkNames(known, methodCall);
      return { ok: true, ...known.run(methodCall) };
    } catch (error) {
      if (error instanceof ApiError) return { ok: false, error: error.error, ...error.details };
      this.#world.history.violated(call, `the fake itself failed: ${String(error)}`);
      return { ok: false, error: 'fatal_error' };
    }
  }

  #admit({ method, token }: ApiRequest): { known: Method; workspace: Workspace } {
    const known = methods.get(method);
    if (known === undefined) throw new ApiError('unknown_method', { req_method: method });
    if (token === undefined) throw new ApiError('not_authed');
    const workspace = this.#workspaceOf(token);
    const isApp = token === this.#credentials.appToken;
    if (workspace === undefined && !isApp) throw new ApiError('invalid_auth');
    const tokenError = isApp ? this.#credentials.appTokenError : workspace?.tokenError;
    if (tokenError !== undefined) throw new ApiError(tokenError);
    const [first] = this.#credentials.workspaces.values();
    if ((known.token === 'app') !== isApp || first === undefined) {
      throw new ApiError('not_allowed_token_type');
    }
    return { known, workspace: workspace ?? first };
  }

  #workspaceOf(token: string | undefined): Workspace | undefined {
    for (const workspace of this.#credentials.workspaces.values()) {
      if (workspace.token === token) return workspace;
    }
    return undefined;
  }

  #checkNames(known: Method, { world, workspace, args, call }: MethodCall): void {
    for (const name of Object.keys(args.raw)) {
      if (name !== 'team_id' && !known.takes.includes(name)) {
        world.history.violated(call, `unknown argument ${name}`);
      }
    }
    const team = args.text('team_id');
    if (team !== undefined && known.token !== 'app' && team !== workspace.id) {
      world.history.violated(call, `a call for ${team} with the token of ${workspace.id}`);
    }
  }

  #refuse(call: Call, response: ServerResponse, seconds: number, by = this.#limits.refuseBy): void {
    this.#world.history.ended(call, 'ratelimited');
    response.setHeader('retry-after', String(seconds));
    answer(response, by === 'body' ? 200 : 429, { ok: false, error: 'ratelimited' });
  }

  /** Lies around the median, more often a little above it than far above it. */
  #latencyMs(): number {
    const { medianMs, jitter } = this.#world.settings.latency;
    return medianMs === 0 ? 0 : medianMs * Math.exp(jitter * (Math.random() * 2 - 1));
  }
}

function answer(response: ServerResponse, status: number, body: Answer): void {
  // A client that is gone hears nothing; what it asked for was done all the same.
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(body));
}
