import { askingSeconds, type Case, writingSeconds } from './cases.ts';

interface Limit {
  readonly burst: number;
  readonly perSecond: number;
}

const perMinute = (count: number): Limit => ({ burst: count, perSecond: count / 60 });

/**
 * The mean age, in seconds, that no pacing can beat: T·N / 2(C − N) for N replies of T seconds with
 * N final texts, where the usable budgets give C = Σ(B + r·t) calls in the time t in which they are
 * written. First and final texts may be posts, starts and stops; what lies between are edits, and
 * appends for those that are streams: of all ways to split the replies between both the best.
 */
export function lowerBoundSeconds(measured: Case): number {
  const { platform, mode, replies, oneChannel = false, limits } = measured;
  const writing = writingSeconds(measured);
  const seconds = askingSeconds(measured) + writing;
  const { burst: burstShare = 1, rate: rateShare = 1 } = limits ?? {};
  const calls = ({ burst, perSecond }: Limit): number =>
    burst * burstShare + perSecond * rateShare * seconds;
  /** Of so many replies, with so many calls between and at their ends. */
  const age = (count: number, between: number, ends: number): number => {
    const beyondFinals = between + Math.min(2 * count, ends) - count;
    if (count === 0) return 0;
    return beyondFinals > 0 ? (writing * count) / (2 * beyondFinals) : Number.POSITIVE_INFINITY;
  };
  // A channel is used by all of them, or for as long as one is written.
  const shared = oneChannel && mode !== 'thread';
  const inChannels = shared
    ? calls({ burst: 5, perSecond: 1 })
    : (5 * burstShare + rateShare * writing) * replies;
  if (platform === 'discord') {
    const ends = Math.min(2 * replies, inChannels);
    const all = calls({ burst: 50, perSecond: 50 });
    return age(replies, Math.min(inChannels, all - ends), ends);
  }
  const edits = calls(perMinute(50));
  const appends = calls(perMinute(100));
  const posts = Math.min(calls(perMinute(300)), inChannels);
  const starts = Math.floor(Math.min(replies, calls(perMinute(20))));
  const mostStreams = mode === 'native' || mode === 'auto' ? starts : 0;
  let best = Number.POSITIVE_INFINITY;
  for (let streams = mode === 'native' ? starts : 0; streams <= mostStreams; streams += 1) {
    const others = replies - streams;
    const sum = streams * age(streams, appends, 2 * streams) + others * age(others, edits, posts);
    best = Math.min(best, sum / replies);
  }
  return best;
}
