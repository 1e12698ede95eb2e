import { randomUUID } from 'node:crypto';

interface ShownEntry {
  readonly id: string;
  readonly role: 'user' | 'assistant';
  readonly text: string;
  readonly outcome?: 'done' | 'stopped' | 'failed';
  readonly note?: string;
}

interface ShownMessage {
  readonly id: string;
  readonly text: string;
}

/** A conversation as an open page would show it at one moment. */
export interface Shown {
  readonly entries: readonly ShownEntry[];
  readonly running?: {
    readonly id: string;
    readonly messages: readonly ShownMessage[];
    readonly pages: readonly { readonly key: string; readonly text: string }[];
  };
  readonly queued: readonly ShownMessage[];
}

/** Talks to the web page's server as the page does, without a browser. */
export class WebClient {
  readonly #origin: string;
  #cookie = '';

  constructor(origin: string, cookie = '') {
    this.#origin = origin;
    this.#cookie = cookie;
  }

  /** The same person at another instance, as behind a proxy: there the page's name stays the same. */
  at(origin: string): WebClient {
    const { hostname, port } = new URL(origin);
    const named = this.#cookie.replaceAll(/(parley_[a-z]+)_[\w.-]+=/g, `$1_${hostname}_${port}=`);
    return new WebClient(origin, named);
  }

  /** Loads the page: says the password if there is one, and gets a session. */
  async login(password?: string): Promise<this> {
    const cookies: string[] = [];
    const keep = (response: Response): void => {
      cookies.push(...response.headers.getSetCookie().map((cookie) => cookie.split(';')[0] ?? ''));
      this.#cookie = cookies.join('; ');
    };
    if (password !== undefined) {
      keep(
        await fetch(`${this.#origin}/login`, {
          method: 'POST',
          headers: { origin: this.#origin },
          body: new URLSearchParams({ password }),
          redirect: 'manual',
        }),
      );
    }
    keep(await this.#post('/api/session', {}));
    return this;
  }

  /** Resolves once the message is taken in; throws the reason otherwise. */
  async send(conversation: string, text: string, id: string = randomUUID()): Promise<string> {
    const path = `/api/conversations/${conversation}/messages`;
    const response = await this.#post(path, { id, text });
    if (response.status !== 202) throw new Error(`${response.status} ${await response.text()}`);
    return id;
  }

  async stop(conversation: string): Promise<void> {
    await this.#post(`/api/conversations/${conversation}/stop`, {});
  }

  /** What the page shows now: the first event of its stream says it all. */
  async look(conversation: string): Promise<Shown> {
    const abort = new AbortController();
    const response = await fetch(`${this.#origin}/api/conversations/${conversation}/events`, {
      headers: { cookie: this.#cookie },
      signal: abort.signal,
    });
    if (!response.ok || !response.body) throw new Error(`${response.status}`);
    try {
      let text = '';
      for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        const state = /event: state\ndata: (.*)\n\n/.exec(text)?.[1];
        if (state !== undefined) return JSON.parse(state) as Shown;
      }
      throw new Error('the stream ended without a state');
    } finally {
      abort.abort();
    }
  }

  #post(path: string, body: unknown): Promise<Response> {
    return fetch(this.#origin + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        origin: this.#origin,
        cookie: this.#cookie,
      },
      body: JSON.stringify(body),
    });
  }
}
