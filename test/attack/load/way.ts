import { spawn } from 'node:child_process';
import { availableParallelism, loadavg } from 'node:os';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { killWithParent } from '../../processes/kill-with-parent.ts';
import type { Counts } from './attacks.ts';
import { type Flood, floodDiscord, floodSlack } from './event-floods.ts';
import { HealthWatch } from './health.ts';
import { MemoryWatch } from './memory.ts';
import { standForOtherMachines } from './other-machines.ts';
import { Site, type SlackTransport } from './site.ts';
import type { Order } from './strangers.ts';

const strangers = fileURLToPath(new URL('./strangers.ts', import.meta.url));
const mb = 1_000_000;

/** What must hold while strangers attack. */
const bounds = { healthMs: 1_000, memoryBytes: 400 * mb, logLines: 3_000 } as const;

/** After the last attack, so long may an answer take to be whole, in milliseconds. */
const patienceMs = 60_000;
/** The model goes on writing for so long after the attacks. */
const spareSeconds = 5;

/** What happens for a while; nothing does between two of them. */
interface Phase {
  readonly name: string;
  readonly seconds: number;
  /** By strangers' connections, see `attacks.ts`. */
  readonly attacks?: readonly string[];
  /** By people on the platforms. */
  readonly floods?: readonly ('slack' | 'discord')[];
}

/** What there has to be of each flood, as counted, for it to be one; a busy machine sends less. */
const least: Readonly<
  Record<string, { readonly counted: string; perSecond?: number; inAll?: number }>
> = {
  pipelines: { counted: 'tried', inAll: 20 },
  connections: { counted: 'tried', inAll: 1_000 },
  bodies: { counted: 'tried', inAll: 200 },
  page: { counted: 'streams tried', inAll: 500 },
  slack: { counted: 'events', perSecond: 40 },
  discord: { counted: 'events', perSecond: 130 },
};

const byHttp = ['pipelines', 'connections', 'bodies', 'page'] as const;

/** Each attack for so long, and then all of them for four times that. */
function phasesOf(seconds: number): Phase[] {
  return [
    { name: 'nothing', seconds: seconds / 2 },
    ...byHttp.map((name) => ({ name, seconds, attacks: [name] })),
    { name: 'slack', seconds, floods: ['slack'] },
    { name: 'discord', seconds, floods: ['discord'] },
    { name: 'together', seconds: 4 * seconds, attacks: byHttp, floods: ['slack', 'discord'] },
  ];
}

/** What comes through sockets alone. */
function socketPhasesOf(seconds: number): Phase[] {
  return [{ name: 'slack, discord by sockets', seconds, floods: ['slack', 'discord'] }];
}

/** What such a process is told to do, as JSON. */
export interface WayOrder {
  readonly way: SlackTransport;
  readonly seconds: number;
  /** A regular expression; phases whose name it does not find are left out. */
  readonly only: string;
}

const order = JSON.parse(process.argv[2] ?? '') as WayOrder;
process.send?.(await attackBy(order));
process.disconnect();

/** Prints what was measured; resolves to what did not hold, in sentences. */
async function attackBy({ way, seconds, only }: WayOrder): Promise<string[]> {
  const all = way === 'http' ? phasesOf(seconds) : socketPhasesOf(seconds);
  const phases = all.filter(({ name }) => new RegExp(only).test(name));
  return phases.length === 0 ? [] : attack(way, phases);
}

async function attack(way: SlackTransport, phases: readonly Phase[]): Promise<string[]> {
  const total = phases.reduce((sum, { seconds }) => sum + seconds, 0);
  console.log(`Slack by ${way}: ${total} s beside ten answers; load of the machine ${loadNow()}`);
  const site = await Site.start(way);
  const health = new HealthWatch(site.healthUrl);
  // On the page's port it waits with everybody else: printed, and no bound.
  const atPage = new HealthWatch(site.parley.url);
  const memory = new MemoryWatch(site.parley.pid);
  // Parley and who asks for its health were started before, and keep their priority.
  standForOtherMachines();
  const begun = Date.now();
  const rows: Record<string, Record<string, string | number>> = {};
  const weak: string[] = [];
  try {
    await site.ask(total + spareSeconds);
    memory.takePeak();
    for (const phase of phases) {
      const at = Date.now();
      const lines = linesOf(site);
      const counts = await carryOut(phase, site);
      rows[phase.name] = {
        s: (Date.now() - at) / 1_000,
        'health, slowest (ms)': slowest(health, at),
        'at the page': slowest(atPage, at),
        'memory, most (MB)': Math.round(memory.takePeak() / mb),
        'log lines': linesOf(site) - lines,
      };
      console.log(`  ${phase.name}: ${wordsOf(counts)}`);
      weak.push(...tooWeak(phase, counts));
    }
    const early = site.whole;
    const broken = await site.wrong(patienceMs);
    rows['all'] = {
      s: (Date.now() - begun) / 1_000,
      'health, slowest (ms)': slowest(health, begun),
      'at the page': slowest(atPage, begun),
      'memory, most (MB)': Math.round(memory.highest / mb),
      'log lines': linesOf(site),
    };
    console.log(`  ${10 - broken.length} of 10 answers are whole; ${early} were before the end`);
    console.log(`  Slack: ${takenAtOnce(site)}`);
    return [...weak, ...broken, ...outOfBounds(site, health, memory, begun)];
  } finally {
    console.table(rows);
    console.log(`load of the machine ${loadNow()}\n`);
    memory.stop();
    health.stop();
    atPage.stop();
    await site.stop();
  }
}

/** Of the last minute; above the number of cores, others keep the service from its work. */
function loadNow(): string {
  return `${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`;
}

async function carryOut(phase: Phase, site: Site): Promise<Record<string, Counts>> {
  const { seconds, attacks = [], floods = [] } = phase;
  const running: Record<string, Flood> = {};
  if (floods.includes('slack')) running['slack'] = floodSlack(site.slack);
  if (floods.includes('discord')) running['discord'] = floodDiscord(site.discord);
  const [counts] = await Promise.all([
    attacks.length === 0 ? {} : sendStrangers({ attacks, seconds, target: targetOf(site) }),
    delay(seconds * 1_000),
  ]);
  const sent = Object.entries(running).map(([name, stop]) => [name, { events: stop() }] as const);
  return { ...counts, ...Object.fromEntries(sent) };
}

/** In a process of their own, which ends by itself. */
async function sendStrangers(order: Order): Promise<Record<string, Counts>> {
  const child = spawn(process.execPath, [strangers, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  killWithParent(child);
  const printed = await text(child.stdout);
  return JSON.parse(printed) as Record<string, Counts>;
}

function targetOf({ parley, signingSecret, password }: Site): Order['target'] {
  return { port: parley.port, signingSecret, password };
}

function outOfBounds(
  site: Site,
  health: HealthWatch,
  memory: MemoryWatch,
  begun: number,
): string[] {
  const broken: string[] = [];
  const probes = health.since(begun);
  const failed = probes.filter(({ status }) => status !== 200);
  if (failed.length > 0) {
    broken.push(`health: ${failed.length} of ${probes.length} answers were not 200`);
  }
  if (slowest(health, begun) > bounds.healthMs) {
    broken.push(`health: an answer took ${slowest(health, begun)} ms`);
  }
  if (memory.highest > bounds.memoryBytes) {
    broken.push(`memory: ${Math.round(memory.highest / mb)} MB`);
  }
  const lines = linesOf(site);
  if (lines > bounds.logLines) broken.push(`log: ${lines} lines`);
  const lost = site.slack.deliveries().filter((delivery) => delivery.lost).length;
  if (lost > 0) broken.push(`Slack: ${lost} events were never taken`);
  return broken;
}

/** How many events were taken when they were sent first: the rest Slack sends again. */
function takenAtOnce({ slack }: Site): string {
  const all = slack.deliveries();
  const atOnce = all.filter(({ attempts }) => attempts[0]?.outcome === 'acked');
  return `${atOnce.length} of ${all.length} events were taken at their first delivery`;
}

function slowest(health: HealthWatch, since: number): number {
  return Math.ceil(Math.max(0, ...health.since(since).map(({ ms }) => ms)));
}

function linesOf({ parley }: Site): number {
  return parley.output.split('\n').length - 1;
}

function tooWeak({ name, seconds }: Phase, counts: Readonly<Record<string, Counts>>): string[] {
  return Object.entries(counts).flatMap(([flood, count]) => {
    const { counted = '', perSecond = 0, inAll = 0 } = least[flood] ?? {};
    const sent = count[counted] ?? 0;
    const wanted = inAll + perSecond * seconds;
    return sent >= wanted
      ? []
      : [`${name}: ${sent} ${counted} by ${flood} are no flood, of which ${wanted} are the least`];
  });
}

function wordsOf(counts: Readonly<Record<string, Counts>>): string {
  return Object.entries(counts)
    .map(([name, count]) => {
      const each = Object.entries(count).map(([what, times]) => `${times} ${what}`);
      return `${name} ${each.join(', ')}`;
    })
    .join('; ');
}
