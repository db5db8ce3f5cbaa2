/**
 * How far her mouth is from her voice: what the page plays, recorded, against the weights that it has drawn.
 *
 *   node face-skew.mjs --out DIR [--url http://127.0.0.1:8765 --wav QUESTION.wav]
 *
 * With an address: of Janet's page, or of the mock's (`mock.mjs --papa 20`), of which it is known what the mouth does.
 * Without: of a page of its own that is late on purpose, by which the measure itself is measured.
 *
 * A picture counts from when it is drawn; until it is on a screen takes that screen's time, which no page is told.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { papa } from '../../gateway/web/dev/mock-face.mjs';
import { RATE } from '../../gateway/web/dev/mock-voice.mjs';
import { heard, listen } from './lib/listen.mjs';
import { openPage } from './lib/page.mjs';
import { bestSkew, closures, dips, quantile, skews } from './lib/skew.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { ANSWER_MS, checkHealth, startTalking } from './lib/turn.mjs';
import { writeScript } from './lib/wav.mjs';

const TARGET_MS = 20;
/** By so much the page of its own is late, in ms, and so exactly it has to be found. */
const OWN = { late: [0, 45], within: 10, seconds: 8 };

const args = readArguments('face-skew.mjs --out DIR [--url URL --wav FILE]', ['out']);
const report = new Report();
mkdirSync(args.out, { recursive: true });

/** Prints what was measured, and gives it. */
function judge(name, { step, contexts, frames }) {
  const loudest = contexts.toSorted((a, b) => Math.max(0, ...b.power) - Math.max(0, ...a.power))[0];
  if (!report.ok(loudest !== undefined && Math.max(0, ...loudest.power) > 1e-4, `${name}: the page is heard`)) return null;
  if (!report.ok(frames.length > 100, `${name}: and its face is seen`, `${frames.length} frames`)) return null;
  const silences = dips(loudest.power, loudest.start, step);
  const found = skews(silences, closures(frames));
  const matched = found.filter((x) => x !== null);
  report.ok(matched.length >= 10 && matched.length >= 0.9 * found.length, `${name}: lips shut where the voice pauses for them`, `${matched.length} of ${found.length}`);
  if (matched.length === 0) return null;
  const round = (x) => Math.round(x * 10) / 10;
  const best = bestSkew(loudest.power, loudest.start, step, frames);
  const gaps = frames.slice(1).map((frame, i) => frame.at - frames[i].at);
  const measured = {
    closures: matched.length,
    skew_ms_p50: round(quantile(matched, 0.5)),
    skew_ms_p95: round(quantile(matched.map(Math.abs), 0.95)),
    best_correlation: { skew_ms: round(best.skew), correlation: round(best.correlation * 100) / 100 },
    frame_ms_p50: round(quantile(gaps, 0.5)),
    frame_ms_p95: round(quantile(gaps, 0.95)),
    output_latency_ms: round(loudest.latency),
    clock_wander_ms: round(loudest.wander),
  };
  report.note(`${name} ${JSON.stringify(measured)}`);
  writeFileSync(join(args.out, `${name}.json`), JSON.stringify({ measured, silences, skews: found, frames }));
  return measured;
}

async function ofJanet() {
  const microphone = join(args.out, 'face-skew-microphone.wav');
  writeScript(microphone, [{ silence: 1.5 }, { clip: args.wav }, { silence: 60 }]);
  const janet = await openPage({ url: args.url, wav: microphone, out: args.out, options: { bypassCSP: true }, before: listen, face: true });
  try {
    report.ok(await janet.until((s) => s.face?.state === 'shown', 120_000), 'her face is drawn');
    await startTalking(janet, report);
    report.ok(await janet.until((s) => s.voice.some((v) => v.state === 'finished'), ANSWER_MS + 60_000), 'she speaks to the end');
    await janet.shot('face-skew');
    const measured = judge('face_skew_worklet', await heard(janet.page));
    if (measured !== null) report.ok(measured.skew_ms_p95 <= TARGET_MS, `nineteen closures of twenty are within ${TARGET_MS} ms of the sound`, `${measured.skew_ms_p95}`);
    await checkHealth(janet, report);
  } finally {
    await janet.close();
  }
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
  try {
    for (const late of OWN.late) {
      const own = await openPage({ url: `http://127.0.0.1:${server.address().port}/`, out: args.out, before: listen });
      try {
        await own.page.evaluate(`(${ownPage})(${JSON.stringify({ samples: [...known.samples], frames: known.frames })}, ${RATE}, ${late})`);
        const measured = judge(`late_by_${late}`, await heard(own.page));
        if (measured === null) continue;
        report.ok(Math.abs(measured.skew_ms_p50 - late) <= OWN.within, `a mouth that is ${late} ms late is found to be`, `${measured.skew_ms_p50}`);
        report.ok(Math.abs(measured.best_correlation.skew_ms - late) <= OWN.within, 'by its loudness, too', `${measured.best_correlation.skew_ms}`);
      } finally {
        await own.close();
      }
    }
  } finally {
    server.close();
  }
}

if (args.url === undefined) await ofItself();
else await ofJanet();
process.exit(report.end());
