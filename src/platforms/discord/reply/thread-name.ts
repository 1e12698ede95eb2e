import { isVisible } from '../messages/one-line.ts';

/** Discord's limit, in characters. */
const limit = 100;
/** More than that is cut off in the list of threads. */
const comfortable = 80;

/** What a thread is called: the question's first line without its markdown, as far as it fits. */
export function threadName(question: string): string {
  const [line = ''] = question.trim().split('\n');
  const name = line
    .replace(/^[#>\s-]+(?=\s)/u, '')
    .replaceAll(/\*+|`+|~~|\|\||(?<!\w)_+|(?<!_)_+(?!\w)/gu, '')
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .replaceAll(/@(everyone|here)\b/g, '$1')
    .trim();
  // A sentence of our own about a question without words is no name.
  if (!isVisible(name) || question.startsWith('(mentions you')) return 'Question';
  const characters = Array.from(name);
  if (characters.length <= limit) return name;
  const cut = characters.slice(0, comfortable).join('');
  const space = cut.lastIndexOf(' ');
  return `${cut.slice(0, space > comfortable / 2 ? space : cut.length).trimEnd()}…`;
}
