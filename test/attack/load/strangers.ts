import { setTimeout as delay } from 'node:timers/promises';
import { type Attack, type Counts, type Target, attacks } from './attacks.ts';
import { login } from './login.ts';

/**
 * A process of strangers: attacks that run beside each other for so many seconds, on 127.0.0.1
 * alone. Prints what each did, as JSON. It has the low priority of what starts it.
 *
 * `node strangers.ts '{"attacks":["bodies"],"seconds":10,"target":{…}}'`
 */
const { attacks: names, seconds, target: place } = JSON.parse(process.argv[2] ?? '') as Order;

/** What the process is to do. */
export interface Order {
  readonly attacks: readonly string[];
  readonly seconds: number;
  readonly target: Omit<Target, 'person'>;
}

const target: Target = { ...place, person: await login(place) };
const ends = AbortSignal.timeout(seconds * 1_000);
const done: Record<string, Counts> = {};
const running = names.map(async (name) => {
  const attack: Attack | undefined = attacks[name];
  if (attack === undefined) throw new Error(`there is no attack ${name}`);
  done[name] = await attack(target, ends);
});
await Promise.race([Promise.all(running), delay(seconds * 1_000 + 5_000)]);
console.log(JSON.stringify(done));
process.exit(0);
