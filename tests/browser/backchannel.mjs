/**
 * A "mm-hm" while she speaks does not stop her: she may be held for a moment, goes on, and speaks to
 * the end.
 *
 *   node backchannel.mjs --url URL --wav QUESTION.wav --over MM-HM.wav --out DIR
 */
import { installMicrophone, say } from './lib/microphone.mjs';
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { ANSWER_MS, checkHealth, startTalking, voiceLine } from './lib/turn.mjs';

const args = readArguments('backchannel.mjs --url URL --wav FILE --over FILE --out DIR', ['url', 'wav', 'over', 'out']);
const report = new Report();
const janet = await openPage({ url: args.url, out: args.out, before: installMicrophone });
try {
  await startTalking(janet, report);
  await say(janet, args.wav);
  report.ok(await janet.until((s) => s.voice.some((v) => v.state === 'started'), ANSWER_MS), 'she begins to speak');
  report.ok(await janet.until((s) => s.play.played > 12_000, 10_000), 'half a second of her is heard');
  const before = await janet.stats();
  await say(janet, args.over);
  const held = await janet.until((s) => s.voice.some((v) => v.state === 'paused'), 1_500);
  if (held) {
    await janet.shot('backchannel-held');
    report.ok(await janet.until((s) => s.voice.some((v) => v.state === 'resumed'), 5_000), 'she was held, and goes on');
  } else report.ok(true, 'she was not even held');
  report.ok(await janet.until((s) => s.voice.some((v) => v.state === 'finished' || v.state === 'stopped'), 60_000), 'she comes to an end');
  const stats = await janet.stats();
  report.note(`voice: ${voiceLine(stats)}`);
  report.note(`play: ${JSON.stringify(stats.play)}`);
  report.ok(!stats.voice.some((v) => v.state === 'stopped'), 'nothing stopped her', voiceLine(stats));
  report.ok(stats.play.played > before.play.played, 'more of her was heard after it');
  report.ok(stats.play.lateSamples === 0, 'no sample came late', `${stats.play.lateSamples}`);
  report.ok(stats.transcripts.length === 1, 'the "mm-hm" became no question', stats.transcripts.join(' | '));
  report.ok((await janet.page.locator('.interrupted').count()) === 0, 'the answer is not marked as cut');
  await janet.shot('backchannel-finished');
  await checkHealth(janet, report);
} finally {
  await janet.close();
}
process.exit(report.end());
