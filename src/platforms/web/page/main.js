import { Announcer } from './announcer.js';
import { Composer } from './composer.js';
import { Connection } from './event-stream.js';
import { Conversations } from './conversations.js';
import { Drafts } from './drafts.js';
import { openSession, sendMessage, stopAnswer, uuid, withdrawMessage } from './api-client.js';
import { Sidebar } from './sidebar.js';
import { Stick } from './scroll-to-end.js';
import { refreshTimes } from './time.js';
import { Transcript } from './transcript.js';

/** A short break is not worth a word. */
const patienceMs = 800;

const at = (id) => document.getElementById(id);
let current;
let complaint;

const announcer = new Announcer(at('announcer'));
const stick = new Stick(at('scroll'), at('log'), at('latest'));
const transcript = new Transcript(at('log'), {
  withdraw: (message) => attemptAndGoOn(() => withdrawMessage(current, message)),
  askAgain: sendAndGoOn,
});
const connection = new Connection({ state, page, live, before: refreshSession });
const sidebar = new Sidebar(
  {
    sidebar: at('sidebar'),
    menu: at('menu'),
    backdrop: at('backdrop'),
    fresh: at('new'),
  },
  { onNew: () => open(uuid()) },
);
const conversations = new Conversations(
  {
    list: at('conversations'),
    search: at('search'),
    status: at('listing'),
    more: at('more'),
    options: at('options'),
    rename: at('rename'),
    export: at('export'),
    remove: at('delete'),
    confirm: at('confirm'),
    chosen: at('chosen'),
  },
  { pick, change: showTitle, gone: leave },
);
const drafts = new Drafts(() => composer.follow());
const composer = new Composer(
  {
    form: at('composer'),
    box: at('box'),
    text: at('text'),
    button: at('send'),
    problem: at('problem'),
  },
  drafts,
  send,
);

at('stop').addEventListener('click', stop);
for (const opener of at('openers').children) {
  opener.addEventListener('click', () => sendAndGoOn(opener.textContent));
}
at('logout').addEventListener('submit', () => drafts.clear());
addEventListener('keydown', stopWithEscape);
document.addEventListener('visibilitychange', () => refreshTimes(at('log')));
addEventListener('hashchange', () => {
  if (named() && named() !== current) open(named());
});
void start();

async function start() {
  while (!(await refreshSession())) {
    live(false);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  open(named() ?? conversations.latest ?? uuid());
}

/** True once the server knows this browser. */
async function refreshSession() {
  let about;
  try {
    about = await openSession();
    if (about.fresh) drafts.clear();
    introduce(about);
    await conversations.refresh();
    return true;
  } catch (error) {
    // Then the page itself asks for the password. Anything else may pass: try again.
    if (error.status === 401 && !about) location.reload();
    return false;
  }
}

function introduce({ demo, model, persona, locked }) {
  at('demo').hidden = !demo;
  at('model').textContent = demo ? 'demo model' : model;
  at('model').title = demo ? '' : model;
  at('persona').textContent = persona;
  at('logout').hidden = !locked;
}

function open(conversation) {
  current = conversation;
  history.replaceState(null, '', `#${conversation}`);
  transcript.clear();
  announcer.reset();
  composer.open(conversation);
  conversations.open(conversation);
  showTitle();
  at('welcome').hidden = true;
  showStop(undefined);
  stick.toEnd();
  connection.follow(conversation);
  goOnWriting();
}

function pick(conversation) {
  sidebar.hide();
  open(conversation);
}

/** A conversation was deleted, and what was not sent there is nothing to keep. */
function leave(conversation) {
  if (conversation === current) open(uuid());
  drafts.keep(conversation, '');
}

function state(event) {
  stick.hold(() => transcript.show(event));
  at('welcome').hidden = !transcript.isEmpty;
  const { running } = event;
  showStop(running);
  if (!transcript.isEmpty) conversations.include(current);
  announcer.settled((turn) => transcript.finished(turn)?.spoken);
  if (running) announce(running.id);
  stick.settle();
}

function page(event) {
  const grew = transcript.grow(event, () => stick.settle());
  if (grew) announce(event.turn);
}

function announce(turn) {
  const { element } = transcript.running;
  announcer.running(turn, element.dataset.phase, element.querySelector('.working').textContent);
}

async function send(conversation, message) {
  await sendMessage(conversation, message);
  conversations.changed();
  if (conversation !== current) return;
  stick.toEnd();
}

/** Sends what a button asks. */
function sendAndGoOn(text) {
  void composer.send(text);
  goOnWriting();
}

function showStop(running) {
  at('stop').hidden = !running;
  at('stop').disabled = running?.stopping === true;
  at('stop-key').hidden = !running;
}

function stop() {
  attemptAndGoOn(() => stopAnswer(current));
}

/** Unless the key is for something else: an input method, or what it closes. */
function stopWithEscape(event) {
  if (event.key !== 'Escape' || event.isComposing || event.keyCode === 229) return;
  if (event.defaultPrevented || event.repeat || at('stop').hidden || at('stop').disabled) return;
  if (!at('backdrop').hidden || at('sidebar').contains(event.target)) return;
  if (document.querySelector('dialog[open], :popover-open')) return;
  stop();
}

/** Does what a button asks; a failure is told below the message box. */
async function attempt(action) {
  try {
    await action();
    composer.complain('');
  } catch (error) {
    composer.complain(error.message);
  }
}

/** The button that asked goes away, and the focus must not go with it. */
function attemptAndGoOn(action) {
  void attempt(action);
  goOnWriting();
}

/** Where there is no keyboard, the focus would bring one up. */
function goOnWriting() {
  if (matchMedia('(hover: hover)').matches) composer.focus();
}

function live(connected) {
  clearTimeout(complaint);
  const wasOffline = document.body.classList.contains('offline');
  document.body.classList.toggle('offline', !connected);
  if (connected) {
    // What could not be done for want of a connection can be done now.
    if (wasOffline) composer.complain('');
    at('connection').textContent = '';
    return;
  }
  complaint = setTimeout(() => (at('connection').textContent = 'Reconnecting…'), patienceMs);
}

function showTitle() {
  const title = conversations.titleOf(current);
  at('title').textContent = title ?? 'New conversation';
  document.title = title ? `${title} · Parley` : 'Parley';
}

function named() {
  const hash = location.hash.slice(1);
  return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(hash) ? hash : undefined;
}
