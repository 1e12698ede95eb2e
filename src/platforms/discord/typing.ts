import type { WorkingMark, WorkingState } from '../../core/ports/surface.ts';
import type { DiscordApi } from './api.ts';
import type { Ground } from './ground.ts';

/** Discord shows it for ten seconds. */
const renewMs = 8_000;

/** "Parley is typing…", until a message is posted. */
export class Typing implements WorkingMark {
  readonly renewMs = renewMs;
  readonly tellsWaiting = false;
  readonly #api: DiscordApi;
  readonly #ground: (signal: AbortSignal) => Promise<Ground>;

  constructor(api: DiscordApi, ground: (signal: AbortSignal) => Promise<Ground>) {
    this.#api = api;
    this.#ground = ground;
  }

  async show(_state: WorkingState, signal: AbortSignal): Promise<void> {
    const { channel } = await this.#ground(signal);
    await this.#api.call('POST', `/channels/${channel}/typing`, {}, signal);
  }
}
