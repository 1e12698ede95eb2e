import type { Budget, Surface, Told } from '../../../core/ports/surface.ts';
import { GlobalLimit } from './global-rate-limit.ts';

/** Channels that were written to last; the limits of the others are told anew when they are. */
const maxChannels = 2_000;

export const globalKey = 'discord:global';

/** The client library lets no call go until 50 ms after the time that Discord tells. */
const afterResetMs = 60;

type Kind = keyof Surface['budgets'];

/**
 * Discord's limits: each kind of call in each channel has one of its own, which Discord tells in
 * its answers. Until it has told, five calls in five seconds are believed.
 */
export class Budgets {
  readonly #channels = new Map<string, Record<Kind, ToldBudget>>();
  /** Of all that the bot does. */
  readonly everywhere: GlobalLimit;

  /** @param options `alone`: no other instance makes calls */
  constructor(options: { alone: boolean }) {
    this.everywhere = new GlobalLimit(globalKey, options);
  }

  /** What a reply in this channel spends. */
  of(channel: string): Surface['budgets'] {
    const { post, edit, remove } = this.#channel(channel);
    return {
      post: [post, this.everywhere],
      edit: [edit, this.everywhere],
      remove: [remove, this.everywhere],
    };
  }

  /** Discord answered a call. */
  hear(method: string, path: string, headers: { get(name: string): string | null }): void {
    const [, channel = '', message] =
      /^\/channels\/(\d+)\/messages(\/\d+)?$/.exec(path.replace(/\?.*$/, '')) ?? [];
    const kind = kindOf(method, message !== undefined);
    if (channel === '' || kind === undefined) return;
    const limit = Number(headers.get('X-RateLimit-Limit') ?? Number.NaN);
    const left = Number(headers.get('X-RateLimit-Remaining') ?? Number.NaN);
    const resetMs = Number(headers.get('X-RateLimit-Reset-After') ?? Number.NaN) * 1_000;
    if (!(limit >= 1) || !(left >= 0) || !(resetMs >= 0)) return;
    const at = performance.now();
    const resetsAt = at + resetMs + afterResetMs;
    this.#channel(channel)[kind].told = { limit, left, at, resetsAt };
  }

  #channel(id: string): Record<Kind, ToldBudget> {
    let channel = this.#channels.get(id);
    if (channel === undefined) {
      if (this.#channels.size >= maxChannels) {
        this.#channels.delete(this.#channels.keys().next().value ?? '');
      }
      channel = {
        post: budget(`discord:${id}:post`),
        // The client library sends them one after the other, in the order they were made.
        edit: { ...budget(`discord:${id}:edit`), oneAtATime: true },
        remove: budget(`discord:${id}:remove`),
      };
      this.#channels.set(id, channel);
    }
    return channel;
  }
}

interface ToldBudget extends Budget {
  told: Told | undefined;
}

function budget(key: string): ToldBudget {
  return { key, burst: 5, perSecond: 1, told: undefined };
}

function kindOf(method: string, ofOne: boolean): Kind | undefined {
  if (method === 'POST') return ofOne ? undefined : 'post';
  if (!ofOne) return undefined;
  return method === 'PATCH' ? 'edit' : method === 'DELETE' ? 'remove' : undefined;
}
