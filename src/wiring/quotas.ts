import type { Config } from '../config/config.ts';
import type { Meters } from '../core/ports/quotas.ts';
import type { Quota, QuotasOptions } from '../core/intake/quotas.ts';

const hourMs = 60 * 60 * 1_000;

/** The quotas that are set; undefined if none is, so that nothing is asked for them. */
export function quotasOf(
  config: Config,
  meters: Meters,
): Pick<QuotasOptions, 'meters' | 'quotas' | 'windowMs'> | undefined {
  const given: (Omit<Quota, 'most'> & { most: number | undefined })[] = [
    { scope: 'person', unit: 'questions', most: config.QUESTIONS_PER_PERSON },
    { scope: 'workspace', unit: 'questions', most: config.QUESTIONS_PER_WORKSPACE },
    { scope: 'person', unit: 'tokens', most: config.TOKENS_PER_PERSON },
    { scope: 'workspace', unit: 'tokens', most: config.TOKENS_PER_WORKSPACE },
  ];
  const quotas = given.flatMap(({ most, ...rest }) =>
    most === undefined ? [] : [{ ...rest, most }],
  );
  return quotas.length === 0
    ? undefined
    : { meters, quotas, windowMs: config.QUOTA_HOURS * hourMs };
}
