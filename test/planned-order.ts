import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files and folders in the order in which they begin. What takes long and waits most of the time
 * comes first; what keeps the cores busy, as unit tests do, comes last: beside it calls would not be
 * answered in their time.
 */
export const plannedFirst = [
  'integration/slack-many-replies.test.ts',
  'integration/slack-late-posts.test.ts',
  'integration/slack-late-posts-unheard.test.ts',
  'contract/',
  'integration/crash.test.ts',
  'integration/slack-streams.test.ts',
  'integration/slack-process.test.ts',
  'integration/models-faults.test.ts',
  'integration/slack-faults.test.ts',
  'integration/discord-process.test.ts',
  'integration/discord-faults.test.ts',
  'integration/killed-instances.test.ts',
  'integration/budgets-redis.test.ts',
  'integration/discord-limits.test.ts',
  'integration/operator.test.ts',
  'integration/discord-catch-up.test.ts',
  'integration/instances.test.ts',
  'integration/redis-start.test.ts',
  'integration/redis-lost-writes.test.ts',
  'integration/redis-cluster.test.ts',
  'integration/doctor.test.ts',
  'integration/turns.test.ts',
  'integration/',
];

/** The order of `npm test`, the same on every machine: Vitest's own goes by earlier runs. */
export class PlannedOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const bySize = await super.sort(files);
    return bySize.toSorted((a, b) => place(a) - place(b));
  }
}

function place({ moduleId }: TestSpecification): number {
  const at = plannedFirst.findIndex((name) => moduleId.includes(`/test/${name}`));
  return at >= 0 ? at : plannedFirst.length;
}
