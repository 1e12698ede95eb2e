import { join } from 'node:path';
import { describe, expect, vi } from 'vitest';
import { StoreUnavailable } from '../../src/core/domain/errors.ts';
import type { Store } from '../../src/core/ports/store.ts';
import { beforeAccept } from '../fakes/overridden-store.ts';
import { itInWorlds as it, scopes, signingSecret, transports } from '../worlds/slack-world.ts';

/** A store whose next so many acceptances fail, as if it were away. */
function awayFor(times: number): (store: Store) => Store {
  let left = times;
  return beforeAccept(() => {
    left -= 1;
    if (left >= 0) throw new StoreUnavailable('away', 'it is away');
  });
}

/** Slack tells nothing of it. */
const past = { silently: true };

const quick = { redelivery: { ackWithinMs: 150, retryAfterMs: [50, 50, 50] } };

describe.concurrent.each(transports)('by %s', (transport) => {
  it('acknowledges only what is stored, and takes the redelivery', async ({ worlds }) => {
    const world = await worlds.prepare({ transport, fake: quick });
    world.wrapStore = awayFor(2);
    world.answerEverything();
    await world.start();
    const root = world.fake.person('U1').mentions('C1', 'hello');
    await world.turnsDone(1);
    await world.delivered();
    expect(world.replies('C1', root.ts)).toEqual(['Answer to: Ann: hello']);
    const tries = world.fake.deliveries('message').flatMap(({ attempts }) => attempts);
    expect(tries.some(({ outcome }) => outcome !== 'acked')).toBe(true);
  });

  it('tells whoever asks, once, what somebody has to mend before it can be stored', async ({
    worlds,
  }) => {
    const world = await worlds.prepare({ transport, fake: quick });
    const tries = new Map<string, number>();
    world.wrapStore = beforeAccept(({ id }) => {
      tries.set(id, (tries.get(id) ?? 0) + 1);
      if (tries.get(id)! > 2) return;
      throw new StoreUnavailable('full', 'no room', { trouble: 'the disk is full' });
    });
    world.answerEverything();
    await world.start();
    const { fake } = world;
    const root = fake.person('U1').mentions('C1', 'hello');
    fake.person('U2').posts('D2', 'hello');
    const sentence =
      'I cannot take your question in: the disk is full. Whoever runs me has to mend that; if I have not answered by then, ask again.';
    await world.turnsDone(2);
    await world.delivered();
    expect(fake.activity.ephemerals).toMatchObject([{ user: 'U1', channel: 'C1', text: sentence }]);
    expect(world.botTexts('D2').toSorted()).toEqual(['Answer to: Ben: hello', sentence]);
    expect(world.replies('C1', root.ts)).toEqual(['Answer to: Ann: hello']);
  });

  it('answers once what is delivered twice and in any order', async ({ worlds }) => {
    const world = await worlds.begin({ transport });
    world.answerEverything();
    const { fake } = world;
    fake.events.duplicateNext(20);
    const release = fake.events.hold();
    const root = fake.person('U1').mentions('C1', 'one');
    fake.person('U1').posts('D1', 'two');
    fake.person('U2').posts('D2', 'three');
    await fake.until(() => fake.events.held.length >= 4);
    release((events) => events.toReversed());
    await world.turnsDone(3);
    await world.delivered();
    expect(world.replies('C1', root.ts)).toEqual(['Answer to: Ann: one']);
    expect([...world.botTexts('D1'), ...world.botTexts('D2')]).toHaveLength(2);
  });

  it('reads the name of a file, once, though the event that tells of it comes a second late', async ({
    worlds,
  }) => {
    const world = await worlds.begin({ transport });
    world.answerEverything();
    const { fake } = world;
    fake.person('U1').mentions('C1', 'one');
    await world.turnsDone(1);
    fake.settings.mentionEventGapMs = 1_000;
    const root = fake.person('U1').mentions('C1', 'read this', { files: [{ name: 'plan.pdf' }] });
    await world.turnsDone(2);
    await world.delivered();
    expect(world.model.answers.map(({ question }) => question)).toEqual([
      'Ann: one',
      'Ann: read this\n  [file: plan.pdf]',
    ]);
    expect(world.replies('C1', root.ts)).toHaveLength(1);
  });

  it('loses no mention that waits for its other event while the service stops', async ({
    worlds,
  }) => {
    const world = await worlds.begin({ transport });
    world.answerEverything();
    const { fake } = world;
    fake.person('U1').mentions('C1', 'one');
    await world.turnsDone(1);
    fake.settings.subscriptions = new Set(['app_mention']);
    const root = fake.person('U1').mentions('C1', 'just before the end');
    fake.settings.subscriptions = new Set(['message.im']);
    // Once these are answered, the mention has come in as well, on whichever connection.
    fake.person('U2').posts('D2', 'two');
    fake.person('U3').posts('D3', 'three');
    await world.turnsDone(3);
    await world.stop();
    // Not left to the next start, which reads only the last day again.
    await fake.until(() => fake.deliveries('app_mention')[1]?.acked === true);
    expect(world.replies('C1', root.ts)).toEqual([]);
    await world.start();
    await world.turnsDone(4);
    expect(world.replies('C1', root.ts)).toEqual(['Answer to: Ann: just before the end']);
  });

  it('keeps two workspaces apart, and writes in none but its own', async ({ worlds }) => {
    const two = [
      { id: 'T1', scopes },
      { id: 'T2', scopes },
    ];
    const world = await worlds.begin({ transport, fake: { workspaces: two } });
    world.answerEverything();
    const { fake } = world;
    const theirs = fake.person('U1', 'T2').mentions('C1', 'in the other one');
    const ours = fake.person('U1', 'T1').mentions('C1', 'in this one');
    await world.turnsDone(1);
    await world.delivered();
    expect(world.replies('C1', ours.ts)).toEqual(['Answer to: Ann: in this one']);
    expect(fake.thread('C1', theirs.ts, 'T2')).toHaveLength(1);
    expect(world.logged('Slack event of another workspace ignored')).not.toEqual([]);
  });
});

describe.concurrent.each(transports)('what was missed before a start, by %s', (transport) => {
  it('is answered once after a start: mentions, threads, direct messages', async ({ worlds }) => {
    const world = await worlds.begin({ transport });
    world.answerEverything();
    const { fake } = world;
    const known = fake.person('U1').mentions('C1', 'known');
    await world.turnsDone(1);
    await world.stop();
    const follow = fake.person('U2').posts('C1', 'a follow-up', { thread_ts: known.ts, ...past });
    const root = fake.person('U1').mentions('C2', 'a mention', past);
    fake.person('U2').posts('C2', 'not for the bot', past);
    fake.person('U3').posts('D3', 'a direct message', past);
    await world.start();
    await world.turnsDone(4);
    await vi.waitFor(() => expect(world.logged('slack read again')).toHaveLength(2));
    expect(world.replies('C1', known.ts)).toEqual([
      'Answer to: Ann: known',
      `Answer to: Ben: ${follow.text}`,
    ]);
    expect(world.replies('C2', root.ts)).toEqual(['Answer to: Ann: a mention']);
    expect(world.botTexts('D3')).toEqual(['Answer to: Cem: a direct message']);
    await world.restart();
    await vi.waitFor(() => expect(world.logged('slack read again')).toHaveLength(3));
    expect(world.logged('turn done')).toHaveLength(4);
  });

  it('is told, and not read, where reading it ended two processes', async ({ worlds }) => {
    const world = await worlds.prepare({ transport });
    world.answerEverything();
    const { fake } = world;
    const root = fake.person('U1').mentions('C1', `read this${', '.repeat(2_500)}`, past);
    fake.person('U2').mentions('C2', 'and this', past);
    world.wrapStore = (store) => {
      void store.saveReadPositions('slack-reading', new Map([[`T1:C1:${root.ts}`, '1']]));
      world.wrapStore = (same) => same;
      return store;
    };
    await world.start();
    const told = await fake.until(() => fake.activity.ephemerals[0]);
    expect(told).toMatchObject({ user: 'U1', channel: 'C1' });
    expect(told.text).toContain('could not read this message');
    expect(world.logged('message not read: it ended the process')).toHaveLength(1);
    await world.turnsDone(1);
    await world.restart();
    await vi.waitFor(() => expect(world.logged('slack read again')).toHaveLength(2));
    expect(fake.activity.ephemerals).toHaveLength(1);
    expect(world.replies('C1', root.ts)).toEqual([]);
    expect(world.logged('turn done')).toHaveLength(1);
  });

  it('is answered though Slack fails once while it is read', async ({ worlds }) => {
    const world = await worlds.prepare({ transport });
    world.answerEverything();
    const root = world.fake.person('U1').mentions('C1', 'anybody there?', past);
    world.fake.fail('conversations.history', { kind: 'status', status: 500 });
    await world.start();
    await world.turnsDone(1);
    expect(world.replies('C1', root.ts)).toEqual(['Answer to: Ann: anybody there?']);
  });

  it('is answered in a thread that began days ago, where somebody asked lately', async ({
    worlds,
  }) => {
    const world = await worlds.begin({ transport });
    world.answerEverything();
    const { fake } = world;
    const atMs = Date.now() - 3 * 24 * 3_600_000;
    const root = fake.person('U2').posts('C1', 'long ago', { atMs, ...past });
    fake.person('U1').mentions('C1', 'one', { thread_ts: root.ts });
    await world.turnsDone(1);
    await world.stop();
    fake.person('U1').posts('C1', 'two', { thread_ts: root.ts, ...past });
    await world.start();
    await world.turnsDone(2);
    expect(world.replies('C1', root.ts)).toEqual(['Answer to: Ann: one', 'Answer to: Ann: two']);
  });

  it('is not answered again by a service that lost its store', async ({ worlds }) => {
    const world = await worlds.begin({ transport });
    world.answerEverything();
    const { fake } = world;
    const root = fake.person('U1').mentions('C1', 'one');
    fake.person('U1').posts('D1', 'two');
    await world.turnsDone(2);
    await world.stop();
    world.folder = join(world.folder, 'another');
    await world.start();
    await vi.waitFor(() => expect(world.logged('slack read again')).toHaveLength(2));
    expect(world.replies('C1', root.ts)).toHaveLength(1);
    expect(world.botTexts('D1')).toHaveLength(1);
  });

  it('is told to be unknown where a scope is missing, and the rest works', async ({ worlds }) => {
    const few = scopes.filter((scope) => scope !== 'im:read');
    const world = await worlds.begin({
      transport,
      fake: { workspaces: [{ id: 'T1', scopes: few }] },
    });
    world.answerEverything();
    const { fake } = world;
    await vi.waitFor(() => {
      expect(world.logged('Slack refuses')[0]).toMatchObject({
        method: 'users.conversations',
        needed: 'im:read',
        remedy: expect.stringContaining('OAuth & Permissions'),
      });
    });
    expect(world.logged('Slack scopes missing')[0]).toMatchObject({ missing: ['im:read'] });
    fake.person('U1').posts('D1', 'hello');
    await world.turnsDone(1);
  });
});

describe.concurrent('socket connections', () => {
  it('hear everything while Slack refreshes one after the other', async ({ worlds }) => {
    const redelivery = { ...quick.redelivery, ackWithinMs: 1_000 };
    const world = await worlds.begin({ fake: { redelivery } });
    world.answerEverything();
    const { fake } = world;
    const roots = [];
    for (let round = 0; round < 6; round += 1) {
      fake.sockets.refresh(0);
      roots.push(fake.person('U1').mentions('C1', `in round ${round}`));
      roots.push(fake.person('U2').mentions('C2', `in round ${round}`));
      await fake.until(() => fake.connections >= 2);
    }
    await world.turnsDone(12);
    await world.delivered();
    for (const root of roots) expect(world.replies(root.channel, root.ts)).toHaveLength(1);
    const tries = fake.deliveries().map(({ attempts }) => attempts.length);
    expect(Math.max(...tries)).toBe(1);
  });

  it('acknowledge what they brought before a refresh, though it takes a while', async ({
    worlds,
  }) => {
    const stored = Promise.withResolvers<void>();
    const world = await worlds.prepare();
    world.wrapStore = beforeAccept(() => stored.promise);
    world.answerEverything();
    await world.start();
    const { fake } = world;
    fake.person('U1').posts('D1', 'hello');
    await fake.until(() => fake.deliveries('message').length === 1);
    fake.sockets.refresh();
    await fake.until(() => fake.connections === 4);
    stored.resolve();
    await world.turnsDone(1);
    await world.delivered();
    expect(fake.deliveries('message')[0]!.attempts).toMatchObject([{ outcome: 'acked' }]);
  });

  it('are made again when they break, and miss nothing', async ({ worlds }) => {
    const world = await worlds.begin({
      fake: { redelivery: { ackWithinMs: 150, retryAfterMs: [0, 1_000, 1_000] } },
    });
    world.answerEverything();
    const { fake } = world;
    fake.sockets.drop();
    const root = fake.person('U1').mentions('C1', 'anybody there?');
    await fake.until(() => fake.connections === 2);
    await world.turnsDone(1);
    expect(world.replies('C1', root.ts)).toHaveLength(1);
  });

  it('live on when Slack says that it leaves events out', async ({ worlds }) => {
    const world = await worlds.begin();
    world.answerEverything();
    const { fake } = world;
    fake.admin().limitsEvents();
    fake.sockets.sendRaw({ type: 'events_api', envelope_id: 'e1', payload: {} });
    fake.sockets.sendRaw({ type: 'something_new', envelope_id: 'e2' });
    await world.delivered();
    await vi.waitFor(() => {
      expect(world.logged('Slack leaves events out: there are too many')).toHaveLength(1);
    });
    fake.person('U1').posts('D1', 'still there?');
    await world.turnsDone(1);
    expect(fake.connections).toBe(2);
  });

  it('are tried for again when Slack refuses the token on the way, and say so', async ({
    worlds,
  }) => {
    const world = await worlds.begin();
    world.answerEverything();
    const { fake } = world;
    fake.refusesAppToken('invalid_auth');
    fake.sockets.refresh(0);
    await vi.waitFor(() => {
      expect(world.logged('Slack refuses the connection')[0]).toMatchObject({
        remedy: expect.stringContaining('token'),
      });
    });
    fake.person('U1').posts('D1', 'by the other one');
    await world.turnsDone(1);
  });
});

describe.concurrent('what was missed during a silence', () => {
  it('is answered after a silence of all connections', async ({ worlds }) => {
    const world = await worlds.begin({ platform: { silenceMs: 50 } });
    world.answerEverything();
    const { fake } = world;
    await vi.waitFor(() => expect(world.logged('slack read again')).toHaveLength(1));
    fake.sockets.refusing = true;
    fake.sockets.drop();
    const root = fake.person('U1').mentions('C1', 'anybody there?', past);
    await fake.until(() => fake.connections === 0);
    fake.sockets.refusing = false;
    await world.turnsDone(1);
    expect(world.replies('C1', root.ts)).toEqual(['Answer to: Ann: anybody there?']);
  });

  it('is answered once Slack can be read again', async ({ worlds }) => {
    const world = await worlds.begin({ platform: { silenceMs: 50 } });
    world.answerEverything();
    const { fake } = world;
    await vi.waitFor(() => expect(world.logged('slack read again')).toHaveLength(1));
    fake.fail('users.conversations', { kind: 'status', status: 500 }, { times: 5 });
    fake.sockets.refusing = true;
    fake.sockets.drop();
    const root = fake.person('U1').mentions('C1', 'anybody there?', past);
    await fake.until(() => fake.connections === 0);
    fake.sockets.refusing = false;
    await world.turnsDone(1, 30_000);
    expect(world.logged('what was missed in Slack is not known')).toHaveLength(1);
    expect(world.replies('C1', root.ts)).toEqual(['Answer to: Ann: anybody there?']);
  });

  it('is answered in a thread that began long before the silence', async ({ worlds }) => {
    const world = await worlds.begin({ platform: { silenceMs: 50 } });
    world.answerEverything();
    const { fake } = world;
    const root = fake.person('U1').mentions('C1', 'one', { atMs: Date.now() - 3_600_000 });
    await world.turnsDone(1);
    fake.sockets.refusing = true;
    fake.sockets.drop();
    fake.person('U2').posts('C1', 'two', { thread_ts: root.ts, ...past });
    await fake.until(() => fake.connections === 0);
    fake.sockets.refusing = false;
    await world.turnsDone(2);
    expect(world.replies('C1', root.ts)[1]).toBe('Answer to: Ben: two');
  });

  it('is answered in a thread that began days ago, where somebody asked lately', async ({
    worlds,
  }) => {
    const world = await worlds.begin({ platform: { silenceMs: 50 } });
    world.answerEverything();
    const { fake } = world;
    const days = 3 * 24 * 3_600_000;
    const root = fake.person('U2').posts('C1', 'long ago', { atMs: Date.now() - days, ...past });
    fake.person('U1').mentions('C1', 'one', { thread_ts: root.ts });
    await world.turnsDone(1);
    fake.sockets.refusing = true;
    fake.sockets.drop();
    fake.person('U1').posts('C1', 'two', { thread_ts: root.ts, ...past });
    await fake.until(() => fake.connections === 0);
    fake.sockets.refusing = false;
    await world.turnsDone(2);
    expect(world.replies('C1', root.ts).at(-1)).toBe('Answer to: Ann: two');
  });
});

describe('http events', () => {
  it('proves its address, and refuses what Slack did not sign', async ({ worlds }) => {
    const world = await worlds.begin({ transport: 'http' });
    world.answerEverything();
    const { fake } = world;
    expect(await fake.verifyUrl()).toBe(true);
    const hook = world.eventsUrl;
    const body = JSON.stringify({ type: 'event_callback', team_id: 'T1', event: {} });
    const forged = await fetch(hook, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'x-slack-request-timestamp': String(Math.floor(Date.now() / 1_000)),
        'x-slack-signature': `v0=${'0'.repeat(64)}`,
      },
    });
    expect(forged.status).toBe(401);
    expect((await fetch(hook)).status).toBe(404);
    fake.deliverTo(hook, signingSecret, -10 * 60_000);
    fake.person('U1').posts('D1', 'sent ten minutes ago');
    await fake.until(() => fake.deliveries().some(({ attempts }) => attempts[0]?.outcome));
    expect(world.model.answers).toEqual([]);
  });
});

// By itself: it moves the clock of all.
it('answers what was missed while the machine was suspended, though no connection seems to have broken', async ({
  worlds,
}) => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
  try {
    const world = await worlds.begin();
    world.answerEverything();
    const { fake } = world;
    const root = fake.person('U1').mentions('C1', 'anybody there?', past);
    vi.setSystemTime(Date.now() + 120_000);
    vi.advanceTimersByTime(10_000);
    await world.turnsDone(1);
    expect(world.replies('C1', root.ts)).toEqual(['Answer to: Ann: anybody there?']);
  } finally {
    vi.useRealTimers();
  }
});
