import type { ClockReading, Finding } from '../../core/ports/checkup.ts';

const warnAboveMs = 2_000;
/** Slack refuses what is signed 300 s off; long before that, times in Discord are wrong. */
const failAboveMs = 60_000;

const remedy =
  'set the clocks by the network: "timedatectl set-ntp true" on Linux, "Set time automatically" elsewhere';

/** What other machines' clocks say of ours, one finding each. */
export function clockFindings(readings: readonly ClockReading[]): Finding[] {
  const best = new Map<string, Skew>();
  for (const reading of readings) {
    const skew = skewOf(reading);
    const known = best.get(reading.of);
    if (skew !== undefined && (known === undefined || skew.doubtMs < known.doubtMs)) {
      best.set(reading.of, skew);
    }
  }
  if (best.size === 0) {
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
  return [...best].map(([of, skew]) => findingOf(of, skew));
}

/** How far a clock is ahead of ours. */
interface Skew {
  readonly aheadMs: number;
  /** It may be so much more or less. */
  readonly doubtMs: number;
}

/** Undefined for what is no time. */
function skewOf({ said, sentMs, receivedMs }: ClockReading): Skew | undefined {
  const earliestMs = typeof said === 'number' ? said : Date.parse(said);
  if (!Number.isFinite(earliestMs) || receivedMs < sentMs) return undefined;
  const latestMs = typeof said === 'number' ? said : earliestMs + 1_000;
  return {
    aheadMs: (earliestMs + latestMs - sentMs - receivedMs) / 2,
    doubtMs: (latestMs - earliestMs + receivedMs - sentMs) / 2,
  };
}

function findingOf(of: string, { aheadMs, doubtMs }: Skew): Finding {
  // Only what is certain counts: a slow answer says little about a clock.
  const certainMs = Math.abs(aheadMs) - doubtMs;
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
