/**
 * Pictures of the page for README (`page`, `call`) and for looking at: light, dark, phone; welcome, speaking,
 * answered, in a call, on hold.
 *
 *   node tour.mjs --url URL --wav QUESTION.wav --out DIR
 */
import { installMicrophone, say } from './lib/microphone.mjs';
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { ANSWER_MS, heardOverCall, heardSoFar, startCall } from './lib/turn.mjs';

const args = readArguments('tour.mjs --url URL --wav FILE --out DIR', ['url', 'wav', 'out']);
const report = new Report();
const LOOKS = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true },
  'phone-dark': { colorScheme: 'dark', viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true },
};

for (const [look, options] of Object.entries(LOOKS)) {
  const janet = await openPage({ url: args.url, out: args.out, before: installMicrophone, options, calls: true, face: true });
  try {
    await janet.until((s) => s.status === 'ready' && s.face.frames > 1, 120_000);
    await janet.page.waitForTimeout(300);
    await janet.shot(`${look}-1-welcome`);
    await startCall(janet, new Report());
    await say(janet, args.wav);
    await janet.until((s) => s.partial !== null, 8_000);
    await janet.page.waitForTimeout(200);
    await janet.shot(`${look}-2-hearing`);
    const spoke = await heardOverCall(janet, { energy: 0, sample: 0 }, ANSWER_MS);
    await janet.shot(`${look}-3-speaking`);
    await janet.until((s) => s.voice.some((v) => v.state === 'finished'), 60_000);
    await janet.page.waitForTimeout(300);
    await janet.page.locator('.timing summary').first().click().catch(() => undefined);
    await janet.page.waitForTimeout(200);
    await janet.shot(`${look}-4-answered`);
    if (look === 'light') {
      // For README: with all of the panel in view, and nothing that is for a first visit.
      await janet.page.click('#hint-close');
      await janet.page.setViewportSize({ width: 1280, height: 1130 });
      await janet.page.waitForTimeout(300);
      await janet.shot('page');
      await janet.page.setViewportSize({ width: 1280, height: 860 });
    }
    await janet.page.click('#mic');
    const before = heardSoFar(await janet.stats());
    await janet.page.click('#call-open');
    await janet.until((s) => s.phone === 'connected', 15_000);
    await say(janet, args.wav);
    const called = await heardOverCall(janet, { ...before, energy: 0 }, ANSWER_MS);
    await janet.shot(look === 'light' ? 'call' : `${look}-5-call`);
    await janet.page.click('#call-hold');
    await janet.until((s) => s.phone === 'on_hold', 5_000);
    await janet.page.waitForTimeout(300);
    await janet.shot(`${look}-6-held`);
    const callSideways = await janet.page.evaluate(() => document.querySelector('#call').scrollWidth > document.querySelector('#call').clientWidth);
    await janet.page.click('#call-hang-up');
    await janet.until((s) => s.phone === 'idle', 10_000);
    report.ok(called && !callSideways, `${look}: she is called, and nothing of that sticks out`);
    const sideways = await janet.page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    report.ok(spoke, `${look}: she spoke`);
    report.ok(!sideways, `${look}: nothing sticks out sideways`);
  } finally {
    await janet.close();
  }
}
process.exit(report.end());
