import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  Streams,
  type Streaming,
} from '../../../../../../src/platforms/slack/reply/streaming/stream-policy.ts';
import { readableLog } from '../../../../../fakes/recording-log.ts';

const place = (channel = 'C1') => ({ team: 'T1', channel, root: '1.0' });

function streams(streaming: Streaming, isGov = false): Streams {
  return new Streams({ streaming, isGov, log: readableLog() });
}

/** So many replies begin at once; how many of them are streams. */
function begin(all: Streams, replies: number): number {
  let count = 0;
  for (let at = 0; at < replies; at += 1) {
    const writer = {};
    if (!all.offers(writer, place(`C${at}`))) continue;
    count += 1;
    all.writes(writer, 'stream');
    all.calls('chat.startStream');
  }
  return count;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('auto', () => {
  it('edits the few, and shares out the many among both limits', () => {
    expect(begin(streams('auto'), 2)).toBe(0);
    const ofTen = begin(streams('auto'), 10);
    expect(ofTen).toBeGreaterThan(4);
    expect(ofTen).toBeLessThan(9);
    // No more than Slack lets begin, and can be ended.
    expect(begin(streams('auto'), 50)).toBe(18);
  });

  it('edits again when there are few again', () => {
    const all = streams('auto');
    const writers = Array.from({ length: 8 }, () => ({}));
    for (const writer of writers) all.offers(writer, place());
    const next = {};
    expect(all.offers(next, place())).toBe(true);
    for (const writer of [...writers, next]) all.leaves(writer);
    expect(all.offers({}, place())).toBe(false);
  });

  it('streams where edits are spent', () => {
    const all = streams('auto');
    for (let call = 0; call < 40; call += 1) all.calls('chat.update');
    expect(begin(all, 1)).toBe(1);
  });
});

describe('native', () => {
  it('streams wherever it can', () => {
    expect(begin(streams('native'), 1)).toBe(1);
    expect(streams('native').offers({}, { team: 'T1', channel: 'D1' })).toBe(false);
    expect(streams('native', true).offers({}, place())).toBe(false);
    expect(streams('edit').offers({}, place())).toBe(false);
  });

  it('begins no more than can be ended in time', () => {
    const all = streams('native');
    for (let call = 0; call < 10; call += 1) all.calls('chat.stopStream');
    expect(begin(all, 30)).toBe(8);
    vi.advanceTimersByTime(60_000);
    // Starts have come back; the stops are still kept for those that are open.
    expect(begin(all, 30)).toBe(10);
  });

  it('begins none for as long as Slack wants, and offers what was not taken to others', () => {
    const all = streams('native');
    all.rateLimited('chat.startStream', 5_000);
    expect(all.offers({}, place())).toBe(false);
    vi.advanceTimersByTime(5_000);
    for (let writer = 0; writer < 3; writer += 1) all.offers({}, place());
    expect(all.offers({}, place())).toBe(false);
    vi.advanceTimersByTime(1_500);
    expect(all.offers({}, place())).toBe(true);
  });
});

describe('a refusal', () => {
  it('of the method is for everywhere, of a kind of place for that kind', () => {
    const all = streams('native');
    all.refuse(place('C1'), 'channel_type_not_supported');
    expect(all.offers({}, place('C1'))).toBe(false);
    expect(all.offers({}, place('C2'))).toBe(true);
    all.refuse(place('D1'), 'channel_type_not_supported');
    expect(all.offers({}, place('D2'))).toBe(false);
    all.refuse(place('C3'), 'missing_recipient_team_id');
    expect(all.offers({}, place('C3'))).toBe(true);
    all.refuse(place('C3'), 'unknown_method');
    expect(all.offers({}, place('C2'))).toBe(false);
  });
});
