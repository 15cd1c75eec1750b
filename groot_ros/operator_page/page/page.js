'use strict';
// Everything here asks and asks again: what was heard a moment ago is what the page shows, and
// when nothing is heard it says so. Texts come from the graph, so they are never read as HTML.

const POLL_MS = 200;
const PICTURE_MS = 80;
const PATIENCE_MS = 1500;       // of what the server answers itself
const ANSWER_MS = 6000;         // of what a node has to answer
const OLD_MS = 2000;            // from then on the page is not live
const UNCONFIRMED_S = 1.0;      // how long the controller may take to say that it stopped
const AGAIN_MS = 300;
const SLOW = 0.7;               // of the rate to have

const $ = (id) => document.getElementById(id);
const wait = (ms) => new Promise((done) => { setTimeout(done, ms); });
const say = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

let view = null;                // of the robot, as last heard
let heard = -Infinity;          // when
let undelivered = false;        // whether a stop was asked for that the server has not taken
let camera = 0;                 // the one looked at
let pictured = -Infinity;       // when the newest picture came

function tell(ok, text) {
  say($('answer'), text);
  $('answer').className = ok ? '' : 'problem';
}

async function post(path, patience, more) {
  const answer = await fetch(path, {
    method: 'POST', headers: { Accept: 'application/json' },
    signal: AbortSignal.timeout(patience), ...more,
  });
  if (answer.status === 401) window.location.reload();
  return answer.json();
}

async function stop() {
  $('sure').close('no');
  undelivered = true;
  showAlarm();
  while (undelivered) {
    try {
      const { ok, text } = await post(
        'stop', PATIENCE_MS, { priority: 'high', keepalive: true });
      tell(ok, text);
      undelivered = !ok;
    } catch { /* asked again */ }
    showAlarm();
    if (undelivered) await wait(AGAIN_MS);
  }
}

async function request(path, body) {
  tell(true, 'Asking …');
  try {
    const { ok, text } = await post(path, ANSWER_MS, { body });
    tell(ok, text);
    return ok;
  } catch {
    tell(false, 'Nobody answered: it may or may not have arrived.');
    return false;
  }
}

function alarm() {
  const silence = performance.now() - heard;
  const own = 'Use the robot\'s own emergency stop.';
  if (undelivered) return `The emergency stop did not arrive. ${own} Trying again …`;
  if (silence > OLD_MS) return `This page is not live: what you see is old. ${own}`;
  if (view.unconfirmed > UNCONFIRMED_S) {
    return `An emergency stop was sent and the controller did not confirm it. ${own}`;
  }
  return view.lost;
}

function showAlarm() {
  const text = alarm();
  const silence = performance.now() - heard;
  const isLive = silence <= OLD_MS;
  say($('alarm'), text);
  $('alarm').hidden = !text;
  const since = Number.isFinite(silence) ? ` for ${Math.floor(silence / 1000)} s` : '';
  say($('live'), isLive ? 'live' : `not live${since}`);
  document.body.classList.toggle('old', !isLive || Boolean(view.lost));
  const age = performance.now() - pictured;
  $('picture').classList.toggle('old', age > OLD_MS);
  $('no-picture').hidden = age <= OLD_MS;
  say($('no-picture'), Number.isFinite(age)
    ? `No new picture for ${Math.floor(age / 1000)} s.` : 'No picture yet.');
}

const number = (value, unit, digits) => (
  value === null ? '–' : `${value.toFixed(digits)} ${unit}`);
const age = (seconds) => (
  seconds !== null && seconds < 1 ? number(1000 * seconds, 'ms', 0) : number(seconds, 's', 1));

/** Let a topic's name be broken behind its slashes. */
const breakable = (name) => name.replaceAll('/', '/\u200b');

function row(kind, ...texts) {
  const line = document.createElement('tr');
  for (const text of texts) line.appendChild(document.createElement(kind)).textContent = text;
  return line;
}

function meterRow(meter, state) {
  const never = !meter.is_output && meter.age === null;
  const unit = meter.wanted > 0 ? `of ${meter.wanted.toFixed(0)} Hz` : 'Hz';
  const line = row(
    'td', `${meter.is_output ? '→' : '←'}\u00a0${breakable(meter.name)}`,
    number(meter.rate, unit, 1), never ? 'never' : age(meter.age));
  const counts = meter.is_output ? state === 'running' : !never;
  line.className = counts && meter.rate < SLOW * meter.wanted ? 'slow' : '';
  return line;
}

function nodeTable(node) {
  const table = document.createElement('table');
  const state = node.reason ? `${node.state}: ${node.reason}` : node.state;
  table.createCaption().textContent = `${node.name} · ${state}`;
  table.createTHead().appendChild(row('th', 'gets ←, sends →', 'rate', 'age'));
  table.createTBody().append(
    row('td', 'its status', '', node.silence === null ? 'never' : age(node.silence)),
    ...node.meters.map((meter) => meterRow(meter, node.state)));
  return table;
}

function showCameras(names) {
  if ($('cameras').length === names.length) return;
  $('cameras').replaceChildren(...names.map((name, place) => new Option(name, place)));
  $('cameras-label').hidden = names.length < 2;
}

function show() {
  const { controller } = view;
  document.title = `${view.stopped ? 'STOPPED' : controller.state} · ${view.robot}`;
  say($('robot'), view.robot);
  say($('word'), view.stopped ? 'emergency stop' : controller.state);
  say($('reason'), view.stopped
    ? (view.latched ? 'latched' : 'reset: waiting for a new instruction') : controller.reason);
  say($('text'), controller.text);
  say($('doing'), view.instruction ? `“${view.instruction}”` : 'nothing');
  $('state').className = view.stopped ? 'stopped' : controller.state;
  document.body.classList.toggle('stopped', view.stopped);
  say($('stop-words'), view.latched ? 'Stopped, latched' : 'Emergency stop');
  $('reset').disabled = !view.latched;
  $('resume').disabled = controller.state !== 'paused';
  $('pause').disabled = controller.state === 'paused' || view.stopped;
  $('meters').replaceChildren(...view.nodes.map(nodeTable));
  showCameras(view.cameras);
}

async function follow() {
  for (;;) {
    try {
      const answer = await fetch('state', { signal: AbortSignal.timeout(PATIENCE_MS) });
      if (answer.status === 401) window.location.reload();
      if (answer.ok) {
        view = await answer.json();
        show();
        heard = performance.now();      // what cannot be shown was not heard
      }
    } catch { /* showAlarm says since when */ }
    showAlarm();
    await wait(POLL_MS);
  }
}

async function look() {
  let newest = 0;
  let shown = camera;
  for (;;) {
    await wait(PICTURE_MS);
    if (document.hidden) continue;
    if (shown !== camera) [shown, newest] = [camera, 0];
    try {
      const answer = await fetch(
        `camera/${shown}/${newest}`, { signal: AbortSignal.timeout(PATIENCE_MS) });
      if (answer.status !== 200) continue;
      newest = Number(answer.headers.get('Picture-Number'));
      const address = URL.createObjectURL(await answer.blob());
      $('picture').src = address;
      await $('picture').decode();
      URL.revokeObjectURL(address);
      $('picture').hidden = false;
      pictured = performance.now();
    } catch { /* showAlarm says since when */ }
  }
}

$('stop-form').addEventListener('submit', (event) => {
  event.preventDefault();
  stop();
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') stop();
});
$('instruct').addEventListener('submit', async (event) => {
  event.preventDefault();
  if (await request('instruct', new URLSearchParams(new FormData(event.target)))) {
    event.target.reset();
  }
});
$('pause').addEventListener('click', () => request('pause'));
$('resume').addEventListener('click', () => request('resume'));
$('reset').addEventListener('click', () => {
  $('sure').show();             // not modal: the stop must stay within reach
});
$('sure').addEventListener('close', () => {
  if ($('sure').returnValue === 'yes') request('reset');
});
$('cameras').addEventListener('change', (event) => {
  camera = Number(event.target.value);
  pictured = -Infinity;
});
setInterval(showAlarm, POLL_MS);
follow();
look();
