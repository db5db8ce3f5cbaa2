/**
 * Pictures of the page for README and for looking at: light, dark, phone; welcome, speaking, answered.
 *
 *   node tour.mjs --url URL --wav QUESTION.wav --out DIR
 */
import { installMicrophone, say } from './lib/microphone.mjs';
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { ANSWER_MS, startTalking } from './lib/turn.mjs';

const args = readArguments('tour.mjs --url URL --wav FILE --out DIR', ['url', 'wav', 'out']);
const report = new Report();
const LOOKS = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true },
  'phone-dark': { colorScheme: 'dark', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true },
};

for (const [look, options] of Object.entries(LOOKS)) {
  const janet = await openPage({ url: args.url, out: args.out, before: installMicrophone, options });
  try {
    await janet.until((s) => s.status === 'ready', 120_000);
    await janet.page.waitForTimeout(300);
    await janet.shot(`${look}-1-welcome`);
    await startTalking(janet, new Report());
    await say(janet, args.wav);
    await janet.until((s) => s.partial !== null, 8_000);
    await janet.page.waitForTimeout(200);
    await janet.shot(`${look}-2-hearing`);
    const spoke = await janet.until((s) => s.play.played > 30_000, ANSWER_MS);
    await janet.shot(`${look}-3-speaking`);
    await janet.until((s) => s.voice.some((v) => v.state === 'finished'), 60_000);
    await janet.page.waitForTimeout(300);
    await janet.page.locator('.timing summary').first().click().catch(() => undefined);
    await janet.page.waitForTimeout(200);
    await janet.shot(`${look}-4-answered`);
    const sideways = await janet.page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    report.ok(spoke, `${look}: she spoke`);
    report.ok(!sideways, `${look}: nothing sticks out sideways`);
  } finally {
    await janet.close();
  }
}
process.exit(report.end());
