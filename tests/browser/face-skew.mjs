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
import { join } from 'node:path';
import { papa } from '../../gateway/web/dev/mock-face.mjs';
import { RATE } from '../../gateway/web/dev/mock-voice.mjs';
import { courseOf, pace, pictureSkews, places, shift } from './lib/course.mjs';
import { latePage, playLate } from './lib/late-page.mjs';
import { heard, listen } from './lib/listen.mjs';
import { openPage } from './lib/page.mjs';
import { installMicrophone } from './lib/microphone.mjs';
import { janetSays, mock } from './lib/scripted.mjs';
import { closures, hollows, meanSquares, quantile, skews } from './lib/skew.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { ANSWER_MS, checkHealth, startCall } from './lib/turn.mjs';

/**
 * So far is her mouth from her voice at the most (ms): nineteen pictures of twenty, or half of them where the machine has
 * more to do. From fewer pictures of a moving mouth nothing follows, and this share of them has to be of what she says,
 * which is the text so many times.
 */
const LIMITS = {
  exact: { share: 0.95, context: 20, call: 40, pictures: 15, hers: 0.9, framesPerS: 60, animate: 4, times: 2 },
  loose: { share: 0.5, context: 60, call: 100, pictures: 5, hers: 0.6, framesPerS: 50, animate: Infinity, times: 1 },
};
const KNOWN_S = 20;
/** Lips that shut between sounds that leave them open. */
const TEXT = 'Mama may be by a papaya. A puppy may be a happy baby. My papa may bow by a map. A pumpkin may be a big apple to a bumblebee. Maybe my mama may buy a beaming maple.';
/** By so much the page of its own is late, in ms, and so exactly it has to be found. */
const OWN = { late: [0, 45], within: 3, seconds: 12 };

const args = readArguments('face-skew.mjs --out DIR [--of itself,known,worklet,webrtc] [--janet BINARY] [--limits exact|loose]', ['out']);
const limits = LIMITS[args.limits ?? 'exact'];
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
  report.ok(matched.length >= limits.pictures && matched.length >= limits.hers * found.length, `${name}: and what is drawn is her mouth`, `${matched.length} of ${found.length} pictures of ${frames.length}`);
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
  return { ...measured, skews: matched };
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
    report.ok(steps.frames_per_s >= limits.framesPerS, `${name}: a frame of her mouth comes for every 800 samples`, `${round(steps.frames_per_s)} in a second, other steps: ${steps.uneven.join(' ')}`);
    const own = { voice: told.voice, course: courseOf(came) };
    if (calls) {
      const { by, share } = shift(sent.course, own.course);
      report.ok(share > 0.8, `${name}: she says the same as over the WebSocket`, `${Math.round(100 * share)} of 100 frames`);
      own.voice = { ...sent.voice, start: sent.voice.start + by };
    }
    if (!report.ok(own.voice !== null, `${name}: her voice is known`)) return { sent: own };
    const measured = judge(name, way, told, own);
    if (measured === null) return { sent: own };
    results[name] = { ...measured, skews: undefined, frames_per_s: round(steps.frames_per_s), frames: came.length, uneven: steps.uneven.length, animate_ms_p95: round(animateMs) };
    const most = quantile(measured.skews.map(Math.abs), limits.share);
    report.ok(most <= limits[way], `${name}: ${limits.share * 100} of 100 pictures are within ${limits[way]} ms of the sound`, `${round(most)}`);
    report.ok(animateMs <= limits.animate, `${name}: pose and scene take at most ${limits.animate} ms`, `${round(animateMs)}`);
    return { sent: own };
  } finally {
    await janet.close();
  }
}

/** The measure itself: a page that is late on purpose. */
async function ofItself() {
  const { seconds, late, within } = OWN;
  const known = papa(seconds);
  const voice = { start: 0, power: meanSquares(known.samples, RATE, 2) };
  const course = courseOf(known.frames.map(({ at_sample: at, weights }) => ({ at, weights })));
  await during(await latePage(), async (url) => {
    for (const ms of late) {
      const own = await openPage({ url, out: args.out, before: listen });
      try {
        await playLate(own.page, known, ms);
        const measured = judge(`late_by_${ms}`, 'context', await heard(own.page), { voice, course });
        if (measured === null) continue;
        results[`late_by_${ms}`] = { ...measured, skews: undefined };
        report.ok(Math.abs(measured.skew_ms_p50 - ms) <= within, `a mouth that is ${ms} ms late is found to be`, `${measured.skew_ms_p50}`);
        report.ok(Math.abs(measured.skew_ms_p95 - ms) <= 2 * within, 'in nineteen pictures of twenty', `${measured.skew_ms_p95}`);
        report.ok(Math.abs(measured.lips_ms_p50) <= within, 'and its lips shut where the voice pauses for them', `${measured.lips_ms_p50}`);
      } finally {
        await own.close();
      }
    }
  });
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
  const says = () => janetSays(args.janet, args.out, new Array(limits.times).fill(TEXT).join(' '));
  const { sent } = await during(await says(), (url) => ofPage('worklet', { url, calls: false }));
  if (of.includes('webrtc')) await during(await says(), (url) => ofPage('webrtc', { url, calls: true, sent }));
}
writeFileSync(join(args.out, 'face-skew.json'), JSON.stringify(results));
process.exit(report.end());
