import { DiscordFake } from '../../test/fakes/discord/discord-fake.ts';
import type { Message } from '../../test/fakes/discord/message.ts';
import type { Case } from './cases.ts';
import { toSharedTime } from './shared-clock.ts';
import { latencyMs } from './latency.ts';
import { questionOf } from './numbered-texts.ts';
import type { PageChange, SimulatedPlatform } from './simulated-platform.ts';

/** A fake Discord, where the n-th person asks in the n-th channel, or all of them in one. */
export async function simulatedDiscord({
  replies,
  oneChannel = false,
  limits,
}: Case): Promise<SimulatedPlatform> {
  // The one of number 0 is for the warm-up.
  const numbers = Array.from({ length: replies + 1 }, (_, number) => number);
  const channelOf = (number: number): string => `channel-${oneChannel && number > 0 ? 1 : number}`;
  const fake = await DiscordFake.start({
    guilds: [
      {
        name: 'Village',
        people: ['Person 0', ...numbers.slice(1).map((number) => `Person ${number}`)],
        channels: [...new Set(numbers.map(channelOf))].map((name) => ({ name })),
      },
    ],
    // Identifying again is allowed at once, so that nobody waits for Discord's 5 s.
    gateway: { identifyEveryMs: 0 },
    ...(limits === undefined ? {} : { limits: { scale: limits.burst } }),
  });
  Object.defineProperty(fake.settings, 'latencyMs', { get: latencyMs });
  const questions = new Map<number, Message>();

  function pagesOf(number: number): Message[] {
    const question = questions.get(number);
    if (question === undefined) return [];
    const thread = fake.thread(question);
    const channel = thread ?? fake.channel(question.channelId);
    return [...channel.everything.values()].filter(
      ({ author, reference, kind }) =>
        author === fake.bot &&
        (kind === 'default' || kind === 'reply') &&
        (thread !== undefined || reference?.messageId === question.id),
    );
  }

  /** Whether the limit over all that the bot does refused it. */
  function isGlobal(path: string, at: number): boolean {
    return fake.rateLimited.some(
      (refused) => refused.path === path && refused.at === at && refused.scope === 'global',
    );
  }

  return {
    apiUrl: fake.apiUrl,
    token: fake.token,
    appToken: '',

    ask(number) {
      const question = fake
        .person(`Person ${number}`)
        .mention(channelOf(number), questionOf(number));
      questions.set(number, question);
      return { channel: question.channelId, id: question.id };
    },

    pageChanges(number) {
      const all = pagesOf(number).flatMap(({ readings }, page): PageChange[] =>
        readings.map(({ at, text }) => ({ at: toSharedTime(at), page, text })),
      );
      return all.toSorted((a, b) => a.at - b.at);
    },

    calls: () =>
      fake.calls.map(({ method, route, path, at, body, status, code }) => ({
        at: toSharedTime(at),
        method: `${method} ${route ?? path}`,
        budget: isGlobal(path, at)
          ? 'all calls'
          : `${method} ${path.replace(/\/messages\/\d+/, '/messages/:message')}`,
        bytes: body === undefined ? 0 : Buffer.byteLength(JSON.stringify(body)),
        rateLimited: status === 429,
        refused:
          status !== undefined && (status < 400 || status === 429)
            ? undefined
            : `status ${status ?? 'open'}, code ${code ?? 'none'}`,
      })),

    get violations() {
      return [
        ...fake.pings.map(({ channelId }) => `pinged somebody in ${channelId}`),
        ...fake.linkEmbeds.map(({ url }) => `showed a preview of ${url}`),
        ...fake.rateLimited
          .filter(({ foretold }) => foretold)
          .map(({ path }) => `called ${path} although told that nothing was left`),
      ];
    },

    stop: () => fake.stop(),
  };
}
