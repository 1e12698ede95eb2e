import { isIPv6 } from 'node:net';
import { z } from 'zod';

/** Names and addresses under which browsers reach the page, each with a port if need be. */
export const hostNames = {
  schema: z
    .string()
    .default('')
    .transform((value) => value.split(/[\s,]+/).filter((one) => one !== ''))
    .refine(
      (all) => all.every((one) => isHost(one)),
      'must list names and addresses as browsers show them, without https:// and without *',
    ),
  example: 'parley.example.com,192.168.1.20:3000',
};

function isHost(text: string): boolean {
  if (isIPv6(text)) return true;
  return (
    /^(\[[\da-f:.]+\]|[^:/?#@*[\]\\]+)(:\d{1,5})?$/i.test(text) && URL.canParse(`http://${text}`)
  );
}
