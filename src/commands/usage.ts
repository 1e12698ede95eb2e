import { runCommand, withService } from './command.ts';
import { usageOptions, usageReport, parseUsageRequest } from './usage-report.ts';

const usage = `Shows who has used how much: questions, whole answers, tokens read and written.

  npm run usage                         by person, by workspace and by model, for 30 days
  npm run usage -- --by person          one of them: person, workspace or model
  npm run usage -- --days 7             for the last 7 days, up to 3,660; days are those of UTC
  npm run -s usage -- --json            the same for a machine

It is kept for USAGE_DAYS, 90 by default. People stand there as \`npm run forget\` takes them, with
their names where those are known. What forgotten people used stays, as nobody's. It works while
Parley runs. Exit code 0, 64 for what makes no sense, 69 while the store or Parley does not answer,
78 for settings that cannot be used.
`;

await runCommand({
  usage,
  ...usageOptions,
  run: async (typed) => {
    const wanted = parseUsageRequest(typed);
    const report = await withService((service) =>
      usageReport({ read: (from) => service.usage(from) }, wanted),
    );
    process.stdout.write(`${report}\n`);
  },
});
