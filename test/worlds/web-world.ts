import { randomUUID } from 'node:crypto';
import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import { inspect } from 'node:util';
import type { CoreOptions } from '../../src/core/create-core.ts';
import {
  webPlatform,
  type WebPlatform,
  type WebPlatformOptions,
} from '../../src/platforms/web/web-platform.ts';
import { createServer, type HttpServer } from '../../src/server/http-server.ts';
import { webSecrets } from '../../src/wiring/web.ts';
import { expectNoLeak } from '../fakes/leak-canaries.ts';
import { turnLimits, World } from './world.ts';

/** The web platform on a real server, store and core; only the model is in the test's hands. */
export class WebWorld extends World<WebPlatform> {
  server!: HttpServer;
  port = 0;
  concurrency = 10;
  options: Partial<WebPlatformOptions> = {};

  constructor() {
    super('parley-web-');
  }

  get web(): WebPlatform {
    return this.platform;
  }

  protected async openPlatform(): Promise<WebPlatform> {
    const { log, secrets, store } = this;
    const platform = webPlatform({
      store,
      secrets,
      ...(await webSecrets(secrets)),
      log,
      host: '127.0.0.1',
      demo: false,
      modelName: 'scripted',
      ...this.options,
    });
    const health = { check: () => this.store.checkWritable() };
    this.server = createServer({ host: '127.0.0.1', port: this.port, log, health });
    this.server.mount(platform.routes);
    this.port = (await this.server.listen()).port;
    return platform;
  }

  protected override get core(): Partial<CoreOptions> {
    return { concurrency: this.concurrency, limits: { ...turnLimits, historyTokens: 1_000 } };
  }

  protected override async closeOthers(): Promise<void> {
    await this.server.close();
  }

  override async end(): Promise<void> {
    await super.end();
    const shown = { depth: null, maxArrayLength: null, maxStringLength: null };
    expectNoLeak(inspect(this.log.events, shown));
  }

  /** A browser that was never here, with a session if it opens one. */
  browser(): Browser {
    return new Browser(this.port);
  }

  async visitor(): Promise<Browser> {
    const browser = this.browser();
    await browser.post('/api/session', {});
    return browser;
  }
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface HttpRequestOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

/** What a browser is to a server: cookies, and a header that says where a request comes from. */
export class Browser {
  readonly cookies = new Map<string, string>();
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  /** What a cookie holds, under whatever name of this host it came; `session` or `login`. */
  cookie(kind: string): string {
    return [...this.cookies].find(([name]) => name.includes(`parley_${kind}_`))?.[1] ?? '';
  }

  get(path: string, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    return this.ask(path, { headers });
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    return this.ask(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  say(conversation: string, text: string, id: string = randomUUID()): Promise<HttpAnswer> {
    return this.post(`/api/conversations/${conversation}/messages`, { id, text });
  }

  async ask(path: string, asking: HttpRequestOptions = {}): Promise<HttpAnswer> {
    const response = await this.#send(path, asking);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    for (const cookie of response.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (/; Max-Age=0(;|$)/.test(cookie)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      text: Buffer.concat(chunks).toString(),
    };
  }

  /** Sends a form, and does not wait for what becomes of it. */
  begin(path: string, form: string): { status: number | undefined; abort(): void } {
    const request = httpRequest({
      host: '127.0.0.1',
      port: this.#port,
      path,
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      agent: false,
    });
    const begun = { status: undefined as number | undefined, abort: () => request.destroy() };
    request.on('response', (response) => {
      begun.status = response.statusCode;
      response.resume();
    });
    // Whoever aborts it does not want to hear of it.
    request.on('error', () => {});
    request.end(form);
    return begun;
  }

  /** Looks at a conversation, live. */
  async open(conversation: string): Promise<OpenPage> {
    const response = await this.#send(`/api/conversations/${conversation}/events`, {});
    return new OpenPage(response);
  }

  #send(
    path: string,
    { method = 'GET', headers = {}, body }: HttpRequestOptions,
  ): Promise<IncomingMessage> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        {
          host: '127.0.0.1',
          port: this.#port,
          path,
          method,
          headers: { ...(cookie && { Cookie: cookie }), ...headers },
          agent: false,
        },
        resolve,
      );
      request.on('error', reject);
      request.end(body);
    });
  }
}

interface State {
  ids: string[];
  entries: { id: string; role: string; text: string; outcome?: string; note?: string }[];
  running?: {
    id: string;
    messages: { text: string }[];
    pages: { key: string; text: string }[];
    working?: { phase: string; ahead?: number };
    stopping: boolean;
  };
  queued: { id: string; text: string }[];
}

/** A page as its script sees it: what the events say so far. */
export class OpenPage {
  readonly status: number;
  readonly #response: IncomingMessage;
  readonly #entries = new Map<string, State['entries'][number]>();
  #state: State = { ids: [], entries: [], queued: [] };
  #events = 0;
  ended = false;
  readonly done: Promise<void>;

  constructor(response: IncomingMessage) {
    this.status = response.statusCode ?? 0;
    this.#response = response;
    this.done = this.#read();
  }

  get events(): number {
    return this.#events;
  }

  get running(): State['running'] {
    return this.#state.running;
  }

  get queued(): State['queued'] {
    return this.#state.queued;
  }

  /** Everything that can be read, top to bottom: `you: …`, `parley: …`. */
  get transcript(): string[] {
    const { ids, running, queued } = this.#state;
    const past = ids.map((id) => {
      const entry = this.#entries.get(id);
      const who = entry?.role === 'user' ? 'you' : 'parley';
      const note = entry?.note === undefined ? '' : ` [${entry.note}]`;
      return `${who}: ${entry?.text}${note}`;
    });
    const asked = (running?.messages ?? []).map(({ text }) => `you: ${text}`);
    const growing = running === undefined ? [] : [`parley… ${this.growing}`];
    return [...past, ...asked, ...growing, ...queued.map(({ text }) => `you, next: ${text}`)];
  }

  /** The reply that is being written. */
  get growing(): string {
    return (this.#state.running?.pages ?? []).map(({ text }) => text).join('');
  }

  close(): void {
    this.#response.destroy();
  }

  async #read(): Promise<void> {
    let rest = '';
    this.#response.setEncoding('utf8');
    try {
      for await (const chunk of this.#response) {
        rest += String(chunk);
        const blocks = rest.split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) this.#apply(block);
      }
    } catch (error) {
      // The test closed the page, or the server cut it: either way it shows nothing new.
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'].includes(code)) throw error;
    }
    this.ended = true;
  }

  #apply(block: string): void {
    const [, name, data = ''] = /^event: (\w+)\ndata: (.*)$/s.exec(block) ?? [];
    if (name === undefined) return;
    this.#events += 1;
    if (name === 'state') {
      this.#state = JSON.parse(data) as State;
      for (const entry of this.#state.entries) this.#entries.set(entry.id, entry);
    }
    if (name === 'page') {
      const { key, keep, text } = JSON.parse(data) as { key: string; keep: number; text: string };
      const page = this.#state.running?.pages.find((page) => page.key === key);
      if (page === undefined) throw new Error(`a page that nobody knows: ${key}`);
      page.text = page.text.slice(0, keep) + text;
    }
  }
}
