/**
 * A spoken question gets a spoken answer, in the page.
 *
 *   node voice.mjs --url http://127.0.0.1:8765 --wav QUESTION.wav --out DIR [--text "WHAT IT SAYS"]
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { ANSWER_MS, checkHealth, startTalking, voiceLine, wordErrors } from './lib/turn.mjs';
import { writeScript } from './lib/wav.mjs';

const args = readArguments('voice.mjs --url URL --wav FILE --out DIR [--text WORDS]', ['url', 'wav', 'out']);
const report = new Report();
mkdirSync(args.out, { recursive: true });
const microphone = join(args.out, 'voice-microphone.wav');
writeScript(microphone, [{ silence: 1.5 }, { clip: args.wav }, { silence: 40 }]);

const janet = await openPage({ url: args.url, wav: microphone, out: args.out });
try {
  await startTalking(janet, report);
  await janet.until((s) => s.partial !== null, 8_000);
  await janet.shot('voice-hearing');
  report.ok(await janet.until((s) => s.transcripts.length > 0, ANSWER_MS), 'the question is transcribed');
  report.ok(await janet.until((s) => s.voice.some((v) => v.state === 'started'), ANSWER_MS), 'she begins to speak');
  report.ok(await janet.until((s) => s.play.peak > 0.02 && s.play.played > 6000, 10_000), 'her voice is heard in the page');
  await janet.shot('voice-speaking');
  report.ok(await janet.until((s) => s.voice.some((v) => v.state === 'finished'), 60_000), 'she speaks to the end');
  report.ok(await janet.until((s) => s.answers.length > 0, 10_000), 'the answer stands as text');
  await janet.page.waitForTimeout(400);
  await janet.shot('voice-answered');

  const stats = await janet.stats();
  report.note(`heard: ${stats.transcripts[0]}`);
  report.note(`answer: ${stats.answers[0]?.text}`);
  report.note(`voice: ${voiceLine(stats)}`);
  report.note(`play: ${JSON.stringify(stats.play)}`);
  report.note(`latency: ${JSON.stringify(stats.answers[0]?.latency)}`);
  if (args.text !== undefined) {
    const errors = wordErrors(args.text, stats.transcripts[0] ?? '');
    report.ok(errors <= 2, 'at most two words are misheard', `${errors}: ${stats.transcripts[0]}`);
  }
  report.ok(stats.transcripts.length === 1, 'one question was heard', `${stats.transcripts.length}`);
  report.ok(stats.micPeak > 0.05, 'the microphone was loud enough', stats.micPeak.toFixed(3));
  report.ok(stats.play.reports >= 3, 'playout was reported while she spoke', `${stats.play.reports}`);
  report.ok(stats.play.lateSamples === 0 && stats.play.overrunSamples === 0, 'no sample came late or was too many');
  report.ok((stats.answers[0]?.text ?? '').length > 0, 'the answer is not empty');
  report.ok(Object.keys(stats.answers[0]?.latency ?? {}).length >= 3, 'the ledger came with it');
  report.ok((await janet.page.locator('.entry.assistant .wf rect').count()) > 0, 'the waterfall is drawn');
  await checkHealth(janet, report);
} finally {
  await janet.close();
}
process.exit(report.end());
