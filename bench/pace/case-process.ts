import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { BotReport, BotMessage, BotCommand } from './bot.ts';
import { askingSeconds, type Case, writingSeconds } from './cases.ts';
import { sharedNow } from './shared-clock.ts';
import { simulatedDiscord } from './simulated-discord.ts';
import { figuresOf } from './figures.ts';
import { simulatedSlack } from './simulated-slack.ts';

/** Runs one case: `case-process CASE`. Tells `ready`, begins when told to, tells its figures. */
const measured = JSON.parse(process.argv[2] ?? '') as Case;
process.once('disconnect', () => process.exit(1));

const platform = await (measured.platform === 'slack' ? simulatedSlack : simulatedDiscord)(
  measured,
);
const { apiUrl, token, appToken } = platform;
const bot = fork(new URL('bot-process.ts', import.meta.url), [
  JSON.stringify(measured),
  JSON.stringify({ apiUrl, token, appToken }),
]);
let done = 0;
/** The first answer is short and comes within this. */
const warmUpMs = 30_000;
const ready = Promise.withResolvers<void>();
const allDone = Promise.withResolvers<void>();
const reported = Promise.withResolvers<BotReport>();
/** With the warm-up, which a naive bot does not need. */
const warmUps = measured.bot === 'parley' ? 1 : 0;
const warm = Promise.withResolvers<void>();
bot.on('message', (news: BotMessage) => {
  if (news.kind === 'ready') ready.resolve();
  if (news.kind === 'report') reported.resolve(news);
  if (news.kind !== 'done') return;
  done = news.count;
  if (done >= warmUps) warm.resolve();
  if (done >= measured.replies + warmUps) allDone.resolve();
});
bot.once('exit', (code) => {
  const gone = new Error(`the bot ended by itself, with ${code}`);
  for (const each of [ready, warm, allDone, reported]) each.reject(gone);
});
for (const each of [ready, warm, allDone, reported]) each.promise.catch(() => undefined);
const order = (what: BotCommand): void => void bot.send(what);

function ask(number: number): void {
  const silently = measured.bot === 'naive';
  const location = platform.ask(number, { silently });
  if (silently) order({ kind: 'hear', number, location });
}

await ready.promise;
if (warmUps > 0) {
  ask(0);
  const late = setTimeout(() => order({ kind: 'report' }), warmUpMs);
  void reported.promise.then(
    ({ complaints }) => warm.reject(new Error(`no answer: ${JSON.stringify(complaints)}`)),
    () => undefined,
  );
  await warm.promise;
  clearTimeout(late);
}
process.send?.('ready');
await once(process, 'message');
// What the warm-up spent has come back, nearly.
await pause(500 + 1_000 * (measured.afterSeconds ?? 0));
order({ kind: 'measure' });
const beganAt = sharedNow();
const size = measured.wave?.size ?? measured.replies;
for (let number = 1; number <= measured.replies; number += 1) {
  if (number > 1 && (number - 1) % size === 0) {
    const dueMs = beganAt + ((number - 1) / size) * (measured.wave?.everyMs ?? 0) - sharedNow();
    await pause(Math.max(0, dueMs));
  }
  ask(number);
}
const endsAt =
  beganAt + 1_000 * (askingSeconds(measured) + writingSeconds(measured) + measured.graceSeconds);
await Promise.race([allDone.promise, pause(Math.max(0, endsAt - sharedNow()))]);
const endedAt = sharedNow();
// A call that is under way is answered by then.
await pause(500);
order({ kind: 'report' });
const report = await reported.promise;
const figures = figuresOf(measured, platform, report, { beganAt, endedAt });
process.removeAllListeners('disconnect');
await new Promise((resolve) => process.send?.(figures, resolve));
if (bot.exitCode === null) await once(bot, 'exit');
await platform.stop();
process.disconnect();
