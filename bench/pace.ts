import { type ChildProcess, fork } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { type Case, cases, mostSeconds } from './pace/cases.ts';
import type { Figures } from './pace/figures.ts';
import { rounded, type TargetResult, checkTargets, checkAllTargets } from './pace/targets.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    json: { type: 'string' },
    quick: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
if (values.help === true) {
  console.log(`npm run bench:pace [-- --only REGEXP] [--quick] [--json FILE]

How fresh replies are, as people see them on fakes of Slack and Discord with the real limits and
calls of 100 ms: the real core, Bolt, discord.js and SQLite, and beside them a bot that edits every
second. Takes about 8 minutes; ends with 1 if something is missed that must be reached.

--only REGEXP  only cases whose name fits, such as 'slack 10 '
--quick        without the largest cases; the sustained ones take 1 minute instead of 3
--json FILE    all figures, with those of each reply`);
  process.exit(0);
}

/** The processes of a group load and warm up within this. */
const startMs = 90_000;
/** Beyond a case's own deadline, in milliseconds. */
const overtimeMs = 30_000;

/** One case in a process of its own. */
class Run {
  readonly ready: Promise<void>;
  readonly figures: Promise<Figures>;
  readonly #child: ChildProcess;
  readonly #measured: Case;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(measured: Case) {
    this.#measured = measured;
    const child = fork(new URL('pace/case-process.ts', import.meta.url), [
      JSON.stringify(measured),
    ]);
    this.#child = child;
    const ready = Promise.withResolvers<void>();
    const figures = Promise.withResolvers<Figures>();
    const { name } = measured;
    child.on('message', (news: 'ready' | Figures) => {
      if (news === 'ready') {
        // From here on it waits for the others.
        for (const timer of this.#timers.splice(0)) clearTimeout(timer);
        ready.resolve();
      } else {
        figures.resolve(news);
      }
    });
    child.once('exit', (code) => {
      for (const timer of this.#timers) clearTimeout(timer);
      const gone = new Error(`${name}: its process ended, with ${code}`);
      ready.reject(gone);
      figures.reject(gone);
    });
    ready.promise.catch(() => undefined);
    figures.promise.catch(() => undefined);
    this.ready = ready.promise;
    this.figures = figures.promise;
    this.#killAfter(startMs);
  }

  begin(): void {
    this.#killAfter(mostSeconds(this.#measured) * 1_000 + overtimeMs);
    this.#child.send('begin');
  }

  #killAfter(ms: number): void {
    this.#timers.push(setTimeout(() => this.#child.kill('SIGKILL'), ms));
  }
}

const wanted = cases({ quick: values.quick === true }).filter(({ name }) =>
  new RegExp(values.only ?? '').test(name),
);
const groups = Map.groupBy(wanted, ({ group }) => group);
const all: Figures[] = [];
const failures: string[] = [];
const startedAt = performance.now();
for (const [group, members] of groups) {
  console.error(
    `${rounded((performance.now() - startedAt) / 1_000)} s, load ${rounded(loadavg()[0] ?? 0)}: ` +
      `${group} (${members.map(({ name }) => name).join(', ')})`,
  );
  // Loading takes all cores: none begins before all are ready.
  const runs = members.map((measured) => new Run(measured));
  await Promise.allSettled(runs.map(({ ready }) => ready));
  for (const run of runs) {
    run.ready.then(
      () => run.begin(),
      () => undefined,
    );
  }
  for (const outcome of await Promise.allSettled(runs.map(({ figures }) => figures))) {
    if (outcome.status === 'fulfilled') all.push(outcome.value);
    else failures.push(String(outcome.reason));
  }
}

function row(figures: Figures): Record<string, string | number> {
  const { firstText, ageWriting, age, ageP95, ageMax, lag } = figures;
  return {
    case: figures.name,
    whole: `${figures.whole}/${figures.replies}`,
    'first s': rounded(firstText.p50),
    'writing s': rounded(ageWriting.p50),
    'age s': rounded(age.p50),
    worst: rounded(age.worst),
    bound: rounded(figures.bound),
    p95: rounded(ageP95.p50),
    max: rounded(ageMax.worst),
    'lag p50': rounded(lag.p50),
    'lag max': rounded(lag.worst),
    calls: rounded(figures.callsPerReply),
    '429s': figures.rateLimited,
    'B/char': rounded(figures.bytesPerChar),
    'CPU s': rounded(figures.cpuSeconds),
    MB: Math.round(figures.peakRssMb),
    'loop p99 ms': rounded(figures.loopDelayP99Ms),
    load: rounded(figures.loadAverage),
  };
}

console.table(all.map(row));
console.log(`${cpus().length} cores; calls take 100 ms in the median; ages are of the oldest
unseen token, mean over time (writing: until the last token; else to the complete text), median
over replies; worst, max: of all replies; a reply that was never complete counts to the case's end.\n`);
const verdicts: (TargetResult & { name: string })[] = [
  ...all.flatMap((figures) =>
    checkTargets(figures).map((verdict) => ({ name: figures.name, ...verdict })),
  ),
  ...checkAllTargets(all),
];
console.log('Must be reached:');
for (const { name, wanted, figure, met } of verdicts) {
  console.log(`${met ? 'met   ' : 'MISSED'}  ${name}: ${wanted} (${figure})`);
}
console.log(
  'Killed after each single call, in every mode: test/integration/slack-streams-killed.test.ts\n',
);
for (const { name, wrong } of all) {
  // What a naive bot does wrong is known.
  if (name.endsWith('naive')) continue;
  for (const what of wrong) console.log(`${name}: ${what}`);
}
for (const failure of failures) console.log(failure);
if (values.json !== undefined) {
  const load = loadavg();
  writeFileSync(
    values.json,
    JSON.stringify({ load, verdicts, failures, cases: all }, undefined, 2),
  );
}
process.exitCode = failures.length === 0 && verdicts.every(({ met }) => met) ? 0 : 1;
