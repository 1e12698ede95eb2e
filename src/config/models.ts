import { z } from 'zod';

/** More than anybody waits for, one after the other. */
const mostModels = 10;

/** Names of models in the order in which they are tried, with commas between them. */
export const modelNames = {
  schema: z
    .string()
    .transform((value) => value.split(',').map((name) => name.trim()))
    .refine((names) => !names.includes(''), 'must name a model before and after every comma')
    .refine((names) => new Set(names).size === names.length, 'must not name a model twice')
    .refine((names) => names.length <= mostModels, `must name at most ${mostModels} models`)
    .optional(),
  example: 'gpt-5-mini,gpt-5-nano',
};
