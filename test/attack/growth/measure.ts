import { repeated, units } from './inputs.ts';
import type { Subject } from './subject.ts';

/** So many inputs tell enough of a function, and each takes long. */
const enough = 3;
/** So many ends of a short text are tried. */
const ends = 4;

/** How a function's time grows with its text. */
export interface Growth {
  readonly name: string;
  readonly input: string;
  /** Of processor time, for the longer text. */
  readonly ms: number;
  /** What the longer text takes of what the shorter one takes. */
  readonly ratio: number;
}

export interface MeasureOptions {
  /** Length of the shorter text, in UTF-16 units. */
  readonly chars: number;
  /** How many times as long the longer one is. */
  readonly times: number;
  /** Linear time takes as many times as long, and a machine's moods come on top. */
  readonly mostRatio: number;
  /** What takes less processor time, in ms, is no attack, and too little to be measured. */
  readonly floorMs: number;
  /** The best of so many counts. */
  readonly tries: number;
  /** The inputs; all of them by default. */
  readonly units?: readonly string[];
}

/**
 * The inputs for which a function takes more than `mostRatio` times as long where the text is
 * `times` as long, and the one that took longest of all; 0 ms if none could come to `floorMs`.
 */
export function measure(
  subject: Subject,
  options: MeasureOptions,
): { readonly slow: readonly Growth[]; readonly worst: Growth } {
  const { times, mostRatio, floorMs } = options;
  const most = Math.floor((subject.bound?.chars ?? Infinity) / times);
  const chars = Math.min(Math.max(options.chars, subject.leastChars ?? 0), most);
  const slow: Growth[] = [];
  let worst: Growth = { name: subject.name, input: '', ms: 0, ratio: 0 };
  for (const frame of subject.frames ?? [['', '']]) {
    for (const unit of options.units ?? units) {
      // Even the square of it would stay below the floor.
      const briefMs = cpuMs(subject, repeated(unit, chars, frame));
      if (briefMs * times ** 2 < floorMs) continue;
      const long = repeated(unit, chars * times, frame);
      let ms = cpuMs(subject, long);
      let ratio = 0;
      // Which marks are open at its end may be chance, and some are read again for each: what holds
      // for one of a few texts that are nearly as long holds.
      for (let less = 0; less < ends && ms > floorMs && (less === 0 || ratio > mostRatio); less++) {
        const short = repeated(unit, chars - less, frame);
        [ms, ratio] = compared(subject, [long, ms], short, options);
      }
      const input = JSON.stringify([frame[0], unit, frame[1]]);
      const growth = { name: subject.name, input, ms: Math.round(ms), ratio };
      if (ms > worst.ms) worst = growth;
      if (ms > floorMs && ratio > mostRatio) slow.push(growth);
      if (slow.length >= enough) return { slow, worst };
    }
  }
  return { slow, worst };
}

/** The best time of a long text, which took `ms` before, and how many times a short one's it is. */
function compared(
  subject: Subject,
  [long, ms]: readonly [string, number],
  short: string,
  { times, mostRatio, floorMs, tries }: MeasureOptions,
): [longMs: number, ratio: number] {
  let [longMs, shortMs] = [ms, Infinity];
  for (let tried = 0; tried < tries && longMs > floorMs; tried += 1) {
    shortMs = Math.min(shortMs, cpuMs(subject, short, times) / times);
    if (longMs <= mostRatio * shortMs) break;
    longMs = Math.min(longMs, cpuMs(subject, long));
    if (longMs <= mostRatio * shortMs) break;
  }
  return [longMs, longMs / shortMs];
}

/**
 * Processor time of this thread: what else the machine does is none of it. A short text is read
 * `runs` times on end, so that as much is read, and as much is left to be cleared away, as of a
 * long one.
 */
function cpuMs({ run }: Subject, text: string, runs = 1): number {
  const before = process.threadCpuUsage();
  for (let done = 0; done < runs; done += 1) run(text);
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}
