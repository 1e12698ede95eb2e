import { MarkdownView } from './markdown-view.js';
import { samples } from './samples.js';
import { call, listConversations, openSession } from './api-client.js';

/** Typing may go on for this long before the pages are cut anew. */
const restMs = 150;

const at = (id) => document.getElementById(id);
const answers = new Map(Object.entries(samples));
let rest;
let asked = 0;

at('controls').addEventListener('change', (event) => {
  if (event.target === at('answer')) at('source').value = answers.get(at('answer').value);
  void cut();
});
at('source').addEventListener('input', () => {
  clearTimeout(rest);
  rest = setTimeout(cut, restMs);
});
void start();

async function start() {
  await openSession();
  const formats = await request('GET', '/api/dev/formats');
  at('as').replaceChildren(...formats.map(({ name, limit }) => option(name, `${name} (${limit})`)));
  offer();
  at('source').value = answers.get(at('answer').value);
  await cut();
  const [latest] = (await listConversations({ limit: 1 })).conversations;
  if (latest) follow(latest);
}

/** The answers of the latest conversation can be looked at, too. */
function follow({ id, title }) {
  const source = new EventSource(`/api/conversations/${id}/events`);
  source.addEventListener('state', ({ data }) => {
    source.close();
    const replies = JSON.parse(data).entries.filter(({ role }) => role === 'assistant');
    replies.forEach(({ text }, place) => answers.set(`${title}, answer ${place + 1}`, text));
    offer();
  });
}

function offer() {
  const chosen = at('answer').value;
  at('answer').replaceChildren(...[...answers.keys()].map((name) => option(name, name)));
  if (answers.has(chosen)) at('answer').value = chosen;
}

async function cut() {
  asked += 1;
  const mine = asked;
  const question = { text: at('source').value, as: at('as').value };
  try {
    const { pages, limit } = await request('POST', '/api/dev/pages', question);
    if (mine !== asked) return;
    at('problem').textContent = '';
    at('count').textContent = pages.length === 1 ? '1 message' : `${pages.length} messages`;
    at('pages').replaceChildren(...pages.map((page) => pageElement(page, limit)));
  } catch (error) {
    at('problem').textContent = error.message;
  }
}

function pageElement({ text, size }, limit) {
  const item = document.createElement('li');
  const head = document.createElement('p');
  head.className = 'size';
  const meter = document.createElement('meter');
  meter.max = limit;
  meter.value = size;
  meter.ariaLabel = 'How full the page is';
  const figures = document.createElement('span');
  figures.textContent = `${size} of ${limit}`;
  figures.classList.toggle('over', size > limit);
  head.append(figures, meter);
  const look = { sent, drawn, message }[at('look').value];
  item.append(head, look(text));
  return item;
}

function sent(text) {
  const pre = document.createElement('pre');
  pre.className = 'sent';
  pre.textContent = text;
  return pre;
}

function drawn(text) {
  const box = document.createElement('div');
  box.className = 'drawn prose';
  const page = document.createElement('div');
  page.className = 'page';
  new MarkdownView(page).set(text);
  box.append(page);
  return box;
}

/** About as the platform's app shows it: what is sent is exact, colours and letters are a drawing. */
function message(text) {
  const box = document.createElement('article');
  box.className = 'message';
  box.dataset.as = at('as').value;
  const face = document.createElement('img');
  face.src = '/assets/favicon.svg';
  face.alt = '';
  const by = document.createElement('p');
  by.className = 'by';
  const name = document.createElement('strong');
  name.textContent = 'Parley';
  const app = document.createElement('span');
  app.className = 'app';
  app.textContent = 'App';
  const time = document.createElement('time');
  time.textContent = new Date().toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' });
  by.append(name, app, time);
  const body = document.createElement('div');
  body.append(by, drawn(text));
  box.append(face, body);
  return box;
}

function option(value, label) {
  const element = document.createElement('option');
  element.value = value;
  element.textContent = label;
  return element;
}
