/**
 * The network changes in the middle of a call: the call goes on over the new one, with the sentence that was
 * being said. Where there is no other network the conversation goes over the WebSocket.
 *
 *   node call-network.mjs --url URL --wav QUESTION.wav --out DIR
 */
import { installMicrophone, say } from './lib/microphone.mjs';
import { Network } from './lib/network.mjs';
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { ANSWER_MS, checkHealth, heardOverCall, heardSoFar, startCall, voiceLine } from './lib/turn.mjs';
import { Wire } from './lib/wire.mjs';

const args = readArguments('call-network.mjs --url URL --wav FILE --out DIR', ['url', 'wav', 'out']);
const report = new Report();
const wire = new Wire();
const network = new Network(wire);
/** Longer than that a call that breaks counts as one that was there. */
const STEADY_MS = 10_500;

const before = async (page) => {
  await installMicrophone(page);
  await wire.install(page);
  await page.addInitScript(() => {
    let call = null;
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(...all) {
        super(...all);
        call = this;
      }
    };
    // What this end asked for again of hers, and sent again of the microphone's.
    window.__again = async () => {
      const reports = [...(await call.getStats()).values()];
      const of = (type) => reports.find((report) => report.type === type && report.kind === 'audio');
      return { asked: of('inbound-rtp')?.nackCount ?? 0, sent: of('outbound-rtp')?.retransmittedPacketsSent ?? 0 };
    };
  });
};
/** Until lost packets were asked for again by both ends. */
const AGAIN_MS = 10_000;
const connects = () => wire.said.filter(({ type }) => type === 'vr_connect');
const gaveUp = () => wire.said.some(({ type }) => type === 'audio_stop');

/** Asks, and waits until she speaks. */
async function speaks() {
  const { voice } = await janet.stats();
  await say(janet, args.wav);
  report.ok(await janet.until((s) => s.voice.slice(voice.length).some((v) => v.state === 'started'), ANSWER_MS), 'she speaks');
}

/** That she is heard over the latest relay, by so many ms from now on. */
async function isHeardAgain(name, timeoutMs) {
  const began = Date.now();
  const { call } = await janet.stats();
  const again = await janet.until((s) => s.call.packetsDown > call.packetsDown + 25 && network.carried > 25, timeoutMs);
  report.ok(again, name, `after ${Date.now() - began} ms`);
}

await network.open();
const janet = await openPage({ url: args.url, out: args.out, before, calls: true });
try {
  await startCall(janet, report);
  report.ok(network.carried > 0, 'over the relay alone', `${network.carried} packets`);
  report.note('a network that loses one packet in ten');
  const whole = await janet.page.evaluate(() => window.__again());
  report.ok(whole.asked === 0 && whole.sent === 0, 'where nothing is lost nothing is asked for again', JSON.stringify(whole));
  network.loses = 10;
  await speaks();
  let again = whole;
  for (const until = Date.now() + AGAIN_MS; (again.asked === 0 || again.sent === 0) && Date.now() < until; ) {
    await janet.page.waitForTimeout(200);
    again = await janet.page.evaluate(() => window.__again());
  }
  network.loses = 0;
  report.ok(again.asked > 0, 'the page asks for what is lost of hers', JSON.stringify(again));
  report.ok(again.sent > 0, 'and sends again what Janet asks for', JSON.stringify(again));
  report.ok(await janet.until((s) => s.voice.at(-1)?.state === 'finished', 60_000), 'she is heard to the end');

  await speaks();
  const voice = (await janet.stats()).voice.length;

  report.note('another network, of which the browser knows');
  await network.change();
  await janet.page.evaluate(() => window.dispatchEvent(new Event('online')));
  await isHeardAgain('the call goes on over it', 2_500);
  report.ok((await janet.stats()).way === 'call' && !gaveUp(), 'it was never given up');
  const ids = connects().map(({ session_id }) => session_id);
  report.ok(ids.length === 2 && ids[0] === ids[1], 'it is the same session', ids.join(' '));
  const states = voiceLine(await janet.stats(), voice);
  report.ok(!states.includes('stopped'), 'and what she was saying goes on', states);
  report.ok(await janet.until((s) => s.voice.at(-1)?.state === 'finished', 60_000), 'to its end');
  await janet.page.waitForTimeout(STEADY_MS);

  report.note('another network, of which nobody says anything');
  await speaks();
  await network.change();
  await isHeardAgain('the page notices by itself that nothing comes', 10_000);
  report.ok(new Set(connects().map(({ session_id }) => session_id)).size === 1 && !gaveUp(), 'the session goes on again');
  const asked = (await janet.stats()).transcripts.length;
  const heard = heardSoFar(await janet.stats());
  await janet.page.keyboard.press('Escape');
  await say(janet, args.wav);
  report.ok(await janet.until((s) => s.transcripts.length > asked, ANSWER_MS), 'a question over it is understood', (await janet.stats()).transcripts.at(-1));
  report.ok(await heardOverCall(janet, heard, ANSWER_MS), 'and the answer is heard');
  await janet.page.keyboard.press('Escape');

  report.note('no network for calls any more');
  network.cut();
  report.ok(await janet.until((s) => s.way === 'socket_instead' && s.micState === 'on', 40_000), 'after a while voice goes over the WebSocket, with the microphone on', (await janet.stats()).way);
  report.ok(connects().length >= 4, 'another way was looked for before, and then another call', `${connects().length} offers`);
  const { play } = await janet.stats();
  await say(janet, args.wav);
  report.ok(await janet.until((s) => s.play.played > play.played + 12_000, ANSWER_MS), 'and the next question is answered over that');
  report.ok((await janet.page.locator('.entry.error').count()) === 0, 'with no fuss made');

  report.note('a call by telephone whose network changes, and is lost');
  await network.open();
  await janet.page.click('#call-open');
  report.ok(await janet.until((s) => s.phone === 'connected' && s.call?.packetsDown > 25, 15_000), 'Janet is called');
  await network.change();
  await isHeardAgain('the call goes on over another network', 10_000);
  const calls = wire.said.filter(({ type }) => type === 'voip_call');
  report.ok(calls.length >= 2 && new Set(calls.map(({ call_id }) => call_id)).size === 1, 'the same call', `${calls.length} times`);
  const questions = (await janet.stats()).transcripts.length;
  await say(janet, args.wav);
  report.ok(await janet.until((s) => s.transcripts.length > questions, ANSWER_MS), 'and a question over it is understood');
  network.cut();
  report.ok(await janet.until((s) => s.phone === 'ended', 60_000), 'without any network the call is over');
  const { phoneEnds } = await janet.stats();
  report.ok(phoneEnds.at(-1)?.why === 'network_lost', 'for that reason', phoneEnds.at(-1)?.why);
  report.ok((await janet.page.locator('#call-todo').innerText()).includes('Call again'), 'the page says what to do', await janet.page.locator('#call-todo').innerText());
  await janet.shot('phone-network-lost');
  await checkHealth(janet, report);
} finally {
  await janet.close();
  network.close();
}
process.exit(report.end());
