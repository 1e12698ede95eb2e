import { ConversationList } from './conversation-list.js';
import { OptionsMenu } from './options-menu.js';
import { SearchBox } from './search-box.js';
import {
  deleteConversation,
  exportUrl,
  listConversations,
  renameConversation,
} from './api-client.js';
import { SavedConversations } from './saved-conversations.js';

/** The sidebar's conversations: find, open, rename, export, delete. */
export class ConversationsPanel {
  #parts;
  #on;
  #saved;
  #list;
  #menu;
  #search;
  #current;
  /** The conversation of the open menu. */
  #chosen;
  /** Search results, during a search. */
  #results;
  #searches = 0;

  /** `on.pick(id)` opens one; `on.change()`: titles changed; `on.gone(id)`: one was deleted. */
  constructor(parts, on) {
    this.#parts = parts;
    this.#on = on;
    this.#saved = new SavedConversations({
      onChange: () => {
        this.#show();
        on.change();
      },
      onGone: on.gone,
    });
    this.#list = new ConversationList(parts.list, {
      pick: on.pick,
      options: (id, button) => this.#showOptions(id, button),
      rename: (id, title) => this.#run('Not renamed.', () => renameConversation(id, title)),
    });
    this.#menu = new OptionsMenu(parts.options);
    this.#search = new SearchBox(parts.search, () => void this.#runSearch());
    parts.rename.addEventListener('click', () => this.#list.edit(this.#chosen.id));
    parts.remove.addEventListener('click', () => parts.confirm.showModal());
    parts.confirm.addEventListener('close', () => {
      if (parts.confirm.returnValue === 'delete') void this.#delete(this.#chosen.id);
    });
    parts.more.addEventListener('click', () => {
      void this.#run('Not read.', () => this.#saved.showAll());
    });
  }

  /** Id of the latest conversation. */
  get latest() {
    return this.#saved.list[0]?.id;
  }

  titleOf(id) {
    return this.#saved.find(id)?.title;
  }

  /** Throws `ApiError`. */
  refresh() {
    return this.#saved.refresh();
  }

  /** Marks the open conversation. */
  open(id) {
    this.#current = id;
    this.#show();
  }

  /** A message was sent or received in it. */
  include(id) {
    void this.#saved.include(id);
  }

  /** This tab sent a message. */
  changed() {
    this.#saved.changed();
  }

  #show() {
    const { more, status } = this.#parts;
    more.hidden = this.#results !== undefined || !this.#saved.more;
    this.#list.show(this.#results?.conversations ?? this.#saved.list, this.#current);
    status.textContent = this.#results === undefined ? '' : countOf(this.#results);
  }

  async #runSearch() {
    this.#searches += 1;
    const number = this.#searches;
    const search = this.#search.text;
    try {
      const results = search === '' ? undefined : await listConversations({ search });
      if (number !== this.#searches) return;
      this.#results = results;
      this.#show();
    } catch (error) {
      if (number === this.#searches) this.#parts.status.textContent = error.message;
    }
  }

  #showOptions(id, button) {
    const conversation = [...(this.#results?.conversations ?? []), ...this.#saved.list].find(
      (each) => each.id === id,
    );
    this.#chosen = conversation;
    this.#parts.export.href = exportUrl(id);
    this.#parts.chosen.textContent = conversation.title;
    this.#parts.confirm.returnValue = '';
    this.#menu.show(button);
  }

  async #delete(id) {
    await this.#run(
      'Not deleted.',
      async () => {
        await deleteConversation(id).catch((error) => {
          // Another tab deleted it first.
          if (error.status !== 404) throw error;
        });
        if (!this.#list.focusBeside(id)) this.#parts.search.focus();
        this.#on.gone(id);
      },
      id,
    );
  }

  /** Runs an action and reads the list again; a failure is shown below the list. */
  async #run(failure, action, gone) {
    let problem = '';
    try {
      await action();
      this.#saved.changed(gone);
    } catch (error) {
      problem = `${failure} ${error.message}`;
    }
    await this.#runSearch();
    if (problem !== '') this.#parts.status.textContent = problem;
  }
}

function countOf({ conversations, more }) {
  const { length } = conversations;
  if (more) return `The latest ${length} that were found. More words find fewer.`;
  return length === 0 ? 'Nothing found.' : `${length} found`;
}
