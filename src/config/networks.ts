import { isIP } from 'node:net';
import { z } from 'zod';

/** Addresses and networks with commas, spaces or both between them; none by default. */
export const networks = {
  schema: z
    .string()
    .default('')
    .transform((value) => value.split(/[\s,]+/).filter((one) => one !== ''))
    .refine(
      (all) => all.every((one) => isNetwork(one)),
      'must list addresses and networks of proxies',
    ),
  example: '127.0.0.1,10.0.0.0/8',
};

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32))
  );
}
