/**
 * How far her mouth is from her voice: what the page plays, recorded, against the weights that it has drawn.
 *
 *   node face-skew.mjs --out DIR                                  of a page of its own, late on purpose: the measure itself
 *   node face-skew.mjs --out DIR --of known                       of Janet's page at the mock, which says "pa pa pa"
 *   node face-skew.mjs --out DIR --of worklet,webrtc --janet JANET       at that binary, each way that her voice comes
 *
 * A picture of a moving mouth shows one place of the mouth's course as it was sent; the recording, laid beside her voice as
 * it was sent, says when that place sounds. Over WebRTC nobody sends her voice as it is: there Janet has the same seed as
 * over the WebSocket before, and says the same. What is recorded, and where: lib/listen.mjs. A picture counts from when it
 * is drawn; until it is on a screen takes that screen's time, which no page is told.
 *
 * `lips_ms`: how much later than the sound of an m, b or p the lips shut in what Janet *sent*; no page has a share in that.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { papa } from '../../gateway/web/dev/mock-face.mjs';
import { RATE } from '../../gateway/web/dev/mock-voice.mjs';
import { courseOf, pace, pictureSkews, places } from './lib/course.mjs';
import { heard, listen } from './lib/listen.mjs';
import { openPage } from './lib/page.mjs';
import { installMicrophone } from './lib/microphone.mjs';
import { janetSays, mock } from './lib/scripted.mjs';
import { closures, hollows, meanSquares, quantile, skews } from './lib/skew.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { ANSWER_MS, checkHealth, startCall } from './lib/turn.mjs';

/** Nineteen pictures of twenty, and one half: the second holds on a busy machine, too. */
const TARGETS = { exact: { context: 20, call: 40, animate: 4 }, loose: { context: 60, call: 100 } };
const KNOWN_S = 20;
/** Pictures of a moving mouth that are too few to judge by. */
const LEAST_PICTURES = 15;
/** Lips that shut between sounds that leave them open. */
const TEXT = 'Mama may be by a papaya. A puppy may be a happy baby. My papa may bow by a map. A pumpkin may be a big apple to a bumblebee. Maybe my mama may buy a beaming maple.';
/** By so much the page of its own is late, in ms, and so exactly it has to be found. */
const OWN = { late: [0, 45], within: 3, seconds: 12 };

const args = readArguments('face-skew.mjs --out DIR [--of itself,known,worklet,webrtc] [--janet BINARY] [--limits exact|loose]', ['out']);
const targets = TARGETS[args.limits ?? 'exact'];
const report = new Report();
mkdirSync(args.out, { recursive: true });

const most = (power) => power.reduce((max, x) => Math.max(max, x), 0);
const round = (x) => Math.round(x * 10) / 10;

/**
 * Prints what was measured of her voice as it came this way, and gives it. `voice` and `course` are her voice and the
 * mouth's course as they were sent.
 */
function judge(name, way, told, { voice, course }) {
  const { step, sounds, frames } = told;
  const loudest = sounds.filter((sound) => sound.way === way).toSorted((a, b) => most(b.power) - most(a.power))[0];
  if (!report.ok(loudest !== undefined && most(loudest.power) > 1e-4, `${name}: the page is heard`)) return null;
  const heardAt = places(voice, loudest, step);
  report.ok(heardAt.length > 20, `${name}: what is heard is her voice`, `${heardAt.length} places`);
  const found = pictureSkews(frames, course, heardAt);
  const matched = found.filter((x) => x !== null);
  report.ok(matched.length >= LEAST_PICTURES && matched.length >= 0.9 * found.length, `${name}: and what is drawn is her mouth`, `${matched.length} of ${found.length} pictures of ${frames.length}`);
  if (matched.length === 0) return null;
  // The voice as it was sent, without a page: how well her mouth's course fits her own sound.
  const lips = skews(closures(course), hollows(voice.power, voice.start, step)).filter((x) => x !== null);
  const gaps = frames.slice(1).map((frame, i) => frame.at - frames[i].at);
  const measured = {
    skew_ms_p95: round(quantile(matched.map(Math.abs), 0.95)),
    skew_ms_p50: round(quantile(matched, 0.5)),
    skew_ms_range: [round(Math.min(...matched)), round(Math.max(...matched))],
    pictures: matched.length,
    picture_ms_p50: round(quantile(gaps, 0.5)),
    picture_ms_p95: round(quantile(gaps, 0.95)),
    output_ms: round(loudest.latency),
    clock_wander_ms: round(loudest.wander),
    lips: lips.length,
    lips_ms_p50: round(quantile(lips, 0.5)),
    lips_ms_p95: round(quantile(lips.map(Math.abs), 0.95)),
  };
  report.note(`${name} ${JSON.stringify(measured)}`);
  writeFileSync(join(args.out, `${name}.json`), JSON.stringify({ measured, heardAt, skews: found, told, voice, course }));
  return measured;
}

/** Has her say something in the page, and gives what was measured of it, and her voice as it was sent. */
async function ofPage(name, { url, calls, sent }) {
  const way = calls ? 'call' : 'context';
  const before = async (page) => {
    await listen(page);
    await installMicrophone(page);
  };
  const janet = await openPage({ url, out: args.out, options: { bypassCSP: true }, before, calls, face: true });
  const { page } = janet;
  try {
    report.ok(await janet.until((s) => s.status === 'ready' && s.face?.state === 'shown' && s.face.frames > 10, 120_000), `${name}: her face is drawn`);
    if (calls) await startCall(janet, report);
    await page.locator('label:has(#speak)').click();
    await page.fill('#text', 'Say it.');
    await page.keyboard.press('Enter');
    report.ok(await janet.until((s) => s.voice.some((v) => v.state === 'finished'), ANSWER_MS + 60_000), `${name}: she speaks to the end`);
    await janet.shot(name);
    const told = await heard(page);
    const { animateMs } = (await janet.stats()).face;
    await checkHealth(janet, report);
    const came = told.came.filter((frame) => frame.way === way);
    const steps = pace(came);
    report.ok(steps.uneven.length === 0, `${name}: a frame of her mouth comes for every 800 samples`, steps.uneven.join(' '));
    const own = { voice: told.voice, course: courseOf(came) };
    const measured = judge(name, way, told, calls ? { course: own.course, voice: moved(sent, own.course) } : own);
    if (measured === null) return { sent: own };
    results[name] = { ...measured, frames_per_s: steps.frames_per_s, animate_ms_p95: animateMs };
    if (args.limits === 'loose') report.ok(Math.abs(measured.skew_ms_p50) <= targets[way], `${name}: half of the pictures are within ${targets[way]} ms of the sound`, `${measured.skew_ms_p50}`);
    else {
      report.ok(measured.skew_ms_p95 <= targets[way], `${name}: nineteen pictures of twenty are within ${targets[way]} ms of the sound`, `${measured.skew_ms_p95}`);
      report.ok(animateMs <= targets.animate, `${name}: pose and scene take at most ${targets.animate} ms`, `${animateMs}`);
    }
    return { sent: own };
  } finally {
    await janet.close();
  }
}

/** The voice that was sent before, by the samples of this course: both begin with the same shapes. */
function moved({ voice, course }, now) {
  const shapes = (all) => JSON.stringify(all.slice(0, 60).map(({ weights }) => weights));
  report.ok(shapes(course) === shapes(now), 'she says the same as over the WebSocket');
  return { ...voice, start: voice.start + now[0].at - course[0].at };
}

/** A page that plays the known sound and draws its weights `late` ms after they sound, and counts as Janet's does. */
function ownPage({ samples, frames }, rate, late) {
  const names = ['A', 'M'];
  const of = (frame, viseme) => (frame.weights.find(([v]) => v === viseme)?.[1] ?? 0) / 255;
  const weights = frames.map((frame) => [of(frame, 1), of(frame, 6)]);
  window.__janet = { face: { frames: 0, names, morphs: [0, 0] } };
  const context = new AudioContext({ sampleRate: rate });
  const buffer = context.createBuffer(1, samples.length, rate);
  buffer.copyToChannel(Float32Array.from(samples, (x) => x / 32768), 0);
  const source = new AudioBufferSourceNode(context, { buffer });
  source.connect(context.destination);
  const begins = context.currentTime + 0.5;
  source.start(begins);
  let [pictures, drawn] = [0, [0, 0]];
  const draw = () => {
    const { contextTime, performanceTime } = context.getOutputTimestamp();
    const k = ((contextTime - begins + (performance.now() - late - performanceTime) / 1000) * 48_000) / 800;
    const [before, after] = [weights[Math.floor(k)], weights[Math.floor(k) + 1]];
    const share = k - Math.floor(k);
    window.__janet.face = { frames: pictures, names, morphs: drawn };
    if (before !== undefined && after !== undefined) drawn = before.map((x, v) => x * (1 - share) + after[v] * share);
    pictures += 1;
    requestAnimationFrame(draw);
  };
  requestAnimationFrame(draw);
  return new Promise((done) => source.addEventListener('ended', done));
}

async function ofItself() {
  const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><link rel="icon" href="data:,">'));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const known = papa(OWN.seconds);
  const voice = { start: 0, power: meanSquares(known.samples, RATE, 2) };
  const course = courseOf(known.frames.map(({ at_sample: at, weights }) => ({ at, weights })));
  try {
    for (const late of OWN.late) {
      const own = await openPage({ url: `http://127.0.0.1:${server.address().port}/`, out: args.out, before: listen });
      try {
        await own.page.evaluate(`(${ownPage})(${JSON.stringify({ samples: [...known.samples], frames: known.frames })}, ${RATE}, ${late})`);
        const measured = judge(`late_by_${late}`, 'context', await heard(own.page), { voice, course });
        if (measured === null) continue;
        report.ok(Math.abs(measured.skew_ms_p50 - late) <= OWN.within, `a mouth that is ${late} ms late is found to be`, `${measured.skew_ms_p50}`);
        report.ok(Math.abs(measured.skew_ms_p95 - late) <= 2 * OWN.within, 'in nineteen pictures of twenty', `${measured.skew_ms_p95}`);
        report.ok(Math.abs(measured.lips_ms_p50) <= OWN.within, 'and its lips shut where the voice pauses for them', `${measured.lips_ms_p50}`);
      } finally {
        await own.close();
      }
    }
  } finally {
    server.close();
  }
}

async function during(server, work) {
  try {
    return await work(server.url);
  } finally {
    await server.close();
  }
}

const of = (args.of ?? 'itself').split(',');
const results = {};
if (of.includes('itself')) await ofItself();
if (of.includes('known')) await during(await mock(KNOWN_S), (url) => ofPage('known', { url, calls: false }));
if (of.includes('worklet') || of.includes('webrtc')) {
  // The first thing that she says is the same each time she was started.
  const says = () => janetSays(args.janet, args.out, TEXT);
  const { sent } = await during(await says(), (url) => ofPage('worklet', { url, calls: false }));
  if (of.includes('webrtc')) await during(await says(), (url) => ofPage('webrtc', { url, calls: true, sent }));
}
writeFileSync(join(args.out, 'face-skew.json'), JSON.stringify(results));
process.exit(report.end());
