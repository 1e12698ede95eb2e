// Tested by test/integration/turns.test.ts
import type { ModelFault } from './errors.ts';
import type { Quota } from '../intake/quotas.ts';

/** What people read when an answer does not end as they hoped: what happened, what to do. */
export const userTexts = {
  empty: 'There is nothing in this message to answer.',
  questionTooLong: (is: number, most: number) =>
    `This message is too long: ${is.toLocaleString('en')} characters, where ${most.toLocaleString('en')} fit.`,
  unreadable:
    'I could not read this message, and it stopped me each time I tried. Please send it in another form, or in parts.',
  paused:
    'I am paused at the moment. Your question is kept, and answered when I go on; after a long pause, ask again.',
  tooManyOpen: 'You have several questions open already; ask again when I have answered one.',
  quotaUsedUp: (quota: Renewing) => `${quotaOf(quota)} is used up; it renews in ${until(quota)}.`,
  quotaNearlyUsedUp: (quota: Renewing & { readonly used: number }) =>
    `${quotaOf(quota)} has ${(quota.most - quota.used).toLocaleString('en')} left; it renews in ${until(quota)}.`,
  quotaLastUse: (quota: Renewing) =>
    `${quotaOf(quota)} is used up with this one; it renews in ${until(quota)}.`,
  notStored: (trouble: string) =>
    `I cannot take your question in: ${trouble}. Whoever runs me has to mend that; if I have not answered by then, ask again.`,
  notAllowed: 'You are not among those who may use me here. If you should be, ask whoever runs me.',
  notAllowedIn: (place: string) =>
    `You are not among those who may use me in ${place}. If you should be, ask whoever runs me.`,
  newConversation: 'A new conversation: what was said before is left behind.',
  stopped: 'Stopped.',
  tooLong: 'That is as long as one answer may get. Ask me to go on for the rest.',
  cutByModel: 'The model reached its own length limit here. Ask me to go on for the rest.',
  timeout: 'This took longer than one answer may take, so it ends here. Ask again for the rest.',
  gaveUp:
    'I tried to answer this several times and was interrupted each time. Please ask again, perhaps in other words.',
  refusedByPlatform: 'The message could not be shown here.',
  bug: 'Something went wrong on my side. Please ask again; if it happens again, tell whoever runs me.',
  answerIsReady: 'Your answer is ready.',
  thinking: 'Thinking…',
  waiting: (ahead: number) =>
    ahead === 0
      ? 'You are next in line…'
      : `Many people are asking right now; ${ahead} ${ahead === 1 ? 'question is' : 'questions are'} before yours…`,
  tooOld: (ageMs: number) =>
    `I was away when you asked this ${ago(ageMs)} ago, so I leave it. Ask again if you still want an answer.`,
  model: {
    'rate-limited': 'The model is over its rate limit; ask again in a minute.',
    quota: 'The model’s account has run out of credit; whoever runs me has to top it up.',
    unauthorized: 'The model’s provider does not accept my key; whoever runs me has to check it.',
    'unknown-model':
      'The provider does not know the model that I am set to use; whoever runs me has to change it.',
    'too-long':
      'This conversation is too long for the model; start a new one, or ask something shorter.',
    refused: 'The model’s provider declined to answer this.',
    unreachable: 'The model cannot be reached right now; ask again in a minute.',
    overloaded: 'The model is overloaded right now; ask again in a minute.',
    stalled: 'The model stopped in the middle without a word; ask again.',
    cut: 'The connection to the model was cut; ask again.',
    empty: 'The model gave an empty answer; ask again, perhaps in other words.',
    malformed: 'The model’s answer arrived damaged; ask again.',
    unknown: 'The model failed to answer; ask again in a minute.',
  } satisfies Record<ModelFault, string>,
};

type Renewing = Quota & {
  readonly renewsInMs: number;
  /** What it is counted on; a workspace without a platform in front is the platform as a whole. */
  readonly meter?: { readonly id: string };
};

function quotaOf({ scope, unit, most, meter }: Renewing): string {
  const isWhole = meter?.id.includes(':') === false;
  const whose = scope === 'person' ? 'Your' : isWhole ? 'Everybody’s' : 'This workspace’s';
  return `${whose} quota of ${most.toLocaleString('en')} ${most === 1 ? unit.slice(0, -1) : unit}`;
}

/** Rounded up: nobody is told to come back too early. */
function until({ renewsInMs }: Renewing): string {
  const minutes = Math.max(1, Math.ceil(renewsInMs / 60_000));
  if (minutes < 60) return minutes === 1 ? 'a minute' : `${minutes} minutes`;
  const hours = Math.ceil(minutes / 60);
  if (hours <= 48) return hours === 1 ? 'an hour' : `${hours} hours`;
  return `${Math.ceil(hours / 24)} days`;
}

function ago(ms: number): string {
  const hours = Math.round(ms / 3_600_000);
  if (hours < 1) return `${Math.max(1, Math.round(ms / 60_000))} minutes`;
  if (hours === 1) return 'an hour';
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
