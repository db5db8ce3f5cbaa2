/**
 * Calls by telephone in the page: the button calls Janet, a question is answered, hold is silence both ways,
 * mute is silence one way; she rings, and is answered, declined and missed in the open.
 *
 *   node phone.mjs --url URL --wav QUESTION.wav --out DIR [--text "WHAT IT SAYS"]
 */
import { isAccessible } from './lib/axe.mjs';
import { installMicrophone, say } from './lib/microphone.mjs';
import { Operator } from './lib/operator.mjs';
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { ANSWER_MS, checkHealth, heardOverCall, heardSoFar, wordErrors } from './lib/turn.mjs';
import { Wire } from './lib/wire.mjs';

const args = readArguments('phone.mjs --url URL --wav FILE --out DIR [--text WORDS]', ['url', 'wav', 'out']);
const report = new Report();
const wire = new Wire();
const before = async (page) => {
  await installMicrophone(page);
  await wire.install(page);
};
const janet = await openPage({ url: args.url, out: args.out, before, calls: true });
const { page } = janet;
const text = (selector) => page.locator(selector).innerText();
const isPhone = (state, timeoutMs) => janet.until((s) => s.phone === state, timeoutMs);
const focused = () => page.evaluate(() => document.activeElement.id);
/** Two seconds in which nothing happens, where something would. */
const aWhile = (ms) => page.waitForTimeout(ms);

/** Says the question and hears the answer. */
async function isAnswered(name) {
  const before = await janet.stats();
  await say(janet, args.wav);
  report.ok(await janet.until((s) => s.transcripts.length > before.transcripts.length, ANSWER_MS), `${name}: the question is understood`, (await janet.stats()).transcripts.at(-1));
  report.ok(await heardOverCall(janet, heardSoFar(before), ANSWER_MS), `${name}: the answer is heard`);
}

/** Silences her by the key that does so everywhere, which hangs up nobody. */
async function silence() {
  await page.keyboard.press('Escape');
  report.ok(await janet.until((s) => ['finished', 'stopped'].includes(s.voice.at(-1)?.state) && s.phone === 'connected', 5_000), 'Escape silences her, and the call goes on');
}

/** In the page: what is drawn beyond the window's edges. */
function outOfView() {
  return [...document.querySelectorAll('#call button, #call-who, #call-title')]
    .filter((e) => e.checkVisibility())
    .map((e) => ({ id: e.id, box: e.getBoundingClientRect() }))
    .filter(({ box }) => box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight)
    .map(({ id, box }) => `${id}: ${Math.round(box.top)}–${Math.round(box.bottom)}`);
}

/** Everything that can be done is in view on a small phone, upright and on its side, with the largest text. */
async function fits() {
  await page.evaluate(() => (document.documentElement.dataset.text = 'largest'));
  for (const [width, height] of [[360, 640], [640, 360]]) {
    await page.setViewportSize({ width, height });
    // The page may follow some pictures later.
    let outside = await page.evaluate(outOfView);
    for (const since = Date.now(); outside.length > 0 && Date.now() - since < 3_000; outside = await page.evaluate(outOfView)) await janet.drawn();
    report.ok(outside.length === 0, `${width}×${height}: everything is in view`, outside.join(', '));
    await isAccessible(janet, report, `phone-${width}`);
  }
  await page.evaluate(() => delete document.documentElement.dataset.text);
  await page.setViewportSize({ width: 1280, height: 860 });
}

async function outgoing() {
  report.note('Janet is called');
  report.ok(await page.locator('#call-open').isEnabled(), 'there is a button for it');
  await page.focus('#call-open');
  await page.keyboard.press('Enter');
  report.ok(await isPhone('connected', 15_000), 'the call is connected', (await janet.stats()).phone);
  report.ok(await page.locator('#call').isVisible(), 'and seen');
  const box = await page.locator('#call').boundingBox();
  report.ok(box.width === 1280 && box.height === 860, 'over the whole screen', JSON.stringify(box));
  report.ok((await focused()) === 'call-who', 'with the focus in it, and on nothing that the next key would press', await focused());
  const stops = new Set();
  for (let i = 0; i < 8; i += 1) {
    await page.keyboard.press('Tab');
    stops.add(await focused());
  }
  report.ok([...stops].every((id) => id === '' || id.startsWith('call-')), 'where it stays', [...stops].join(' '));
  report.ok(['call-mute', 'call-hold', 'call-hang-up'].every((id) => stops.has(id)), 'and comes by everything that can be done');

  await say(janet, args.wav);
  report.ok(await janet.until((s) => s.transcripts.length === 1, ANSWER_MS), 'a question is understood');
  if (args.text !== undefined) report.ok(wordErrors(args.text, (await janet.stats()).transcripts[0]) <= 2, 'word for word, nearly', (await janet.stats()).transcripts[0]);
  report.ok(await heardOverCall(janet, { energy: 0, sample: 0 }, ANSWER_MS), 'the answer is heard');
  report.ok((await text('#call-caption')).trim() !== '' && (await page.locator('#call-caption').isVisible()), 'and read as it is said', await text('#call-caption'));
  report.ok((await text('#call-title')) === 'Speaking', 'the page says that she speaks', await text('#call-title'));
  await isAccessible(janet, report, 'phone-speaking');
  await fits();
  report.ok(/^\d+:\d\d$/.test(await text('#call-time')), 'and for how long they have talked', await text('#call-time'));
  await silence();
  const stats = await janet.stats();
  report.ok(stats.micFrames === 0 && stats.play.played === 0, 'nothing of it went over the WebSocket');
}

async function held() {
  report.note('on hold');
  await say(janet, args.wav);
  report.ok(await janet.until((s) => s.voice.filter((v) => v.state === 'started').length >= 2, ANSWER_MS), 'she speaks again');
  await page.focus('#call-hold');
  await page.keyboard.press('Space');
  report.ok(await isPhone('on_hold', 5_000), 'she is put on hold');
  report.ok((await page.getAttribute('#call-hold', 'aria-pressed')) === 'true' && (await focused()) === 'call-hold', 'the button says so, and keeps the focus', await focused());
  report.ok(await janet.until((s) => ['stopped', 'finished', 'paused'].includes(s.voice.at(-1)?.state), 5_000), 'she falls silent');
  await isAccessible(janet, report, 'phone-held');
  // What the browser had of her already is through by then.
  await aWhile(1_000);
  const before = await janet.stats();
  await say(janet, args.wav);
  await aWhile(4_000);
  const after = await janet.stats();
  report.ok(after.transcripts.length === before.transcripts.length && after.partials === before.partials, 'what is said on hold is not taken up', after.transcripts.slice(before.transcripts.length).join(' | '));
  report.ok(after.call.energy - before.call.energy < 1e-5, 'and nothing of her is heard', `${after.call.energy - before.call.energy}`);
  await page.keyboard.press('Space');
  report.ok(await isPhone('connected', 5_000), 'the call goes on');
  await isAnswered('after hold');
  await silence();
}

async function muted() {
  report.note('muted');
  await page.click('#call-mute');
  await janet.drawn();
  report.ok((await page.getAttribute('#call-mute', 'aria-pressed')) === 'true' && (await text('#call-title')).includes('Muted'), 'the page says that it is muted', await text('#call-title'));
  const before = await janet.stats();
  await say(janet, args.wav);
  await aWhile(4_000);
  const after = await janet.stats();
  report.ok(after.transcripts.length === before.transcripts.length && after.partials === before.partials, 'what is said then is not heard');
  report.ok(after.call.packetsUp > before.call.packetsUp + 150, 'silence goes up in its place');
  await page.click('#call-mute');
  await isAnswered('unmuted');
}

async function cutOff() {
  report.note('a connection that is lost in the middle of the call');
  wire.up = wire.goodbye = false;
  await wire.cut();
  report.ok(await janet.until((s) => s.link === 'waiting', 10_000), 'the connection is gone');
  report.ok((await janet.stats()).phone === 'connected', 'the call is not');
  const { made } = wire;
  wire.up = wire.goodbye = true;
  report.ok(await janet.until(() => wire.made > made && wire.said.some((m) => m.type === 'voip_call'), 40_000), 'once there is a connection again, the page asks for that call');
  await isAnswered('over another connection');
  report.ok((await janet.stats()).phone === 'connected', 'and it is the same call');
}

async function hungUp() {
  report.note('hung up');
  await page.click('#call-hang-up');
  report.ok(await isPhone('ended', 1_000), 'one press ends the call, at once');
  report.ok((await text('#call-title')) === 'Call ended', 'the page says so', await text('#call-title'));
  await isAccessible(janet, report, 'phone-ended');
  report.ok(await isPhone('idle', 10_000), 'and is the page again after a moment');
  report.ok((await focused()) === 'call-open', 'with the focus where it was', await focused());
  const past = await text('#past-calls');
  report.ok(past.includes('You called') && /\d:\d\d/.test(past), 'the call stands beside the conversation', past.replaceAll('\n', ' '));
  report.ok((await page.locator('.entry.assistant').count()) >= 3, 'and what was said stands in it');
}

async function rung(operator, id) {
  report.note('Janet rings');
  await page.focus('#text');
  await page.keyboard.type('While I wri');
  await operator.ring(id, 'The kitchen');
  report.ok(await isPhone('ringing', 5_000), 'her ring arrives');
  report.ok((await text('#call-who')) === 'The kitchen', 'the page says who calls', await text('#call-who'));
  report.ok((await page.title()).includes('The kitchen is calling'), 'also in its title', await page.title());
  report.ok(await janet.holds(() => window.__tones > 0, 3_000), 'it is heard', `${await page.evaluate(() => window.__tones)} tones`);
  report.ok((await page.locator('#call-accept').isVisible()) && (await page.locator('#call-decline').isVisible()), 'it can be answered and declined');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Space');
  report.ok((await janet.stats()).phone === 'ringing', 'whoever was typing has not answered by that');
  await isAccessible(janet, report, 'phone-ringing');
  await page.click('#call-decline');
  report.ok(await isPhone('ended', 2_000), 'declined, it is over');
  report.ok((await text('#call-title')) === 'Declined', 'as what it is', await text('#call-title'));
  report.ok(await janet.holds(() => window.__ringing() === 0, 2_000), 'and nothing rings any more');
  report.ok(await isPhone('idle', 10_000), 'and gone after a moment');
  report.ok((await page.inputValue('#text')) === 'While I wri' && (await focused()) === 'text', 'what was being written is still there');
  await page.fill('#text', '');

  await operator.ring(id);
  report.ok(await isPhone('ringing', 5_000), 'she rings again');
  await page.click('#call-accept');
  report.ok(await isPhone('connected', 15_000), 'and is answered', (await janet.stats()).phone);
  await isAnswered('her call');
  await page.click('#call-hang-up');
  await isPhone('idle', 10_000);
  report.ok((await text('#past-calls')).includes('Janet called'), 'that stands among the calls, too', (await text('#past-calls')).replaceAll('\n', ' '));
}

async function silentRing(operator, id) {
  report.note('a browser that gives no sound before a touch');
  await page.evaluate(() => (window.__mute = true));
  await operator.ring(id);
  await isPhone('ringing', 5_000);
  report.ok(await janet.holds(() => document.querySelector('#call-title').textContent.includes('no sound'), 5_000), 'the ring is seen, and said to be silent', await text('#call-title'));
  await page.evaluate(() => (window.__mute = false));
  await page.locator('#call-who').click();
  report.ok(await janet.holds(() => !document.querySelector('#call-title').textContent.includes('no sound'), 5_000), 'after a touch it is heard');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  report.ok(await isPhone('ended', 2_000), 'the keyboard declines');
  await isPhone('idle', 10_000);
}

async function withoutMicrophone() {
  report.note('no microphone');
  await page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError'));
  });
  await page.click('#call-open');
  report.ok(await isPhone('ended', 5_000), 'without a microphone there is no call');
  report.ok((await text('#call-todo')).includes('allow the microphone'), 'the page says what to do', await text('#call-todo'));
  await isAccessible(janet, report, 'phone-refused');
  await page.keyboard.press('Escape');
  report.ok(await isPhone('idle', 2_000), 'Escape closes it');
}

/** Counts the tones of a ring, and lets the test be a browser that keeps pages silent. */
function countTones() {
  window.__tones = 0;
  window.__mute = false;
  const open = new Set();
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (...when) {
    window.__tones += 1;
    open.add(this);
    this.addEventListener('ended', () => open.delete(this));
    return start.apply(this, when);
  };
  window.__ringing = () => [...open].filter((tone) => tone.context.state === 'running').length;
  const resume = AudioContext.prototype.resume;
  AudioContext.prototype.resume = function () {
    return window.__mute ? new Promise(() => undefined) : resume.call(this);
  };
  window.AudioContext = class extends AudioContext {
    constructor(...options) {
      super(...options);
      if (window.__mute) this.suspend();
    }
  };
}

try {
  const operator = await Operator.connect(janet.context, args.url);
  await page.bringToFront();
  await page.addInitScript(countTones);
  await page.reload();
  await janet.until((s) => s.status === 'ready', 120_000);
  const id = await page.evaluate(() => sessionStorage.getItem('janet.client_id'));
  await outgoing();
  await held();
  await muted();
  await silence();
  await cutOff();
  await hungUp();
  await rung(operator, id);
  await silentRing(operator, id);
  await withoutMicrophone();
  const errors = await operator.errors();
  report.ok(errors.length === 0, 'the operator was refused nothing', errors.join(', '));
  await checkHealth(janet, report);
} finally {
  await janet.close();
}
process.exit(report.end());
