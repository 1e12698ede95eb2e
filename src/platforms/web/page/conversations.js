import { ConversationList } from './conversation-list.js';
import { OptionsMenu } from './options-menu.js';
import { SearchBox } from './search-box.js';
import {
  deleteConversation,
  exportOf,
  listConversations,
  renameConversation,
} from './api-client.js';
import { Shelf } from './saved-conversations.js';

/** All that one does with conversations beside talking: find, open, name, take along, delete. */
export class Conversations {
  #parts;
  #on;
  #shelf;
  #list;
  #menu;
  #search;
  #current;
  /** What the open menu is about. */
  #chosen;
  /** What was found, while somebody searches. */
  #found;
  #asked = 0;

  /** `on.pick(id)` opens one; `on.change()`: titles changed; `on.gone(id)`: one was deleted. */
  constructor(parts, on) {
    this.#parts = parts;
    this.#on = on;
    this.#shelf = new Shelf({
      onChange: () => {
        this.#show();
        on.change();
      },
      onGone: on.gone,
    });
    this.#list = new ConversationList(parts.list, {
      pick: on.pick,
      options: (id, button) => this.#offer(id, button),
      rename: (id, title) => this.#do('Not renamed.', () => renameConversation(id, title)),
    });
    this.#menu = new OptionsMenu(parts.options);
    this.#search = new SearchBox(parts.search, () => void this.#find());
    parts.rename.addEventListener('click', () => this.#list.edit(this.#chosen.id));
    parts.remove.addEventListener('click', () => parts.confirm.showModal());
    parts.confirm.addEventListener('close', () => {
      if (parts.confirm.returnValue === 'delete') void this.#delete(this.#chosen.id);
    });
    parts.more.addEventListener('click', () => {
      void this.#do('Not read.', () => this.#shelf.showAll());
    });
  }

  /** The id of the latest. */
  get latest() {
    return this.#shelf.list[0]?.id;
  }

  titleOf(id) {
    return this.#shelf.find(id)?.title;
  }

  /** Throws `Refused`. */
  refresh() {
    return this.#shelf.refresh();
  }

  /** One of them is open from now on. */
  open(id) {
    this.#current = id;
    this.#show();
  }

  /** Something was said in it. */
  include(id) {
    void this.#shelf.include(id);
  }

  /** This tab said something. */
  changed() {
    this.#shelf.changed();
  }

  #show() {
    const { more, status } = this.#parts;
    more.hidden = this.#found !== undefined || !this.#shelf.more;
    this.#list.show(this.#found?.conversations ?? this.#shelf.list, this.#current);
    status.textContent = this.#found === undefined ? '' : countOf(this.#found);
  }

  async #find() {
    this.#asked += 1;
    const asked = this.#asked;
    const search = this.#search.text;
    try {
      const found = search === '' ? undefined : await listConversations({ search });
      if (asked !== this.#asked) return;
      this.#found = found;
      this.#show();
    } catch (error) {
      if (asked === this.#asked) this.#parts.status.textContent = error.message;
    }
  }

  #offer(id, button) {
    const conversation = [...(this.#found?.conversations ?? []), ...this.#shelf.list].find(
      (each) => each.id === id,
    );
    this.#chosen = conversation;
    this.#parts.export.href = exportOf(id);
    this.#parts.chosen.textContent = conversation.title;
    this.#parts.confirm.returnValue = '';
    this.#menu.show(button);
  }

  async #delete(id) {
    await this.#do(
      'Not deleted.',
      async () => {
        await deleteConversation(id).catch((error) => {
          // Another tab was faster.
          if (error.status !== 404) throw error;
        });
        if (!this.#list.focusBeside(id)) this.#parts.search.focus();
        this.#on.gone(id);
      },
      id,
    );
  }

  /** Does what was asked for, and reads the list anew; a failure is told below the list. */
  async #do(failure, action, gone) {
    let problem = '';
    try {
      await action();
      this.#shelf.changed(gone);
    } catch (error) {
      problem = `${failure} ${error.message}`;
    }
    await this.#find();
    if (problem !== '') this.#parts.status.textContent = problem;
  }
}

function countOf({ conversations, more }) {
  const { length } = conversations;
  if (more) return `The latest ${length} that were found. More words find fewer.`;
  return length === 0 ? 'Nothing found.' : `${length} found`;
}
