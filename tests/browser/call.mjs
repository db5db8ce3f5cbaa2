/**
 * A spoken question gets a spoken answer over WebRTC, in the page; speaking over her stops her.
 *
 *   node call.mjs --url URL --wav QUESTION.wav --over INTERRUPTION.wav --out DIR [--text "WHAT IT SAYS"]
 */
import { isAccessible } from './lib/axe.mjs';
import { installMicrophone, say } from './lib/microphone.mjs';
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { ANSWER_MS, checkHealth, heardOverCall, heardSoFar, startCall, voiceLine, wordErrors } from './lib/turn.mjs';

const args = readArguments('call.mjs --url URL --wav FILE --over FILE --out DIR [--text WORDS]', ['url', 'wav', 'over', 'out']);
const report = new Report();
const janet = await openPage({ url: args.url, out: args.out, before: prepare, calls: true });

/** A microphone that plays what it is told, and the browser's calls within reach. */
async function prepare(page) {
  await installMicrophone(page);
  await page.addInitScript(() => {
    const calls = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(...all) {
        super(...all);
        calls.push(this);
      }
    };
    window.__agreed = () => [calls.at(-1)?.localDescription?.sdp ?? '', calls.at(-1)?.remoteDescription?.sdp ?? ''];
  });
}

/** Samples of hers per ms that the page told, over one stretch of her voice; 48 is her own pace. */
function pace(heard) {
  const [first, last] = [heard[0], heard.at(-1)];
  return (last.sample - first.sample) / (last.at - first.at);
}

try {
  await startCall(janet, report);
  const agreed = await janet.page.evaluate(() => window.__agreed());
  report.ok(agreed.every((sdp) => /^a=rtcp-fb:\d+ nack\s*$/m.test(sdp)), 'both ends ask for lost packets again', agreed.map((sdp) => sdp.match(/^a=rtcp-fb.*$/gm)?.join(' ')).join(' | '));
  await janet.page.click('#loop-measure');
  report.ok(await janet.holds(() => document.querySelector('#loop-result table') !== null, 8_000), 'the audio loop can be measured');
  const loop = await janet.page.locator('#loop-result tr').evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
  report.note(`audio loop: ${loop.map((row) => row.join(' ')).join('; ')}; ${await janet.page.locator('#loop-note').innerText()}`);
  const measured = loop.filter(([, source]) => source === 'measured').map(([name]) => name);
  report.ok(['There and back', 'Jitter buffer', 'Loudspeaker'].every((name) => measured.includes(name)), 'part by part', measured.join(', '));
  report.ok(loop.every(([, source, ms]) => (source === 'measured' || source === 'reckoned') && /\d ms$/.test(ms)), 'each of which says where it is from');
  await isAccessible(janet, report, 'loop');
  const silent = heardSoFar(await janet.stats());
  report.ok(silent.sample === 0, 'before she speaks nothing is told to be heard', `${silent.sample}`);
  await say(janet, args.wav);
  report.ok(await janet.until((s) => s.transcripts.length > 0, ANSWER_MS), 'the question is transcribed');
  report.ok(await janet.until((s) => s.voice.some((v) => v.state === 'started'), ANSWER_MS), 'she begins to speak');
  report.ok(await heardOverCall(janet, silent, 10_000), 'she is heard over the call');
  await janet.shot('call-speaking');
  report.ok(await janet.until((s) => s.answers.length > 0, 60_000), 'the answer stands as text');

  const stats = await janet.stats();
  report.note(`heard: ${stats.transcripts[0]}`);
  report.note(`answer: ${stats.answers[0]?.text}`);
  report.note(`call: ${JSON.stringify(stats.call)}`);
  report.note(`latency: ${JSON.stringify(stats.answers[0]?.latency)}`);
  if (args.text !== undefined) {
    const errors = wordErrors(args.text, stats.transcripts[0] ?? '');
    report.ok(errors <= 2, 'at most two words are misheard', `${errors}: ${stats.transcripts[0]}`);
  }
  report.ok((stats.answers[0]?.text ?? '').trim() !== '', 'the answer is not empty');
  report.ok(stats.answers[0]?.latency.first_heard !== undefined, 'the ledger knows when she was first heard');
  report.ok(stats.play.played === 0, 'nothing of her came over the WebSocket', `${stats.play.played}`);
  report.ok(stats.call.roundTripMs !== null && stats.call.lost < 0.05, 'the page knows what the call is like');
  report.ok(stats.call.packetsUp > 0.8 * stats.call.packetsDown, 'the microphone goes on while she speaks', `${stats.call.packetsUp} packets up, ${stats.call.packetsDown} down`);
  const heard = stats.callHeard;
  const steps = heard.slice(1).map(({ sample }, i) => sample - heard[i].sample);
  report.ok(heard.length >= 5 && steps.every((step) => step >= 0), 'what was heard is told, and never goes back', steps.join(' '));
  report.ok(Math.abs(pace(heard) - 48) < 5, 'at the pace at which she speaks', pace(heard).toFixed(1));
  const side = await janet.page.locator('#call-facts').innerText();
  report.ok(side.includes('WebRTC') && /\d ms/.test(side), 'and the page says so at its side', side.replaceAll('\n', ' '));

  const turns = stats.voice.length;
  const before = heardSoFar(stats);
  await say(janet, args.wav);
  report.ok(await janet.until((s) => s.voice.slice(turns).some((v) => v.state === 'started'), ANSWER_MS), 'asked again, she speaks again');
  report.ok(await heardOverCall(janet, before, 10_000), 'and is heard');
  const { began } = await say(janet, args.over);
  report.ok(await janet.until((s) => s.voice.slice(turns).some((v) => v.state === 'stopped'), 10_000), 'speaking over her stops her');
  const cut = await janet.stats();
  report.note(`voice: ${voiceLine(cut, turns)}; stopped ${Math.round(cut.voice.findLast((v) => v.state === 'stopped').at - began)} ms from the clip's start`);
  report.ok(await janet.until((s) => s.transcripts.length >= 3, ANSWER_MS), 'what was said over her is transcribed');
  report.ok(await janet.until((s) => s.voice.filter((v) => v.state === 'started').length >= 3, ANSWER_MS), 'and she answers it');
  report.ok((await janet.page.locator('.interrupted').count()) > 0, 'the cut answer is marked');
  await janet.shot('call-answered');

  await janet.page.click('#mic');
  report.ok(await janet.until((s) => s.micState === 'off', 2_000), 'the microphone can be turned off');
  const off = await janet.stats();
  report.ok(await janet.until((s) => s.call.packetsUp > off.call.packetsUp + 60, 5_000), 'silence goes up in its place');
  await janet.page.keyboard.press('Escape');
  report.ok(await janet.until((s) => s.way === 'none', 20_000), 'and with nothing more to hear the call ends');

  const asked = (await janet.stats()).transcripts.length;
  await janet.page.click('#sample');
  report.ok(await janet.until((s) => s.transcripts.length > asked, ANSWER_MS), 'the sample question is heard');
  const sample = await janet.stats();
  report.ok(sample.way === 'call' && sample.micFrames === 0, 'over a call as well', sample.way);
  report.ok(wordErrors(args.text ?? sample.transcripts.at(-1), sample.transcripts.at(-1)) <= 2, 'and understood', sample.transcripts.at(-1));
  await janet.page.setViewportSize({ width: 390, height: 844 });
  await janet.shot('call-phone');
  await janet.page.click('#about-open');
  await janet.page.locator('#call-facts').scrollIntoViewIfNeeded();
  await janet.shot('call-phone-about');
  await checkHealth(janet, report);
} finally {
  await janet.close();
}
process.exit(report.end());
