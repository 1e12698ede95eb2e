import { forbidden, isKnown } from './intents.ts';
import { type Shard, closeCode } from './protocol.ts';

/** A shard may serve no more guilds than this. */
const mostGuilds = 2_500;

/** What a session is to be started with, or the close code that refuses it. */
export type Identification =
  | { readonly shard: Shard; readonly intents: number; readonly refusal?: never }
  | { readonly shard: Shard; readonly intents: number; readonly refusal: number };

/** Judges an identify in the order in which Discord does. */
export function identificationOf(
  payload: unknown,
  rules: {
    readonly token: string;
    readonly portal: { readonly messageContent: boolean };
    readonly guilds: number;
  },
): Identification {
  const { token, intents, properties, shard } = (payload ?? {}) as Record<string, unknown>;
  const known = { shard: [0, 1] as Shard, intents: Number(intents) };
  if (typeof token !== 'string' || typeof properties !== 'object' || properties === null) {
    return { ...known, refusal: closeCode.decodeError };
  }
  if (token !== rules.token) return { ...known, refusal: closeCode.authenticationFailed };
  if (shard !== undefined && !isShard(shard)) return { ...known, refusal: closeCode.invalidShard };
  const asked = { ...known, shard: shard ?? known.shard };
  if (rules.guilds / asked.shard[1] > mostGuilds) {
    return { ...asked, refusal: closeCode.shardingRequired };
  }
  if (!isKnown(intents)) return { ...asked, refusal: closeCode.invalidIntents };
  if (forbidden(intents, rules.portal) !== 0) {
    return { ...asked, refusal: closeCode.disallowedIntents };
  }
  return { ...asked, intents };
}

function isShard(value: unknown): value is Shard {
  if (!Array.isArray(value) || value.length !== 2 || !value.every(Number.isInteger)) return false;
  const [id, count] = value as [number, number];
  return id >= 0 && id < count;
}
