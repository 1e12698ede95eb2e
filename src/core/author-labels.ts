import { cleanName } from './message.ts';

/** Who wrote something, as the store and the platforms know them. */
interface Writer {
  readonly id: string;
  readonly name?: string;
}

/** What nobody sees, though it is no control or format character: fillers and blank letters. */
const invisible = /[\p{Default_Ignorable_Code_Point}\u2800]+/gu;
/** Marks that tower above one letter; no script needs more than three. */
const marks = /(\p{M}{3})\p{M}+/gu;
/** Characters that end a label, or that read like it in any font. */
const colons =
  /[:\u02d0\u02f8\u05c3\u0589\u1361\u16ec\u205a\u2236\ua789\ufe13\ufe30\ufe55\uff1a]+/gu;
/** What only a label itself may have: a person's id stands in them. */
const brackets = /[[\]\u2045\u2046\uff3b\uff3d]+/gu;
/** Letters of one script among those of another, which may look like another name. */
const mixed =
  /\p{Script=Latin}.*[\p{Script=Cyrillic}\p{Script=Greek}]|[\p{Script=Cyrillic}\p{Script=Greek}].*\p{Script=Latin}/u;
/** What the model might take for somebody else than a person. */
const reserved: ReadonlySet<string> = new Set(['system', 'developer', 'assistant', 'user', 'tool']);

/**
 * The labels by which a model tells the people of one conversation apart. Each is visible, on one
 * line, without a colon, and that of one person alone: people choose their names, so a name that
 * several bear, and one that cannot be seen, stands with the platform's id in brackets. No name
 * can contain brackets.
 *
 * Nobody has a label where one person without a name talks, as on the web page.
 */
export class AuthorLabels {
  readonly #labels = new Map<string, string>();

  /** @param writers everybody whose words are in the prompt, in any order, also repeatedly */
  constructor(writers: Iterable<Writer>) {
    const names = new Map<string, string>();
    // The latest name counts, as people change theirs; one that could not be had never does.
    for (const { id, name } of writers) {
      const clean = labelName(name ?? '');
      if (clean !== '' || !names.has(id)) names.set(id, clean);
    }
    if (names.size === 1 && [...names.values()].every((name) => name === '')) return;
    const bearers = new Map<string, number>();
    for (const name of names.values()) {
      bearers.set(looksOf(name), (bearers.get(looksOf(name)) ?? 0) + 1);
    }
    for (const [id, name] of names) {
      const looks = looksOf(name);
      const alone = looks !== '' && bearers.get(looks) === 1;
      const plain = alone && !reserved.has(looks) && !mixed.test(name);
      this.#labels.set(id, plain ? name : `${name} [${idLabel(id)}]`.trim());
    }
  }

  /**
   * A text with its author's label before it. Its further lines are indented, so that none of
   * them can begin as somebody else's: a label always stands at the beginning of a line.
   */
  sign(id: string | undefined, text: string): string {
    const label = id === undefined ? undefined : this.#labels.get(id);
    return label === undefined ? text : `${label}: ${indented(text)}`;
  }

  /** Whether anybody has a label. */
  get used(): boolean {
    return this.#labels.size > 0;
  }
}

function labelName(name: string): string {
  const visible = name.replaceAll(invisible, '').replaceAll(marks, '$1');
  const clean = cleanName(visible.replaceAll(colons, ' ').replaceAll(brackets, ' '));
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(clean) ? clean : '';
}

/** The same for names that look the same, such as `Bob`, `BOB` and `Ｂｏｂ`. */
function looksOf(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll(/[\p{M}\p{Default_Ignorable_Code_Point}\s]+/gu, '')
    .toLowerCase();
}

/** Ids come from the platforms, of letters and digits; whatever else is in one is left out. */
function idLabel(id: string): string {
  return id.replaceAll(/[^\w-]+/g, '.');
}

/** Every kind of line break becomes one, with two blanks behind it where a line goes on. */
function indented(text: string): string {
  return text.replaceAll(/\r\n?|[\v\f\u0085\u2028\u2029]/g, '\n').replaceAll(/\n(?!\n|$)/g, '\n  ');
}
