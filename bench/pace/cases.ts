import type { WritingSpeed } from './paced-model.ts';

/** One measurement: who asks how much where, and who answers. */
export interface Case extends WritingSpeed {
  readonly name: string;
  /** Cases of one group run at the same time, the groups one after the other; see `afterSeconds`. */
  readonly group: string;
  readonly platform: 'slack' | 'discord';
  /** `naive`: a bot as most are. */
  readonly bot: 'parley' | 'naive';
  /** On Slack how replies are written, on Discord where. */
  readonly mode: 'edit' | 'native' | 'auto' | 'thread' | 'channel';
  readonly replies: number;
  /** All of them in one channel; else in a channel each. */
  readonly oneChannel?: boolean;
  /** So many questions every so many milliseconds; all at once by default. */
  readonly wave?: { readonly size: number; readonly everyMs: number };
  /** How the platform's limits differ from what is known of them. */
  readonly limits?: { readonly burst: number; readonly rate: number };
  /** The model is in another process, behind HTTP. */
  readonly modelServer?: boolean;
  /** After the last question and its answer's writing time the case ends, in seconds. */
  readonly graceSeconds: number;
  /** It begins so much later than its group. */
  readonly afterSeconds?: number;
  /** Left out of a quick run. */
  readonly long?: boolean;
}

/** How long one answer of a case is being written, in seconds. */
export function writingSeconds({ chars, tokensPerSecond }: WritingSpeed): number {
  return chars / 4 / tokensPerSecond;
}

/** From the first question to the last one, in seconds. */
export function askingSeconds({ replies, wave }: Case): number {
  return wave === undefined ? 0 : (Math.ceil(replies / wave.size) - 1) * (wave.everyMs / 1_000);
}

const short: WritingSpeed = { chars: 2_000, tokensPerSecond: 50 };
const long: WritingSpeed = { chars: 3_000, tokensPerSecond: 60 };
const slackModes = ['edit', 'native', 'auto'] as const;
const discordModes = ['thread', 'channel'] as const;
const everyMs = 15_000;

const parley = { bot: 'parley' } as const;
const naive = { bot: 'naive', mode: 'edit' } as const;
const naiveDiscord = { bot: 'naive', mode: 'channel' } as const;

/** From the beginning of its group to the time when a case is given up, in seconds. */
export function mostSeconds(measured: Case): number {
  const { afterSeconds = 0, graceSeconds } = measured;
  return afterSeconds + askingSeconds(measured) + writingSeconds(measured) + graceSeconds;
}

/** All cases. Those that take longest have a group together, and the heavy ones there take turns. */
export function cases({ quick }: { quick: boolean }): Case[] {
  const sustainedSeconds = quick ? 60 : 180;
  const waves = sustainedSeconds / 15;
  const sustained = {
    ...long,
    replies: 10 * waves,
    wave: { size: 10, everyMs },
    graceSeconds: 40,
    group: 'together',
  };
  const fewer = { ...sustained, replies: 5 * waves, wave: { size: 5, everyMs } };
  const all: Case[] = [];
  for (const mode of slackModes) {
    const slack = { platform: 'slack', mode, ...parley } as const;
    all.push(
      { name: `slack 1 ${mode}`, group: 'one', ...slack, replies: 1, ...short, graceSeconds: 10 },
      {
        name: `slack 10 ${mode}`,
        group: 'ten',
        ...slack,
        replies: 10,
        ...short,
        graceSeconds: 20,
      },
      {
        name: `slack 10 in one channel ${mode}`,
        group: 'ten in one channel',
        ...slack,
        replies: 10,
        oneChannel: true,
        ...short,
        graceSeconds: 25,
      },
      {
        name: `slack 50 ${mode}`,
        group: `fifty ${mode}`,
        ...slack,
        replies: 50,
        ...long,
        graceSeconds: 20,
      },
      {
        name: `slack 50 in one channel ${mode}`,
        group: 'together',
        ...slack,
        replies: 50,
        oneChannel: true,
        ...long,
        afterSeconds: { edit: 20, native: 40, auto: 60 }[mode],
        graceSeconds: 100,
        long: true,
      },
      {
        name: `slack 200 ${mode}`,
        group: `two hundred ${mode}`,
        ...slack,
        replies: 200,
        ...long,
        graceSeconds: 60,
        long: true,
      },
    );
  }
  for (const mode of discordModes) {
    const discord = { platform: 'discord', mode, ...parley } as const;
    all.push(
      {
        name: `discord 1 ${mode}`,
        group: 'one',
        ...discord,
        replies: 1,
        ...short,
        graceSeconds: 10,
      },
      {
        name: `discord 10 ${mode}`,
        group: 'ten',
        ...discord,
        replies: 10,
        ...short,
        graceSeconds: 15,
      },
      {
        name: `discord 50 ${mode}`,
        group: `discord fifty ${mode}`,
        ...discord,
        replies: 50,
        ...long,
        graceSeconds: 20,
      },
      {
        name: `discord 5 in one channel ${mode}`,
        group: 'ten in one channel',
        ...discord,
        replies: 5,
        oneChannel: true,
        ...short,
        graceSeconds: 25,
      },
    );
  }
  const auto = { platform: 'slack', mode: 'auto', ...parley } as const;
  const edit = { platform: 'slack', mode: 'edit', ...parley } as const;
  all.push(
    {
      name: 'slack 200 auto, model server',
      group: 'two hundred, model server',
      ...auto,
      replies: 200,
      ...long,
      modelServer: true,
      graceSeconds: 60,
      long: true,
    },
    {
      name: 'slack 50 auto, with links',
      group: 'together',
      ...auto,
      replies: 50,
      ...long,
      links: true,
      afterSeconds: 80,
      graceSeconds: 60,
      long: true,
    },
    { name: 'slack sustained auto', ...auto, ...sustained },
    { name: 'slack sustained edit', ...edit, ...sustained },
    { name: 'slack half the limits edit', ...edit, ...fewer, limits: { burst: 0.5, rate: 0.5 } },
    { name: 'slack half the limits auto', ...auto, ...fewer, limits: { burst: 0.5, rate: 0.5 } },
    { name: 'slack a fifth of the burst edit', ...edit, ...fewer, limits: { burst: 0.2, rate: 1 } },
    { name: 'slack a fifth of the burst auto', ...auto, ...fewer, limits: { burst: 0.2, rate: 1 } },
    {
      name: 'discord half the limits thread',
      platform: 'discord',
      mode: 'thread',
      ...parley,
      ...fewer,
      limits: { burst: 0.5, rate: 0.5 },
    },
    ...(['slack', 'discord'] as const).flatMap((platform) => {
      const mode = platform === 'slack' ? 'edit' : 'channel';
      const [page, pages] = platform === 'slack' ? [8_800, 35_200] : [1_900, 9_500];
      const tokensPerSecond = platform === 'slack' ? 200 : 80;
      const one = { platform, mode, ...parley, group: 'together', replies: 1 } as const;
      return [
        {
          name: `${platform} a page ${mode}`,
          ...one,
          chars: page,
          tokensPerSecond,
          afterSeconds: 100,
          graceSeconds: 10,
        },
        {
          name: `${platform} many pages ${mode}`,
          ...one,
          chars: pages,
          tokensPerSecond,
          afterSeconds: 100,
          graceSeconds: 20,
        },
      ];
    }),
    {
      name: 'slack 1 naive',
      group: 'one',
      platform: 'slack',
      ...naive,
      replies: 1,
      ...short,
      graceSeconds: 10,
    },
    {
      name: 'slack 10 naive',
      group: 'ten in one channel',
      platform: 'slack',
      ...naive,
      replies: 10,
      ...short,
      graceSeconds: 40,
    },
    {
      name: 'slack 50 naive',
      group: 'together',
      platform: 'slack',
      ...naive,
      replies: 50,
      ...long,
      graceSeconds: 160,
      long: true,
    },
    {
      name: 'slack sustained naive',
      platform: 'slack',
      ...naive,
      ...sustained,
      long: true,
    },
    {
      name: 'discord 1 naive',
      group: 'one',
      platform: 'discord',
      ...naiveDiscord,
      replies: 1,
      ...short,
      graceSeconds: 10,
    },
    {
      name: 'discord 50 naive',
      group: 'together',
      platform: 'discord',
      ...naiveDiscord,
      replies: 50,
      ...long,
      afterSeconds: 120,
      graceSeconds: 20,
      long: true,
    },
    {
      name: 'discord 5 in one channel naive',
      group: 'ten in one channel',
      platform: 'discord',
      ...naiveDiscord,
      replies: 5,
      oneChannel: true,
      ...short,
      graceSeconds: 25,
    },
  );
  return all.filter((one) => !(quick && one.long === true));
}
