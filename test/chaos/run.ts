import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  killAtEachPoint,
  firstKillPoints,
  type KillPoint,
  secondKillPoints,
} from './kill-points.ts';
import {
  type RandomFailuresOptions,
  type RandomFailuresReport,
  runRandomFailures,
} from './random-failures.ts';

const help = `npm run chaos -- [options] [kills] [redis] [rolling] [points]

Several instances of Parley, a Redis of their own, a fake Slack, a fake Discord and a fake model.
People ask; instances are killed; every question must get one whole answer.

  kills     three instances, killed with -9 at random every few seconds
  redis     the same, and Redis is killed and started again in the middle
  rolling   three instances under load, stopped and started one after the other
  points    killed after each single call of a reply, and once more while another one completes it

  --seconds <n>         how long each of them lasts; 120
  --conversations <n>   60
  --seed <n>            the same chances again
  --logs <folder>       keeps there what the instances print
  --help`;

/** An answer whose instance died is whole again within this time. */
const takeoverMs = 30_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '120' },
    conversations: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    logs: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const common = {
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  conversations: Number(values.conversations),
  instances: 3,
  pauseMs: [12_000, 40_000],
  onProgress: (line) => console.log(`  ${line}`),
} as const satisfies Partial<RandomFailuresOptions>;

const storms: Record<string, RandomFailuresOptions> = {
  kills: { ...common, slack: 'socket', killEveryMs: [3_000, 8_000] },
  redis: {
    ...common,
    slack: 'http',
    killEveryMs: [6_000, 12_000],
    redisDiesAt: [0.3, 0.6],
    redisAwayMs: 4_000,
  },
  // Nobody may notice: an answer ends where it began, or goes on elsewhere at once.
  rolling: { ...common, slack: 'http', rollsAt: [0.1, 0.6], patienceMs: 20_000 },
};

if (values.help) {
  console.log(help);
  process.exit(0);
}
const names = positionals.length === 0 ? [...Object.keys(storms), 'points'] : positionals;
const broken: string[] = [];
const reports: Record<string, RandomFailuresReport> = {};
for (const name of names) {
  if (name === 'points') {
    broken.push(...(await diesAtEachPoint()));
    continue;
  }
  const options = storms[name];
  if (options === undefined) {
    console.error(`There is no "${name}".\n\n${help}`);
    process.exit(1);
  }
  console.log(`${name}: ${options.seconds} s, --seed ${options.seed}`);
  const logs = values.logs === undefined ? {} : { logsTo: join(values.logs, name) };
  reports[name] = await runRandomFailures({ ...options, ...logs });
  for (const line of reports[name].slowest) console.log(`  slowest: ${line}`);
  broken.push(...reports[name].broken.map((line) => `${name}: ${line}`));
}
console.log();
if (Object.keys(reports).length > 0)
  console.table(
    Object.fromEntries(
      Object.entries(reports).map(([name, report]) => {
        const { broken, longestMs, slowest: _, ...figures } = report;
        return [name, { ...figures, 'longest (s)': longestMs / 1_000, broken: broken.length }];
      }),
    ),
  );
for (const line of broken) console.error(line);
process.exit(broken.length === 0 ? 0 : 1);

async function diesAtEachPoint(): Promise<string[]> {
  return [
    ...(await dieAt('once', firstKillPoints({ slack: 5, discord: 9 }))),
    ...(await dieAt('twice', secondKillPoints(6))),
  ];
}

async function dieAt(times: string, points: readonly KillPoint[]): Promise<string[]> {
  console.log(`points: ${points.length} replies, each killed ${times}`);
  const { survivors, broken } = await killAtEachPoint(points);
  const died = survivors.filter(({ done }) => !done);
  console.table(
    died.map(({ place, after, heard, calls, before, end, ms }) => ({
      place,
      'last call': calls[(after.at(-1) ?? 0) - 1],
      heard,
      before: before.length,
      end: end.length,
      'whole (s)': ms / 1_000,
    })),
  );
  const late = died.filter(({ after, ms }) => after.length === 1 && ms > takeoverMs);
  return [
    ...broken.map((line) => `points: ${line}`),
    ...late.map(
      ({ place, after, ms }) => `points: ${place}, call ${after[0]}: whole after ${ms} ms`,
    ),
  ];
}
