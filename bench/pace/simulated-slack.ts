import { requiredScopes } from '../../src/platforms/slack/api/identify-bot.ts';
import type { Limit, LimitOptions } from '../../test/fakes/slack/limits.ts';
import type { Message } from '../../test/fakes/slack/message.ts';
import { startSlackFake } from '../../test/fakes/slack/slack-fake.ts';
import type { Case } from './cases.ts';
import { toSharedTime } from './shared-clock.ts';
import { latencyMs } from './latency.ts';
import { questionOf } from './numbered-texts.ts';
import type { PageChange, QuestionLocation, SimulatedPlatform } from './simulated-platform.ts';

/** Slack's limits of what replies are written with. */
const limits: Readonly<Record<string, Limit>> = {
  'chat.appendStream': { depth: 100, perMinute: 100 },
  'chat.delete': { depth: 50, perMinute: 50 },
  'chat.postMessage': { depth: 300, perMinute: 300 },
  'chat.postMessage#channel': { depth: 5, perMinute: 60 },
  'chat.startStream': { depth: 20, perMinute: 20 },
  'chat.stopStream': { depth: 20, perMinute: 20 },
  'chat.update': { depth: 50, perMinute: 50 },
};

function limitsOf({ burst, rate }: { burst: number; rate: number }): LimitOptions {
  const scaled = Object.entries(limits).map(([method, { depth, perMinute }]) => [
    method,
    { depth: Math.max(1, Math.round(depth * burst)), perMinute: perMinute * rate },
  ]);
  return { methods: Object.fromEntries(scaled) as Record<string, Limit> };
}

/** A fake Slack, where the n-th person asks in the n-th channel, or all of them in one. */
export async function simulatedSlack({
  replies,
  oneChannel = false,
  limits,
}: Case): Promise<SimulatedPlatform> {
  // The one of number 0 is for the warm-up.
  const numbers = Array.from({ length: replies + 1 }, (_, number) => number);
  const users = numbers.map((number) => ({ id: `U${number}P`, name: `Person ${number}` }));
  const channelOf = (number: number): string => `C${oneChannel && number > 0 ? 1 : number}`;
  const members = users.map(({ id }) => id);
  const channels = [...new Set(numbers.map(channelOf))].map((id) => ({ id, members }));
  const fake = await startSlackFake({
    workspaces: [{ id: 'T1', scopes: [...requiredScopes, 'files:read'], users, channels }],
    ...(limits === undefined ? {} : { limits: limitsOf(limits) }),
  });
  Object.defineProperty(fake.settings, 'latency', {
    get: () => ({ medianMs: latencyMs(), jitter: 0 }),
  });
  const spots = new Map<number, QuestionLocation>();
  const own = (epochMs: number): number => toSharedTime(epochMs - performance.timeOrigin);

  function pagesOf(number: number): Message[] {
    const location = spots.get(number);
    if (location === undefined) return [];
    const { bot } = fake.workspace();
    return [...fake.workspace().channel(location.channel).everything.values()].filter(
      ({ author, threadTs }) => author.user === bot.id && threadTs === location.id,
    );
  }

  return {
    apiUrl: fake.apiUrl,
    token: fake.botToken,
    appToken: fake.appToken,

    ask(number, { silently }) {
      const channel = channelOf(number);
      const { ts } = fake.person(`U${number}P`).mentions(channel, questionOf(number), { silently });
      const location = { channel, id: ts };
      spots.set(number, location);
      return location;
    },

    pageChanges(number) {
      const all = pagesOf(number).flatMap(({ readings, deletedAt }, page): PageChange[] => [
        ...readings.map(({ at, text }) => ({ at: own(at), page, text })),
        // A deletion is noted by the plain clock, in whole milliseconds.
        ...(deletedAt === undefined ? [] : [{ at: own(deletedAt), page, text: undefined }]),
      ]);
      return all.toSorted((a, b) => a.at - b.at);
    },

    calls: () =>
      fake.calls().map(({ method, at, args, outcome }) => ({
        at: own(at),
        method,
        budget: method === 'chat.postMessage' ? `${method} ${String(args['channel'])}` : method,
        bytes: Buffer.byteLength(JSON.stringify(args)),
        rateLimited: outcome === 'ratelimited',
        refused: outcome === 'ok' || outcome === 'ratelimited' ? undefined : (outcome ?? 'open'),
      })),

    get violations() {
      const { violations, activity } = fake;
      return [
        ...violations.map(({ method, problem }) => `${method}: ${problem}`),
        ...activity.notifications.map(({ mention }) => `called ${mention}`),
        ...activity.unfurls.map(({ url }) => `fetched ${url}`),
      ];
    },

    stop: () => fake.close(),
  };
}
