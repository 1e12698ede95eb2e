import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  StreamPolicy,
  type StreamingSetting,
} from '../../../../../../src/platforms/slack/reply/streaming/stream-policy.ts';
import { recordingLog } from '../../../../../fakes/recording-log.ts';

const location = (channel = 'C1') => ({ team: 'T1', channel, root: '1.0' });

function streams(streaming: StreamingSetting, isGov = false): StreamPolicy {
  return new StreamPolicy({ streaming, isGov, log: recordingLog() });
}

/** So many replies begin at once; how many of them are streams. */
function begin(all: StreamPolicy, replies: number): number {
  let count = 0;
  for (let at = 0; at < replies; at += 1) {
    const writer = {};
    if (!all.offerStream(writer, location(`C${at}`))) continue;
    count += 1;
    all.noteMode(writer, 'stream');
    all.noteCall('chat.startStream');
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
    for (const writer of writers) all.offerStream(writer, location());
    const next = {};
    expect(all.offerStream(next, location())).toBe(true);
    for (const writer of [...writers, next]) all.forget(writer);
    expect(all.offerStream({}, location())).toBe(false);
  });

  it('streams where edits are spent', () => {
    const all = streams('auto');
    for (let call = 0; call < 40; call += 1) all.noteCall('chat.update');
    expect(begin(all, 1)).toBe(1);
  });
});

describe('native', () => {
  it('streams wherever it can', () => {
    expect(begin(streams('native'), 1)).toBe(1);
    expect(streams('native').offerStream({}, { team: 'T1', channel: 'D1' })).toBe(false);
    expect(streams('native', true).offerStream({}, location())).toBe(false);
    expect(streams('edit').offerStream({}, location())).toBe(false);
  });

  it('begins no more than can be ended in time', () => {
    const all = streams('native');
    for (let call = 0; call < 10; call += 1) all.noteCall('chat.stopStream');
    expect(begin(all, 30)).toBe(8);
    vi.advanceTimersByTime(60_000);
    // Starts have come back; the stops are still kept for those that are open.
    expect(begin(all, 30)).toBe(10);
  });

  it('begins none for as long as Slack wants, and offers what was not taken to others', () => {
    const all = streams('native');
    all.noteRateLimit('chat.startStream', 5_000);
    expect(all.offerStream({}, location())).toBe(false);
    vi.advanceTimersByTime(5_000);
    for (let writer = 0; writer < 3; writer += 1) all.offerStream({}, location());
    expect(all.offerStream({}, location())).toBe(false);
    vi.advanceTimersByTime(1_500);
    expect(all.offerStream({}, location())).toBe(true);
  });
});

describe('a refusal', () => {
  it('of the method is for everywhere, of a kind of location for that kind', () => {
    const all = streams('native');
    all.noteRefusal(location('C1'), 'channel_type_not_supported');
    expect(all.offerStream({}, location('C1'))).toBe(false);
    expect(all.offerStream({}, location('C2'))).toBe(true);
    all.noteRefusal(location('D1'), 'channel_type_not_supported');
    expect(all.offerStream({}, location('D2'))).toBe(false);
    all.noteRefusal(location('C3'), 'missing_recipient_team_id');
    expect(all.offerStream({}, location('C3'))).toBe(true);
    all.noteRefusal(location('C3'), 'unknown_method');
    expect(all.offerStream({}, location('C2'))).toBe(false);
  });
});
