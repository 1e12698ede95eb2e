import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Lease } from '../../../../src/core/ports/store.ts';
import { RefusalNotices } from '../../../../src/core/intake/refusal-notices.ts';
import { recordingLog } from '../../../fakes/recording-log.ts';

const hourMs = 60 * 60_000;

/** A store's roles, which instances share. */
function sharedRoles() {
  const holders = new Map<string, { owner: string; until: number }>();
  const held: string[] = [];
  return {
    held,
    shared: true,
    async acquireLeadership(role: string, { owner, leaseMs }: Lease): Promise<boolean> {
      const holder = holders.get(role);
      held.push(role);
      if (holder !== undefined && holder.owner !== owner && holder.until > Date.now()) return false;
      holders.set(role, { owner, until: Date.now() + leaseMs });
      return true;
    },
  };
}

function instance(store: Pick<ReturnType<typeof sharedRoles>, 'shared' | 'acquireLeadership'>) {
  const log = recordingLog();
  return { log, turnedAway: new RefusalNotices({ platform: 'slack', store, log }) };
}

describe('who is turned away', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    // The cache takes 0 for no time at all.
    vi.advanceTimersByTime(1);
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('is told once an hour, by whichever instance, also after a restart', async () => {
    const store = sharedRoles();
    const [one, two] = [instance(store), instance(store)];
    expect(await one.turnedAway.shouldNotify('T1:U1', Date.now())).toBe(true);
    expect(await one.turnedAway.shouldNotify('T1:U1', Date.now())).toBe(false);
    expect(await two.turnedAway.shouldNotify('T1:U1', Date.now())).toBe(false);
    expect(await instance(store).turnedAway.shouldNotify('T1:U1', Date.now())).toBe(false);
    expect(await two.turnedAway.shouldNotify('T1:U2', Date.now())).toBe(true);
    expect(new Set(store.held)).toEqual(new Set(['told:slack:T1:U1', 'told:slack:T1:U2']));
    vi.advanceTimersByTime(hourMs - 1);
    expect(await one.turnedAway.shouldNotify('T1:U1', Date.now())).toBe(false);
    vi.advanceTimersByTime(2);
    expect(await two.turnedAway.shouldNotify('T1:U1', Date.now())).toBe(true);
    expect(await one.turnedAway.shouldNotify('T1:U1', Date.now())).toBe(false);
  });

  it('is told once an hour by an instance that is alone, which asks no store', async () => {
    const store = { ...sharedRoles(), shared: false };
    const { turnedAway } = instance(store);
    expect(await turnedAway.shouldNotify('T1:U1', Date.now())).toBe(true);
    expect(await turnedAway.shouldNotify('T1:U1', Date.now())).toBe(false);
    vi.advanceTimersByTime(hourMs + 1);
    expect(await turnedAway.shouldNotify('T1:U1', Date.now())).toBe(true);
    expect(store.held).toEqual([]);
  });

  it('is not told anew of what is read again', async () => {
    const store = sharedRoles();
    const before = Date.now();
    const [one, alone] = [instance(store), instance({ ...store, shared: false })];
    // Written before it began: whoever was there then told them.
    expect(await alone.turnedAway.shouldNotify('T1:U1', before - 1)).toBe(false);
    expect(await alone.turnedAway.shouldNotify('T1:U1', before)).toBe(true);
    // Where others share what was told, it may have been written while nobody heard.
    expect(await one.turnedAway.shouldNotify('T1:U1', before - 1)).toBe(true);
    vi.advanceTimersByTime(2 * hourMs);
    for (const { turnedAway } of [one, alone]) {
      expect(await turnedAway.shouldNotify('T1:U1', Date.now() - hourMs - 1)).toBe(false);
      expect(await turnedAway.shouldNotify('T1:U1', Date.now() - hourMs)).toBe(true);
    }
  });

  it('is to be told later if the store was away', async () => {
    const store = sharedRoles();
    const away = new Error('away');
    let isAway = true;
    const acquireLeadership = (role: string, lease: Lease): Promise<boolean> =>
      isAway ? Promise.reject(away) : store.acquireLeadership(role, lease);
    const { turnedAway } = instance({ shared: true, acquireLeadership });
    await expect(turnedAway.shouldNotify('T1:U1', Date.now())).rejects.toBe(away);
    isAway = false;
    expect(await turnedAway.shouldNotify('T1:U1', Date.now())).toBe(true);
  });

  it('is logged once an hour, by ids', () => {
    const { turnedAway, log } = instance(sharedRoles());
    turnedAway.log('T1:U1', { why: 'person', channel: 'C1' });
    turnedAway.log('T1:U1', { why: 'channel', channel: 'C2' });
    turnedAway.log('T1:U2', { why: 'channel', channel: 'C2' });
    vi.advanceTimersByTime(hourMs + 1);
    turnedAway.log('T1:U1', { why: 'channel', channel: 'C2' });
    expect(log.events.map(({ level, event }) => `${level}: ${event}`)).toEqual(
      Array(3).fill('info: access denied'),
    );
    expect(log.events.map(({ fields }) => fields)).toEqual([
      { platform: 'slack', person: 'T1:U1', why: 'person', channel: 'C1' },
      { platform: 'slack', person: 'T1:U2', why: 'channel', channel: 'C2' },
      { platform: 'slack', person: 'T1:U1', why: 'channel', channel: 'C2' },
    ]);
  });
});
