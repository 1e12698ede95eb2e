import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { BotMessage, BotCommand } from './bot.ts';
import type { Case } from './cases.ts';
import { naiveBot } from './naive-bot.ts';
import { parleyBot } from './parley-bot.ts';
import type { SimulatedPlatform } from './simulated-platform.ts';

/** Runs one bot: `bot-process CASE DOORS`, both as JSON. */
const [measured, doors] = process.argv.slice(2).map((json): unknown => JSON.parse(json)) as [
  Case,
  Pick<SimulatedPlatform, 'apiUrl' | 'token' | 'appToken'>,
];
const tell = (news: BotMessage): void => void process.send?.(news);
// Whoever measures is gone: nothing is left to do.
process.once('disconnect', () => process.exit(0));

const delay = monitorEventLoopDelay({ resolution: 1 });
let cpuBefore = process.cpuUsage();
let cpu = { user: 0, system: 0 };
const begin = measured.bot === 'parley' ? parleyBot : naiveBot;
const bot = await begin(measured, doors, (count) => {
  cpu = process.cpuUsage(cpuBefore);
  tell({ kind: 'done', count });
});

process.on('message', (order: BotCommand) => {
  switch (order.kind) {
    case 'hear':
      bot.hear?.(order.number, order.location);
      return;
    case 'measure':
      delay.reset();
      delay.enable();
      cpuBefore = process.cpuUsage();
      return;
    case 'report':
      delay.disable();
      void report().then(
        () => process.exit(0),
        (error: unknown) => {
          console.error(error);
          process.exit(1);
        },
      );
  }
});
tell({ kind: 'ready' });

async function report(): Promise<void> {
  const news: BotMessage = {
    kind: 'report',
    written: Array.from(bot.written, ([number, { at, ends }]) => ({ number, at, ends })),
    complaints: [...bot.complaints],
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    loopDelayP99Ms: delay.percentile(99) / 1e6,
    loopDelayMaxMs: delay.max / 1e6,
    peakRssMb: process.resourceUsage().maxRSS / 1_024,
  };
  // It takes a while to be on its way.
  await new Promise((resolve) => process.send?.(news, resolve));
  await bot.stop();
}
