import { z } from 'zod';
import { isIP, isIPv6 } from 'node:net';

/** Ids by platform, which their form tells. */
export interface Ids {
  readonly slack: readonly string[];
  readonly discord: readonly string[];
}

/** The form of a kind of id. */
interface IdKind {
  /** First letters of Slack's ids; empty if Slack has no such thing. */
  readonly slack: string;
  /** Name with examples, for error messages. */
  readonly called: string;
}

const discordId = /^\d{15,20}$/;

/** A list of ids separated by commas or spaces; empty by default. */
function idList({ slack, called }: IdKind): z.ZodType<Ids> {
  const slackId = slack === '' ? undefined : new RegExp(`^[${slack}][A-Z0-9]+$`);
  return z
    .string()
    .default('')
    .transform((value, context) => {
      const ids = [...new Set(value.split(/[\s,]+/).filter((id) => id !== ''))];
      const unknown = ids.filter((id) => !discordId.test(id) && slackId?.test(id) !== true);
      if (unknown.length > 0) {
        const named = unknown.map((id) => `"${id}"`).join(', ');
        const message = `must list ids of ${called}; ${named} ${unknown.length === 1 ? 'is' : 'are'} none`;
        context.addIssue({ code: 'custom', message });
        return z.NEVER;
      }
      return {
        slack: ids.filter((id) => !discordId.test(id)),
        discord: ids.filter((id) => discordId.test(id)),
      };
    });
}

/** Schemas of variables that list ids. */
export const workspaceIds = {
  schema: idList({
    slack: 'TE',
    called: 'Slack workspaces or organisations (T…, E…) or Discord servers (15 to 20 digits)',
  }),
  example: 'T024BE7LD,1100000000000000001',
};
export const channelIds = {
  schema: idList({
    slack: 'CGD',
    called: 'Slack channels (C…, G…, D…) or Discord channels or categories (15 to 20 digits)',
  }),
  example: 'C024BE91L,1100000000000000002',
};
export const peopleIds = {
  schema: idList({
    slack: 'UW',
    called: 'people in Slack (U…, W…) or Discord (15 to 20 digits)',
  }),
  example: 'U061F7AUR,1000000000000000001',
};
export const roleIds = {
  schema: idList({
    slack: '',
    called: 'Discord roles (15 to 20 digits; Slack has no roles)',
  }),
  example: '1100000000000000077',
};
export const botIds = {
  schema: idList({
    slack: 'BUW',
    called: 'bots in Slack (B…, U…, W…) or Discord (15 to 20 digits)',
  }),
  example: 'B0LAN0Z8A,1200000000000000009',
};

/** Names and addresses of the page in browsers, each with an optional port. */
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

/** Addresses and networks separated by commas or spaces; none by default. */
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

/** Most models of a list: nobody waits for more in a row. */
const mostModels = 10;

/** Models in the order in which they are tried, separated by commas. */
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
