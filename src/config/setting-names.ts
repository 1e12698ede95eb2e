import leven from 'leven';
import { variables } from './variables.ts';

/** Source of a name: `.env` is Parley's alone, the environment is shared by all programs. */
export type NameSource = 'file' | 'environment';

const settings: readonly string[] = Object.keys(variables);
const lists = settings.filter((setting) => /^(ALLOW|DENY)_/.test(setting));

/** Synonyms within names; the first one is canonical. */
const sameWords: readonly (readonly string[])[] = [
  ['ALLOW', 'ALLOWED'],
  ['DENY', 'DENIED', 'BLOCK', 'BLOCKED'],
  ['PERSON', 'PERSONS', 'PEOPLE', 'USER', 'USERS', 'MEMBER', 'MEMBERS'],
  ['ROLE', 'ROLES'],
  ['CHANNEL', 'CHANNELS'],
  ['WORKSPACE', 'WORKSPACES', 'SERVER', 'SERVERS', 'GUILD', 'GUILDS', 'TEAM', 'TEAMS'],
  ['BOT', 'BOTS'],
  ['TOKEN', 'TOKENS'],
  ['QUESTION', 'QUESTIONS'],
  ['MODEL', 'MODELS'],
  ['SECOND', 'SECONDS', 'SECS', 'SEC'],
  ['MINUTE', 'MINUTES', 'MINS', 'MIN'],
  ['HOUR', 'HOURS'],
  ['DAY', 'DAYS'],
  ['CHAR', 'CHARS', 'CHARACTERS'],
  ['DIR', 'DIRECTORY', 'FOLDER', 'PATH'],
  ['LEVEL', 'LVL'],
  ['PASSWORD', 'PASSWD', 'PASS', 'PW'],
  ['URL', 'URI', 'ENDPOINT', 'ADDRESS'],
];
const meanings: ReadonlyMap<string, string> = new Map(
  sameWords.flatMap(([meaning = '', ...others]) => others.map((word) => [word, meaning])),
);

/** Names of the same settings in other programs. */
const otherNames: Readonly<Partial<Record<keyof typeof variables, string>>> = {
  OPENAI_API_KEY:
    'OPENAI OPENAI_KEY OPENAI_TOKEN OPENAI_API_TOKEN OPENAI_SECRET OPENAI_SECRET_KEY API_KEY LLM_API_KEY',
  OPENAI_BASE_URL:
    'OPENAI_URL OPENAI_BASE OPENAI_HOST OPENAI_SERVER OPENAI_API_URL OPENAI_API_BASE OPENAI_API_BASE_URL OPENAI_API_HOST BASE_URL API_BASE API_BASE_URL LLM_BASE_URL OLLAMA_HOST OLLAMA_URL OLLAMA_BASE_URL',
  MODEL:
    'MODEL_ID MODEL_NAME OPENAI_MODEL OPENAI_MODEL_NAME OPENAI_API_MODEL OPENAI_DEFAULT_MODEL DEFAULT_MODEL CHAT_MODEL LLM_MODEL LLM',
  SYSTEM_PROMPT: 'PROMPT SYSTEM SYSTEM_MESSAGE SYSTEM_INSTRUCTIONS INSTRUCTIONS PERSONA',
  SLACK_BOT_TOKEN:
    'SLACK_TOKEN SLACK_BOT SLACK_BOT_KEY SLACK_API_TOKEN SLACK_OAUTH_TOKEN SLACK_BOT_OAUTH_TOKEN SLACK_BOT_USER_OAUTH_TOKEN',
  SLACK_APP_TOKEN: 'SLACK_APP SLACK_APP_KEY SLACK_APP_LEVEL_TOKEN SLACK_SOCKET_TOKEN',
  SLACK_SIGNING_SECRET: 'SLACK_SECRET SLACK_SIGNING SLACK_SIGNING_KEY SLACK_SIGNATURE_SECRET',
  SLACK_TRANSPORT: 'SLACK_MODE SLACK_SOCKET_MODE',
  DISCORD_BOT_TOKEN: 'DISCORD_TOKEN DISCORD_BOT DISCORD_KEY DISCORD_BOT_KEY DISCORD_API_TOKEN',
  DIRECT_MESSAGES: 'DM DMS ALLOW_DM ALLOW_DMS ALLOW_DIRECT_MESSAGES',
  REDIS_URL: 'REDIS REDIS_HOST REDIS_DSN REDIS_SERVER REDIS_CONNECTION REDIS_CONNECTION_STRING',
  DATA_DIR: 'DATA',
  HOST: 'WEB_HOST BIND BIND_HOST BIND_ADDRESS LISTEN LISTEN_HOST LISTEN_ADDRESS SERVER_HOST',
  PORT: 'WEB_PORT HTTP_PORT LISTEN_PORT SERVER_PORT',
  WEB_PASSWORD: 'PASSWORD',
  METRICS_PORT: 'PROMETHEUS_PORT',
  LOG_LEVEL: 'LOG LOGGING LOGGING_LEVEL',
};
const byMeaning: ReadonlyMap<string, string> = new Map([
  ...Object.entries(otherNames).flatMap(([setting, names]) =>
    names.split(' ').map((name) => [meaningOf(name), setting] as const),
  ),
  ...settings.map((setting) => [meaningOf(setting), setting] as const),
]);

/** Names in the environment that are most likely meant for Parley. */
const oursInEnvironment =
  /^(ALLOW|ALLOWED|DENY|DENIED|DISCORD|MODEL|OPENAI|PARLEY|SLACK|SYSTEM_?PROMPT)(_|$)/;
/** Names that Kubernetes and Docker set for each service, such as `SLACK_PORT`. */
const ofServices = /^(?!WEB_)[A-Z]+_(HOST|PORT)$/;

/** Whether a name is exactly a setting's. */
export function isSetting(name: string): boolean {
  return Object.hasOwn(variables, name);
}

/** Whether a setting restricts the users: without effect it would let others in. */
export function isAccessList(setting: string): boolean {
  return lists.includes(setting) && setting !== 'ALLOW_BOTS';
}

/** The setting that a misspelt or synonymous name means. */
export function settingMeantBy(name: string, place: NameSource): string | undefined {
  if (isSetting(name)) return undefined;
  const upper = name.toUpperCase().replaceAll(/[^A-Z\d]+/g, '_');
  const exact = settings.find((setting) => squeezed(setting) === squeezed(upper));
  if (exact !== undefined) return exact;
  if (place === 'file' || (oursInEnvironment.test(upper) && !ofServices.test(upper))) {
    const bare = upper.replace(/^(PARLEY|SLACK|DISCORD)_/, '');
    const meant = byMeaning.get(meaningOf(upper)) ?? byMeaning.get(meaningOf(bare));
    if (meant !== undefined) return meant;
  }
  return nearList(upper) ?? nearest(upper, place);
}

function squeezed(name: string): string {
  return name.replaceAll('_', '');
}

/** A name in canonical words, without the ending `_IDS` of lists. */
function meaningOf(name: string): string {
  return name
    .replace(/^((ALLOW|DENY|DENIED|BLOCK)\w*)_IDS?$/, '$1')
    .split('_')
    .map((word) => meanings.get(word) ?? word)
    .join('_');
}

/** The access list nearest word by word: `ALLOW_HOSTS` is no misspelt `ALLOW_BOTS`. */
function nearList(name: string): string | undefined {
  const [verb = '', noun = '', ...more] = name.split('_');
  if (noun === '' || more.length > 0) return undefined;
  return lists.find((setting) => {
    const [rightVerb = '', rightNoun = ''] = setting.split('_');
    const nouns =
      rightNoun === 'PEOPLE'
        ? [rightNoun, 'USERS']
        : rightNoun === 'WORKSPACES'
          ? [rightNoun, 'SERVERS']
          : [rightNoun];
    return (
      isNear(verb, rightVerb, 1) &&
      nouns.some((right) => isNear(noun, right, right.length >= 8 ? 2 : 1))
    );
  });
}

/** The setting at the least edit distance. */
function nearest(name: string, place: NameSource): string | undefined {
  let [found, least]: [string | undefined, number] = [undefined, Infinity];
  for (const setting of settings) {
    if (lists.includes(setting)) continue;
    const most = mostEdits(setting.length, place);
    if (most === undefined || !isNear(name, setting, most)) continue;
    const distance = leven(name, setting);
    if (distance < least) [found, least] = [setting, distance];
  }
  return found;
}

/** Most edits by length: short names are often other programs', such as `MODE` and `HOSTS`. */
function mostEdits(length: number, place: NameSource): number | undefined {
  if (place === 'file') return length >= 8 ? 2 : length >= 4 ? 1 : 0;
  return length >= 12 ? 2 : length >= 8 ? 1 : undefined;
}

function isNear(name: string, right: string, most: number): boolean {
  if (Math.abs(name.length - right.length) > most) return false;
  if (leven(name, right, { maxDistance: most + 1 }) <= most) return true;
  return Array.from(name).sort().join('') === Array.from(right).sort().join('');
}
