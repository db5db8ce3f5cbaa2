/**
 * When calls go wrong: none can be made, none comes about, the connection is lost in the middle of one.
 * The microphone stays on, and Janet answers.
 *
 *   node call-lost.mjs --url URL --wav QUESTION.wav --out DIR
 */
import { installMicrophone, say } from './lib/microphone.mjs';
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { ANSWER_MS, checkHealth, heardOverCall, startCall, startTalking } from './lib/turn.mjs';
import { Wire } from './lib/wire.mjs';

const args = readArguments('call-lost.mjs --url URL --wav FILE --out DIR', ['url', 'wav', 'out']);
const report = new Report();

/** Asks, and hears the answer over the WebSocket. */
async function isAnsweredOverSocket(janet) {
  const { answers, play } = await janet.stats();
  await say(janet, args.wav);
  report.ok(await janet.until((s) => s.play.played > play.played + 12_000 && s.play.peak > 0.02, ANSWER_MS), 'and a question is answered aloud');
  report.ok(await janet.until((s) => s.answers.length > answers.length, 60_000), 'and in writing');
}

/** Lets the test break calls as a network does: the browser says that one has failed. */
function breakable() {
  const calls = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...all) {
      super(...all);
      calls.push(this);
    }
  };
  window.__calls = () => calls.length;
  window.__break = () => {
    const call = calls.at(-1);
    Object.defineProperty(call, 'connectionState', { get: () => 'failed' });
    call.dispatchEvent(new Event('connectionstatechange'));
  };
}

async function withoutCalls() {
  report.note('a browser that knows no calls');
  const before = async (page) => {
    await installMicrophone(page);
    await page.addInitScript(() => delete window.RTCPeerConnection);
  };
  const janet = await openPage({ url: args.url, out: args.out, before, calls: true });
  try {
    await startTalking(janet, report);
    await isAnsweredOverSocket(janet);
    report.ok((await janet.page.locator('#call-facts').innerText()).includes('WebSocket'), 'the page says which way voice takes');
    await checkHealth(janet, report);
  } finally {
    await janet.close();
  }
}

async function withoutWay() {
  report.note('a network that lets no call through');
  const wire = new Wire();
  const before = async (page) => {
    await installMicrophone(page);
    await wire.install(page);
  };
  const janet = await openPage({ url: args.url, out: args.out, before, calls: true });
  try {
    // Somewhere where nobody is: the port for what is thrown away.
    wire.rewrite((message) => (message.type === 'vr_answer' ? { ...message, sdp: message.sdp.replace(/^(a=candidate:.* udp .*) \d+ typ/gim, '$1 9 typ') } : message));
    await janet.until((s) => s.status === 'ready', 120_000);
    const pressed = Date.now();
    await janet.page.click('#mic');
    report.ok(await janet.until((s) => s.way === 'socket_instead' && s.micState === 'on', 30_000), 'the microphone is on all the same, over the WebSocket', `after ${Date.now() - pressed} ms`);
    report.ok(wire.said.some((m) => m.type === 'vr_connect'), 'a call was tried');
    report.ok(wire.said.some((m) => m.type === 'vr_ice' && m.candidate.startsWith('candidate:')), 'and told where this browser can be reached');
    const detail = await janet.page.locator('#activity-detail').innerText();
    report.ok(detail.includes('WebSocket'), 'the page says so in passing', detail);
    report.ok((await janet.page.locator('.entry.error').count()) === 0, 'and makes no fuss of it');
    await janet.shot('call-instead');
    await isAnsweredOverSocket(janet);
    await checkHealth(janet, report);
  } finally {
    await janet.close();
  }
}

async function withLosses() {
  report.note('a connection that is lost');
  const wire = new Wire();
  const before = async (page) => {
    await installMicrophone(page);
    await wire.install(page);
    await page.addInitScript(breakable);
  };
  const janet = await openPage({ url: args.url, out: args.out, before, calls: true });
  const isOn = async () => (await janet.stats()).micState === 'on';
  try {
    await startCall(janet, report);
    wire.up = false;
    await wire.cut();
    report.ok(await janet.until((s) => s.link === 'waiting' && s.way === 'none', 10_000), 'with the connection the call is gone');
    report.ok((await janet.stats()).micState === 'on', 'but the microphone stays on');
    wire.up = true;
    report.ok(await janet.until((s) => s.way === 'call', 40_000), 'there is another call once the connection is back, with nothing pressed');
    await say(janet, args.wav);
    report.ok(await janet.until((s) => s.transcripts.length === 1, ANSWER_MS), 'a question over it is understood');
    report.ok(await heardOverCall(janet, { energy: 0, sample: 0 }, ANSWER_MS), 'and answered aloud');
    report.ok(await janet.until((s) => s.answers.length === 1, 60_000), 'and in writing');
    const stats = await janet.stats();
    report.ok(stats.micFrames === 0 && stats.play.played === 0, 'nothing of it went over the WebSocket');

    // A call that breaks sooner counts as none.
    await janet.page.waitForTimeout(10_000);
    await janet.page.evaluate(() => window.__break());
    report.ok(await janet.holds(() => window.__calls() === 3, 12_000), 'a call that breaks while the connection stands, and for which no other way is found, is made anew');
    report.ok((await janet.until((s) => s.way === 'call', 20_000)) && (await isOn()), 'with the microphone on');

    await janet.page.waitForTimeout(10_500);
    wire.dead = true;
    const { made } = wire;
    await janet.page.evaluate(() => window.__break());
    report.ok(await janet.until(() => wire.made > made, 40_000), 'where no answer comes at all, the page gives the connection up for another');
    report.ok(await isOn(), 'with the microphone on');
    wire.dead = false;
    report.ok(await janet.until((s) => s.way === 'call', 40_000), 'and once something comes again there is a call');
    report.ok(await isOn(), 'with the microphone on, still');
    report.ok((await janet.page.locator('.entry.error').count()) === 0, 'and no fuss was made');
    await checkHealth(janet, report);
  } finally {
    await janet.close();
  }
}

await withoutCalls();
await withoutWay();
await withLosses();
process.exit(report.end());
