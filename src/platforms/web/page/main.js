import { Announcer } from './announcer.js';
import { Composer } from './composer.js';
import { EventStream } from './event-stream.js';
import { ConversationsPanel } from './conversations-panel.js';
import { Drafts } from './drafts.js';
import { openSession, sendMessage, stopAnswer, uuid, withdrawMessage } from './api-client.js';
import { Sidebar } from './sidebar.js';
import { ScrollToEnd } from './scroll-to-end.js';
import { refreshTimes } from './time.js';
import { Transcript } from './transcript.js';

/** Delay before a lost connection is mentioned, in ms: short breaks mend by themselves. */
const reconnectNoticeDelayMs = 800;

const byId = (id) => document.getElementById(id);
let current;
let reconnectNotice;

const announcer = new Announcer(byId('announcer'));
const scroll = new ScrollToEnd(byId('scroll'), byId('log'), byId('latest'));
const transcript = new Transcript(byId('log'), {
  withdraw: (message) => attemptAndFocus(() => withdrawMessage(current, message)),
  askAgain: sendAndFocus,
});
const eventStream = new EventStream({
  state: showState,
  page: showGrowth,
  connected: showConnection,
  beforeRetry: refreshSession,
});
const sidebar = new Sidebar(
  {
    sidebar: byId('sidebar'),
    menu: byId('menu'),
    backdrop: byId('backdrop'),
    fresh: byId('new'),
  },
  { onNew: () => open(uuid()) },
);
const conversations = new ConversationsPanel(
  {
    list: byId('conversations'),
    search: byId('search'),
    status: byId('listing'),
    more: byId('more'),
    options: byId('options'),
    rename: byId('rename'),
    export: byId('export'),
    remove: byId('delete'),
    confirm: byId('confirm'),
    chosen: byId('chosen'),
  },
  { pick: openFromSidebar, change: showTitle, gone: closeDeleted },
);
const drafts = new Drafts(() => composer.syncDraft());
const composer = new Composer(
  {
    form: byId('composer'),
    box: byId('box'),
    text: byId('text'),
    button: byId('send'),
    problem: byId('problem'),
  },
  drafts,
  send,
);

byId('stop').addEventListener('click', stop);
for (const opener of byId('openers').children) {
  opener.addEventListener('click', () => sendAndFocus(opener.textContent));
}
byId('logout').addEventListener('submit', () => drafts.clear());
addEventListener('keydown', stopWithEscape);
document.addEventListener('visibilitychange', () => refreshTimes(byId('log')));
addEventListener('hashchange', () => {
  if (conversationInUrl() && conversationInUrl() !== current) open(conversationInUrl());
});
void start();

async function start() {
  while (!(await refreshSession())) {
    showConnection(false);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  open(conversationInUrl() ?? conversations.latest ?? uuid());
}

/** True once the server knows this browser. */
async function refreshSession() {
  let about;
  try {
    about = await openSession();
    if (about.fresh) drafts.clear();
    showAbout(about);
    await conversations.refresh();
    return true;
  } catch (error) {
    // After a reload the page asks for the password. Any other failure may pass: try again.
    if (error.status === 401 && !about) location.reload();
    return false;
  }
}

function showAbout({ demo, model, persona, locked }) {
  byId('demo').hidden = !demo;
  byId('model').textContent = demo ? 'demo model' : model;
  byId('model').title = demo ? '' : model;
  byId('persona').textContent = persona;
  byId('logout').hidden = !locked;
}

function open(conversation) {
  current = conversation;
  history.replaceState(null, '', `#${conversation}`);
  transcript.clear();
  announcer.reset();
  composer.open(conversation);
  conversations.open(conversation);
  showTitle();
  byId('welcome').hidden = true;
  showStop(undefined);
  scroll.toEnd();
  eventStream.follow(conversation);
  focusComposer();
}

function openFromSidebar(conversation) {
  sidebar.hide();
  open(conversation);
}

/** A conversation was deleted; its draft goes with it. */
function closeDeleted(conversation) {
  if (conversation === current) open(uuid());
  drafts.save(conversation, '');
}

function showState(event) {
  scroll.keepPosition(() => transcript.show(event));
  byId('welcome').hidden = !transcript.isEmpty;
  const { running } = event;
  showStop(running);
  if (!transcript.isEmpty) conversations.include(current);
  announcer.announceFinished((turn) => transcript.finished(turn)?.spokenText);
  if (running) announce(running.id);
  scroll.update();
}

function showGrowth(event) {
  const grew = transcript.grow(event, () => scroll.update());
  if (grew) announce(event.turn);
}

function announce(turn) {
  const { element } = transcript.running;
  announcer.announceRunning(
    turn,
    element.dataset.phase,
    element.querySelector('.working').textContent,
  );
}

async function send(conversation, message) {
  await sendMessage(conversation, message);
  conversations.changed();
  if (conversation !== current) return;
  scroll.toEnd();
}

/** Sends a button's question. */
function sendAndFocus(text) {
  void composer.send(text);
  focusComposer();
}

function showStop(running) {
  byId('stop').hidden = !running;
  byId('stop').disabled = running?.stopping === true;
  byId('stop-key').hidden = !running;
}

function stop() {
  attemptAndFocus(() => stopAnswer(current));
}

/** Escape stops the answer, unless an input method, a dialog, a menu or the drawer takes it. */
function stopWithEscape(event) {
  if (event.key !== 'Escape' || event.isComposing || event.keyCode === 229) return;
  if (event.defaultPrevented || event.repeat || byId('stop').hidden || byId('stop').disabled)
    return;
  if (!byId('backdrop').hidden || byId('sidebar').contains(event.target)) return;
  if (document.querySelector('dialog[open], :popover-open')) return;
  stop();
}

/** Runs an action; a failure is shown below the message box. */
async function attempt(action) {
  try {
    await action();
    composer.showProblem('');
  } catch (error) {
    composer.showProblem(error.message);
  }
}

/** The same for a button that disappears: the focus goes to the message box. */
function attemptAndFocus(action) {
  void attempt(action);
  focusComposer();
}

/** On touch screens the focus would open the on-screen keyboard. */
function focusComposer() {
  if (matchMedia('(hover: hover)').matches) composer.focus();
}

function showConnection(connected) {
  clearTimeout(reconnectNotice);
  const wasOffline = document.body.classList.contains('offline');
  document.body.classList.toggle('offline', !connected);
  if (connected) {
    if (wasOffline) composer.showProblem('');
    byId('connection').textContent = '';
    return;
  }
  reconnectNotice = setTimeout(
    () => (byId('connection').textContent = 'Reconnecting…'),
    reconnectNoticeDelayMs,
  );
}

function showTitle() {
  const title = conversations.titleOf(current);
  byId('title').textContent = title ?? 'New conversation';
  document.title = title ? `${title} · Parley` : 'Parley';
}

function conversationInUrl() {
  const hash = location.hash.slice(1);
  return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(hash) ? hash : undefined;
}
