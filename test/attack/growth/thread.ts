import { parentPort, workerData } from 'node:worker_threads';
import { measure } from './measure.ts';
import { subjects } from './subjects.ts';

const options = { chars: 100_000, times: 2, mostRatio: 2.5, floorMs: 25, tries: 5 };

/** `next` is the place in the list of the subject that no thread has begun with. */
const { only, next } = workerData as { only: string; next: Int32Array };
const chosen = subjects.filter(({ name }) => new RegExp(only).test(name));
for (;;) {
  const subject = chosen[Atomics.add(next, 0, 1)];
  if (subject === undefined) break;
  const { slow, worst } = measure(subject, options);
  const { chars, why } = subject.bound ?? { chars: 200_000, why: undefined };
  const note = why === undefined ? '' : `; no more, as ${why}`;
  const slowest =
    worst.ms === 0 ? `less than ${options.floorMs} ms` : `${worst.ms} ms, ${worst.input}`;
  parentPort?.postMessage({
    slow: slow.map(
      ({ name, input, ms, ratio }) =>
        `${name}: ${ms} ms, ${ratio.toFixed(1)} times as long, for ${input}`,
    ),
    line: `${subject.name}: ${chars} characters in ${slowest}${note}`,
  });
}
