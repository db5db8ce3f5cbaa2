/**
 * Speaking over her holds her, then stops her, and what was said is answered.
 *
 *   node barge.mjs --url URL --wav QUESTION.wav --over INTERRUPTION.wav --out DIR
 */
import { installMicrophone, say } from './lib/microphone.mjs';
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { ANSWER_MS, checkHealth, startTalking, voiceLine } from './lib/turn.mjs';

const args = readArguments('barge.mjs --url URL --wav FILE --over FILE --out DIR', ['url', 'wav', 'over', 'out']);
const report = new Report();
const janet = await openPage({ url: args.url, out: args.out, before: installMicrophone });
try {
  await startTalking(janet, report);
  await say(janet, args.wav);
  report.ok(await janet.until((s) => s.voice.some((v) => v.state === 'started'), ANSWER_MS), 'she begins to speak');
  report.ok(await janet.until((s) => s.play.played > 12_000, 10_000), 'half a second of her is heard');
  const { began } = await say(janet, args.over);
  report.ok(await janet.until((s) => s.voice.some((v) => v.state === 'paused'), 5_000), 'she is held');
  await janet.shot('barge-held');
  report.ok(await janet.until((s) => s.voice.some((v) => v.state === 'stopped'), 5_000), 'she is stopped');
  await janet.shot('barge-stopped');
  const cut = await janet.stats();
  const at = (state) => cut.voice.find((v) => v.state === state)?.at ?? NaN;
  report.note(`voice: ${voiceLine(cut)}`);
  report.note(`from the clip's start: held ${Math.round(at('paused') - began)} ms, stopped ${Math.round(at('stopped') - began)} ms`);
  report.ok(cut.play.flushes > 0, 'the page dropped what was not heard', `${cut.play.flushes} flushes`);
  report.ok(await janet.until((s) => s.transcripts.length >= 2, ANSWER_MS), 'what was said over her is transcribed');
  report.ok(
    await janet.until((s) => s.voice.filter((v) => v.state === 'started').length >= 2, ANSWER_MS),
    'and she answers it',
  );
  report.ok((await janet.page.locator('.interrupted').count()) > 0, 'the cut answer is marked');
  await janet.shot('barge-answered');
  const stats = await janet.stats();
  report.note(`heard: ${stats.transcripts.join(' | ')}`);
  report.ok(stats.play.lateSamples === 0, 'no sample came late', `${stats.play.lateSamples}`);
  await checkHealth(janet, report);
} finally {
  await janet.close();
}
process.exit(report.end());
