import { describe, expect, it } from 'vitest';
import { readConfig, InvalidSettings } from '../../../src/config/config.ts';

/** Stands in every secret below, and must never be told. */
const secret = 'hunter2';

interface Start {
  /** What the log or, where it cannot start, the screen says. */
  readonly lines: string[];
  readonly config: Record<string, unknown> | undefined;
}

function startWith(file: string, environment: Record<string, string> = {}): Start {
  try {
    const { hints, ...config } = readConfig(environment, file);
    const loud = hints.filter(({ quiet }) => !quiet);
    return { lines: loud.map(({ where, message }) => `${where}: ${message}`), config };
  } catch (error) {
    if (!(error instanceof InvalidSettings)) throw error;
    return { lines: error.message.split('\n').slice(1), config: undefined };
  }
}

const cut = 'ends before its "#", where a comment begins: put the whole value in quotes';
const left = 'ends at its second quote, and what follows is left out: put other quotes around it';
const idle = 'nothing: write NAME=value, and a value of several lines in quotes';
const beside = (name: string) =>
  `${name} is not set here: nothing but "${name}=" may stand before its value`;
const demo =
  'has no effect, and the demo model answers: set OPENAI_API_KEY for OpenAI, or OPENAI_BASE_URL for any other server';

/** A file, what a start with it says, and what it sets. */
type Row = [file: string, lines: string[], sets?: Record<string, unknown>];

/** A start that ends with exit code 78. */
const ends = undefined;

describe('a start with an .env file that is as it should be says nothing', () => {
  it.each<Row>([
    ['', [], { PORT: 3_000 }],
    ['PORT=3001', [], { PORT: 3_001 }],
    ['PORT=" 3001 "', [], { PORT: 3_001 }],
    ["PORT='3001'  # the page", [], { PORT: 3_001 }],
    [' export PORT = 3001 ', [], { PORT: 3_001 }],
    ['export\tPORT=3001', [], { PORT: 3_001 }],
    ['\u{FEFF}PORT=3001', [], { PORT: 3_001 }],
    ['PORT=3001\r\nLOG_LEVEL=warn\r\n', [], { PORT: 3_001, LOG_LEVEL: 'warn' }],
    ['PORT=3001\rLOG_LEVEL=warn\r', [], { PORT: 3_001, LOG_LEVEL: 'warn' }],
    // Node reads the next line for the value, if it is given the whole file.
    ['OPENAI_API_KEY=   \nPORT=3001', [], { OPENAI_API_KEY: undefined, PORT: 3_001 }],
    ['PORT=\nPORT=3001', [], { PORT: 3_001 }],
    ['# ALLOW_USERS=U1\n\n  # PROT=3001\nALLOW_USERS=\n', [], { PORT: 3_000 }],
    ['PORT=3001 # the page', [], { PORT: 3_001 }],
    ['ALLOW_CHANNELS=C1 # general', [], { ALLOW_CHANNELS: { slack: ['C1'], discord: [] } }],
    [`OPENAI_API_KEY=sk-${secret} #`, [], { OPENAI_API_KEY: `sk-${secret}` }],
    [`WEB_PASSWORD="${secret} # x"`, [], { WEB_PASSWORD: `${secret} # x` }],
    ["SYSTEM_PROMPT=It's me", [], { SYSTEM_PROMPT: "It's me" }],
    ['SYSTEM_PROMPT="You are\n# kind\n"\nPORT=3001', [], { SYSTEM_PROMPT: 'You are\n# kind\n' }],
    [String.raw`SYSTEM_PROMPT="one\ntwo"`, [], { SYSTEM_PROMPT: 'one\ntwo' }],
    [String.raw`DATA_DIR='C:\new'`, [], { DATA_DIR: String.raw`C:\new` }],
    ['HOSTNAME=x\nREDIS_PORT=6379\nNODE_ENV=production\nCOMPOSE_PROJECT_NAME=p\nTZ=UTC', []],
    ['HTTPS_PROXY=http://x\nno_proxy=x\nOPENAI_ORG_ID=x\nPUBLISH=3000\nDATABASE_URL=x', []],
    ['ALLOW_LIST_URL=x\nALLOW_HOSTS=x\nDENY_ALL=on\nALLOW_ORIGINS=*\nALLOW_TOOLS=x', []],
  ])('%j', (file, lines, sets = {}) => {
    const start = startWith(file);
    expect(start.lines).toEqual(lines);
    expect(start.config).toMatchObject(sets);
  });
});

describe('a start with an .env file says what of it is lost or changed', () => {
  it.each<Row>([
    [`WEB_PASSWORD=${secret}secret#x`, [`.env:1: WEB_PASSWORD ${cut}`]],
    [`WEB_PASSWORD=${secret} secret # x`, [`.env:1: WEB_PASSWORD ${cut}`]],
    [`PORT=3001\nOPENAI_API_KEY=sk-${secret}#x`, [`.env:2: OPENAI_API_KEY ${cut}`]],
    ['SYSTEM_PROMPT=Answer in # headings', [`.env:1: SYSTEM_PROMPT ${cut}`]],
    ['PORT=#3001', [`.env:1: PORT ${cut}`], { PORT: 3_000 }],
    ['ALLOW_CHANNELS=C1,#general', [`.env:1: ALLOW_CHANNELS ${cut}`]],
    ['ALLOW_CHANNELS=C1 #general', [`.env:1: ALLOW_CHANNELS ${cut}`]],
    [`WEB_PASSWORD='${secret}secret'#x`, [`.env:1: WEB_PASSWORD ${left}`]],
    [String.raw`WEB_PASSWORD="${secret}\"secret"`, [`.env:1: WEB_PASSWORD ${left}`]],
    ["SYSTEM_PROMPT='It's me'", [`.env:1: SYSTEM_PROMPT ${left}`], { SYSTEM_PROMPT: 'It' }],
    [
      `WEB_PASSWORD="${secret}secret`,
      ['.env:1: WEB_PASSWORD begins with a quote that nothing closes, and has it in its value'],
    ],
    [
      `SYSTEM_PROMPT='You are\nPORT=3001\nWEB_PASSWORD='${secret}secret'`,
      [
        '.env:1: SYSTEM_PROMPT goes on in quotes to line 3, and takes in PORT, WEB_PASSWORD: close its quote',
      ],
      { PORT: 3_000, WEB_PASSWORD: undefined },
    ],
    [
      String.raw`DATA_DIR="C:\new"`,
      [
        String.raw`.env:1: DATA_DIR has "\n" in double quotes, which is a line break there: use single quotes`,
      ],
    ],
    [
      `PORT=3001\nWEB_PASSWORD=${secret}\uFFFDsecret`,
      ['.env:2: WEB_PASSWORD has a character that is not UTF-8: save the file as UTF-8'],
    ],
    ['SYSTEM_PROMPT=You are\nkind', [`.env:2: this line sets ${idle}`]],
    [
      `SYSTEM_PROMPT=You are\na kind\n${secret}==\nPORT=3001`,
      [`.env:2: this line and 1 more, up to line 3, set ${idle}`],
      { SYSTEM_PROMPT: 'You are', PORT: 3_001 },
    ],
    ['=3001', [`.env:1: this line sets ${idle}`]],
    ['PORT=3001\n\nPORT=3002', ['.env:1: PORT is set again in line 3, which counts']],
    ['PORT=3001\nPORT=', ['.env:1: PORT is set again in line 2, which counts'], { PORT: 3_000 }],
    ['PORT 3001', ['.env:1: PORT is not set here: "=" is missing']],
    ['port: 3001', ['.env:1: PORT is not set here: "=" is missing']],
    [
      'OPENAI_KEY\nexport PORT',
      [
        '.env:1: OPENAI_API_KEY is not set here: "=" is missing',
        '.env:2: PORT is not set here: "=" is missing',
      ],
    ],
    ['set PORT=3001', [`.env:1: ${beside('PORT')}`]],
    ['$env:PORT="3001"', [`.env:1: ${beside('PORT')}`]],
    [`MODEL sk-${secret}=`, [`.env:1: ${beside('MODEL')}`]],
    [`MODEL sk-${secret}=x`, [`.env:1: ${beside('MODEL')}`]],
    ['MODEL=gpt', [`.env:1: MODEL ${demo}`]],
    ['OPENAI_API=chat', [`.env:1: OPENAI_API ${demo}`]],
  ])('%j', (file, lines, sets = {}) => {
    const start = startWith(file);
    expect(start.lines).toEqual(lines);
    expect(start.config).toMatchObject(sets);
    expect(start.lines.join('\n')).not.toContain(secret);
  });
});

describe('a start with an .env file says which setting a name means that is none', () => {
  it.each<[line: string, right: string]>([
    [`OPENAI_KEY=sk-${secret}`, 'OPENAI_API_KEY'],
    [`openai_api_key=sk-${secret}`, 'OPENAI_API_KEY'],
    [`OPENAI_API_KYE=sk-${secret}`, 'OPENAI_API_KEY'],
    ['OPENAI_API_BASE=http://x', 'OPENAI_BASE_URL'],
    ['OPENAI_MODEL=gpt', 'MODEL'],
    ['MODLE=gpt', 'MODEL'],
    [`SLACK_BOT_TOKN=xoxb-${secret}`, 'SLACK_BOT_TOKEN'],
    [`SLACK_TOKEN=xoxb-${secret}`, 'SLACK_BOT_TOKEN'],
    [`DISCORD_BOT_TOK=${secret}`, 'DISCORD_BOT_TOKEN'],
    ['SYSTEMPROMPT=Hi', 'SYSTEM_PROMPT'],
    ['LOGLEVEL=debug', 'LOG_LEVEL'],
    ['PROT=3001', 'PORT'],
    ['PARLEY_PORT=3001', 'PORT'],
    [`REDIS_URI=redis://:${secret}@x`, 'REDIS_URL'],
    ['QUESTIONS_PER_USER=3', 'QUESTIONS_PER_PERSON'],
    ['ALLOW_BOT=B1', 'ALLOW_BOTS'],
    ['ALLOW_DMS=on', 'DIRECT_MESSAGES'],
  ])('%j', (line, right) => {
    const [name] = line.split('=');
    expect(startWith(`PORT=3001\n${line}`).lines).toEqual([
      `.env:2: ${name} is no setting: ${right} is`,
    ]);
  });
});

describe('a start ends with exit code 78 where an access list of .env would not apply', () => {
  const example = {
    ALLOW_PEOPLE: 'U061F7AUR,1000000000000000001',
    ALLOW_CHANNELS: 'C024BE91L,1100000000000000002',
  };

  it.each<[line: string, right: string]>([
    ['ALLOW_USERS=U1', 'ALLOW_PEOPLE'],
    ['ALLOW_USER=U1', 'ALLOW_PEOPLE'],
    ['allow_people=U1', 'ALLOW_PEOPLE'],
    ['ALLOWPEOPLE=U1', 'ALLOW_PEOPLE'],
    ['ALLOW_PEOPEL=U1', 'ALLOW_PEOPLE'],
    ['ALOW_USERS=U1', 'ALLOW_PEOPLE'],
    ['DENY_USERS=U1', 'DENY_PEOPLE'],
    ['DENY_PERSON=U1', 'DENY_PEOPLE'],
    ['BLOCKED_MEMBERS=U1', 'DENY_PEOPLE'],
    ['ALLOWED_ROLES=1100000000000000077', 'ALLOW_ROLES'],
    ['DENY_ROLE=1100000000000000077', 'DENY_ROLES'],
    ['ALLOW_SERVERS=1100000000000000077', 'ALLOW_WORKSPACES'],
    ['DENY_SERVER=1100000000000000077', 'DENY_WORKSPACES'],
    ['ALLOW_WORKSPACE=T1', 'ALLOW_WORKSPACES'],
    ['DENY_CHANEL=C1', 'DENY_CHANNELS'],
    ['SLACK_ALLOWED_CHANNELS=C1', 'ALLOW_CHANNELS'],
  ])('%j', (line, right) => {
    const [name] = line.split('=');
    const { lines, config } = startWith(`PORT=3001\n${line}`);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(`  ${name} is no setting: ${right} is (.env:2), such as ${right}=`);
    expect(config).toBe(ends);
  });

  it.each<Row>([
    [
      'ALLOW_CHANNELS=#general',
      [`  ALLOW_CHANNELS ${cut} (.env:1), such as ALLOW_CHANNELS=${example.ALLOW_CHANNELS}`],
    ],
    [
      'ALLOW_PEOPLE: U1',
      [
        `  ALLOW_PEOPLE is not set here: "=" is missing (.env:1), such as ALLOW_PEOPLE=${example.ALLOW_PEOPLE}`,
      ],
    ],
    [
      'ALLOW_PEOPLE=U1\nALLOW_PEOPLE=',
      [
        `  ALLOW_PEOPLE is set again in line 2, which counts (.env:1), such as ALLOW_PEOPLE=${example.ALLOW_PEOPLE}`,
      ],
    ],
    [
      'SYSTEM_PROMPT="Hi\nALLOW_PEOPLE=U1\nDATA_DIR="x"',
      [
        `  SYSTEM_PROMPT goes on in quotes to line 3, and takes in ALLOW_PEOPLE, DATA_DIR: close its quote (.env:1), such as ALLOW_PEOPLE=${example.ALLOW_PEOPLE}`,
      ],
    ],
    [
      'PORT=x\nALLOW_USERS=U1\nOPENAI_KEY=x\nTEMPERATURE=1',
      [
        '  PORT must be a whole number from 0 to 65535, such as PORT=3000',
        `  ALLOW_USERS is no setting: ALLOW_PEOPLE is (.env:2), such as ALLOW_PEOPLE=${example.ALLOW_PEOPLE}`,
        'See also:',
        '  .env:3: OPENAI_KEY is no setting: OPENAI_API_KEY is',
      ],
    ],
    [
      'PORT=3001\0',
      [
        '  PORT must be a whole number from 0 to 65535, such as PORT=3000',
        'See also:',
        '  .env:1: PORT has a character that is not UTF-8: save the file as UTF-8',
      ],
    ],
    [
      `OPENAI_API_KEY=“sk-${secret}”`,
      [
        '  OPENAI_API_KEY must be the key alone, without quotes or spaces, such as OPENAI_API_KEY=sk-…',
      ],
    ],
    [
      'set ALLOW_USERS=U1',
      [`  ${beside('ALLOW_PEOPLE')} (.env:1), such as ALLOW_PEOPLE=${example.ALLOW_PEOPLE}`],
    ],
  ])('%j', (file, lines) => {
    expect(startWith(file)).toEqual({ lines, config: ends });
  });
});

describe('a start tells of the environment what it tells of .env', () => {
  it('but lets nobody’s names end it', () => {
    const environment = { DENY_USERS: 'U1', OPENAI_KEY: `sk-${secret}`, log_level: 'debug' };
    expect(startWith('', environment).lines).toEqual([
      'environment: DENY_USERS is no setting: DENY_PEOPLE is',
      'environment: OPENAI_KEY is no setting: OPENAI_API_KEY is',
      'environment: log_level is no setting: LOG_LEVEL is',
    ]);
  });

  it('unless the right name is there as well, or the value is empty', () => {
    const environment = { OPENAI_KEY: 'x', OPENAI_API_KEY: `sk-${secret}`, SLACK_TOKEN: ' ' };
    expect(startWith('', environment).lines).toEqual([]);
    expect(startWith(`OPENAI_API_KEY=sk-${secret}`, { OPENAI_KEY: 'x' }).lines).toEqual([]);
  });

  it('and of quotes, which Docker passes on as they are', () => {
    const environment = { WEB_PASSWORD: `"${secret} secret"`, PORT: '"3001"' };
    expect(startWith('', environment).lines).toEqual([
      '  PORT must be a whole number from 0 to 65535, such as PORT=3000',
      'See also:',
      '  environment: WEB_PASSWORD has quotes around its value, and they are a part of it',
      '  environment: PORT has quotes around its value, and they are a part of it',
    ]);
  });

  it('where each setting was given', () => {
    expect(startWith('PORT=1\nMODEL=gpt').lines).toEqual([`.env:2: MODEL ${demo}`]);
    expect(startWith('MODEL=gpt', { MODEL: 'gpt' }).lines).toEqual([`environment: MODEL ${demo}`]);
    const server = { OPENAI_BASE_URL: 'http://127.0.0.1:11434/v1' };
    expect(startWith('MODEL=gpt', server).lines).toEqual([]);
  });

  it('whose values win over those of .env, and whose empty ones do not', () => {
    expect(startWith('PORT=3001', { PORT: '3002' }).config).toMatchObject({ PORT: 3_002 });
    expect(startWith('PORT=3001', { PORT: ' ' }).config).toMatchObject({ PORT: 3_001 });
  });
});

describe('for the doctor alone', () => {
  const quietly = (file: string) =>
    readConfig({}, file).hints.flatMap(({ message, quiet }) => (quiet ? [message] : []));

  it('is a name of .env that has nothing to do with Parley, unless other programs read it', () => {
    expect(quietly('TEMPERATURE=1\nREDIS_PORT=1\nCOMPOSE_PROFILES=x')).toEqual([
      'TEMPERATURE is no setting; .env.example has them all',
    ]);
  });

  it('is a secret that is too short to be struck out', () => {
    expect(quietly('OPENAI_API_KEY=ollama')).toEqual([
      'OPENAI_API_KEY has fewer than 8 characters: it is not struck out of the log',
    ]);
    expect(quietly('REDIS_URL=redis://:pw@127.0.0.1')).toEqual([
      'the password in REDIS_URL has fewer than 8 characters: it is not struck out of the log',
    ]);
    expect(quietly(`REDIS_URL=redis://127.0.0.1\nOPENAI_API_KEY=sk-${secret}`)).toEqual([]);
  });
});
