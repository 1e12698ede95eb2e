// Tested by test/unit/commands/doctor.test.ts
import type { Proxies, ProxyFault } from '../../proxy/proxies.ts';
import type { Hint } from '../../config/config.ts';
import type { ClockReading, Finding } from '../../core/ports/checkup.ts';

const group = 'configuration';

/** The finding of a valid configuration; `where` is its source, such as `the environment`. */
export function configurationRead(where: string): Finding {
  return { id: group, group, state: 'ok', what: 'Configuration', detail: `read from ${where}` };
}

/** Findings about settings that may not have the meant effect. */
export function hintFindings(hints: readonly Hint[]): Finding[] {
  return hints.map(({ where, message }, at) => ({
    id: `${group}.hint-${at + 1}`,
    group,
    state: 'warning',
    what: where,
    detail: message,
  }));
}

/** Findings of an invalid configuration. */
export function problemFindings(problems: readonly string[]): Finding[] {
  const interchanged = ['SLACK_BOT_TOKEN', 'SLACK_APP_TOKEN'].every((name) =>
    problems.some((problem) => problem.startsWith(`${name} must begin with`)),
  );
  return problems.map((problem, at) => {
    const [, name, rest] = /^([A-Z][A-Z_]+) (.*)$/s.exec(problem) ?? [];
    const [detail = '', example] = (rest ?? problem).split(/, such as (?=[A-Z_]+=)/);
    const hint =
      interchanged && name?.startsWith('SLACK_') === true
        ? 'the two tokens may be interchanged: "OAuth & Permissions" has the bot’s (xoxb-…), "Basic Information", "App-Level Tokens" the app’s (xapp-…)'
        : example === undefined
          ? undefined
          : `set it in .env or the environment, such as ${example}`;
    return {
      id: name === undefined ? `${group}.${at + 1}` : `${group}.${name}`,
      group,
      state: 'failed',
      what: name ?? 'Configuration',
      detail,
      ...(hint === undefined ? {} : { remedy: hint }),
    };
  });
}

/** Findings about the proxies, from the connections of all other checks; none without a proxy. */
export function proxyFindings(
  proxies: Proxies | undefined,
  faults: readonly ProxyFault[],
): Finding[] {
  if (proxies === undefined) return [];
  const used = [proxies.https, ...(proxies.http === undefined ? [] : [proxies.http])];
  return [...new Set(used.map(({ setting }) => setting))].flatMap((setting): Finding[] => {
    const what = { group: 'proxy', what: setting } as const;
    // Equal failures of several connections are one finding.
    const own = new Map(
      faults.filter((fault) => fault.setting === setting).map((fault) => [fault.detail, fault]),
    );
    const failed = Array.from(own.values(), ({ proxy, detail, remedy }, at): Finding => {
      const id = at === 0 ? `proxy.${setting}` : `proxy.${setting}.${at + 1}`;
      return { ...what, id, state: 'failed', detail: `the proxy at ${proxy} ${detail}`, remedy };
    });
    if (failed.length > 0) return failed;
    const url = used.find((proxy) => proxy.setting === setting)?.url;
    const detail = `the proxy at ${url?.host} refuses nothing that was asked for here`;
    return [{ ...what, id: `proxy.${setting}`, state: 'ok', detail }];
  });
}

const warnAboveMs = 2_000;
/** Skew that fails, in ms: Slack refuses signatures 300 s off, and times in Discord are wrong earlier. */
const failAboveMs = 60_000;

const remedy =
  'set the clocks by the network: "timedatectl set-ntp true" on Linux, "Set time automatically" elsewhere';

/** Findings about this machine's clock, one per server that it was compared with. */
export function clockFindings(readings: readonly ClockReading[]): Finding[] {
  const skews = new Map<string, Skew>();
  for (const reading of readings) {
    const skew = skewOf(reading);
    if (skew === undefined) continue;
    const known = skews.get(reading.of);
    skews.set(reading.of, known === undefined ? skew : narrower(known, skew));
  }
  if (skews.size === 0) {
    return [
      {
        id: 'clock',
        group: 'clock',
        state: 'ok',
        what: 'Clock',
        detail: 'not compared: nothing answered that tells the time',
      },
    ];
  }
  return [...skews].map(([of, skew]) => findingOf(of, skew));
}

/** Range of a clock's lead over ours. */
interface Skew {
  readonly leastMs: number;
  readonly mostMs: number;
}

/** The intersection of two ranges: several whole seconds tell more than one. */
function narrower(one: Skew, other: Skew): Skew {
  const leastMs = Math.max(one.leastMs, other.leastMs);
  const mostMs = Math.min(one.mostMs, other.mostMs);
  if (leastMs <= mostMs) return { leastMs, mostMs };
  // Disjoint ranges: one of the clocks was set meanwhile.
  return one.mostMs - one.leastMs < other.mostMs - other.leastMs ? one : other;
}

/** The skew of a reading; undefined if its time is invalid. */
function skewOf({ said, sentMs, receivedMs }: ClockReading): Skew | undefined {
  const earliestMs = typeof said === 'number' ? said : Date.parse(said);
  if (!Number.isFinite(earliestMs) || receivedMs < sentMs) return undefined;
  const latestMs = typeof said === 'number' ? said : earliestMs + 1_000;
  return { leastMs: earliestMs - receivedMs, mostMs: latestMs - sentMs };
}

function findingOf(of: string, { leastMs, mostMs }: Skew): Finding {
  const aheadMs = (leastMs + mostMs) / 2;
  // Only the certain part counts: a slow response tells little about a clock.
  const certainMs = Math.max(leastMs, -mostMs);
  const state = certainMs > failAboveMs ? 'failed' : certainMs > warnAboveMs ? 'warning' : 'ok';
  const seconds = Math.round(Math.abs(aheadMs) / 1_000);
  const side = aheadMs > 0 ? 'behind' : 'ahead of';
  return {
    id: `clock.${of.toLowerCase().replaceAll(/\W+/g, '-')}`,
    group: 'clock',
    state,
    what: `Clock against ${of}’s`,
    detail: state === 'ok' ? 'they agree' : `this machine is about ${seconds} s ${side} it`,
    ...(state === 'ok' ? {} : { remedy }),
  };
}
