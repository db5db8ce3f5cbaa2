/**
 * By keyboard alone, and by finger: Tab reaches everything and leads out again, the space bar talks
 * while it is held, captions follow her voice, Escape silences her, a long press is push-to-talk.
 *
 *   node keyboard.mjs --url URL --wav QUESTION.wav --out DIR
 */
import { isAccessible } from './lib/axe.mjs';
import { installMicrophone, say } from './lib/microphone.mjs';
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { ANSWER_MS, checkHealth, voiceLine } from './lib/turn.mjs';

const args = readArguments('keyboard.mjs --url URL --wav FILE --out DIR', ['url', 'wav', 'out']);
const report = new Report();

/** Everything that the keyboard should reach; of a group of radio buttons, the chosen one. */
const reachable = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('a[href], button, input, textarea, summary, [tabindex="0"]')]
      .filter((e) => !e.disabled && e.checkVisibility() && !e.closest('dialog:not([open])') && (e.type !== 'radio' || e.checked))
      .map((e) => e.id || e.textContent.trim()),
  );

/** What has the focus, and whether it shows: on itself, its track, or the box around it. */
const focused = (page) =>
  page.evaluate(() => {
    const e = document.activeElement;
    const shows = [e, e.nextElementSibling, e.closest('.composer')].some((part) => part !== null && getComputedStyle(part).outlineStyle !== 'none');
    return e === document.body ? null : { name: e.id || e.textContent.trim(), shows };
  });

const janet = await openPage({ url: args.url, out: args.out, before: installMicrophone });
const { page } = janet;
try {
  await janet.until((s) => s.status === 'ready', 120_000);
  const wanted = await reachable(page);
  const walked = [];
  for (let step = 0; step <= wanted.length + 2; step += 1) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    if (now === null || now.name === walked[0]?.name) break;
    walked.push(now);
  }
  const missed = wanted.filter((name) => !walked.some((step) => step.name === name));
  report.ok(missed.length === 0 && walked.length === wanted.length, 'Tab reaches everything once and leads out again', `missed: ${missed.join(', ')}; ${walked.length} of ${wanted.length}`);
  report.ok(walked[0]?.name === 'Skip to the message box', 'first the link that skips to the message box', walked[0]?.name);
  const unseen = walked.filter((step) => !step.shows).map((step) => step.name);
  report.ok(unseen.length === 0, 'the focus can be seen everywhere', unseen.join(', '));

  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('?');
  report.ok(await page.locator('#help').isVisible(), '“?” shows the keys');
  await isAccessible(janet, report, 'help');
  await page.keyboard.press('Escape');

  await page.focus('#text');
  await page.keyboard.type('a b');
  report.ok((await page.inputValue('#text')) === 'a b' && (await janet.stats()).micState === 'off', 'while one types, Space is a space');
  await page.fill('#text', '');
  await page.evaluate(() => document.activeElement.blur());

  await page.keyboard.down(' ');
  report.ok(await janet.until((s) => s.activity === 'hearing', 15_000), 'Space held down opens the microphone, and Janet hears');
  const { seconds } = await say(janet, args.wav);
  const frames = (await janet.stats()).micFrames;
  await janet.until((s) => s.micFrames >= frames + seconds * 50 + 10, 20_000);
  await page.keyboard.up(' ');
  report.ok(await janet.until((s) => s.transcripts.length === 1, ANSWER_MS), 'released, it sends what was said', (await janet.stats()).transcripts.join(' | '));
  report.ok(await janet.until((s) => s.voice.some((v) => v.state === 'started'), ANSWER_MS), 'she answers');
  report.ok(await janet.until((s) => s.heardChars > 0, 15_000), 'captions follow what was heard');
  const early = await page.evaluate(() => ({ said: document.querySelector('#caption-said').textContent, all: document.querySelector('#caption').textContent, heard: window.__janet.heardChars, shown: document.querySelector('#caption').checkVisibility() }));
  report.ok(early.shown && early.all.length > early.said.length, 'the caption shows what is said, and what is to come', JSON.stringify(early));
  await isAccessible(janet, report, 'speaking');
  await page.keyboard.press('Escape');
  report.ok(await janet.until((s) => s.voice.some((v) => v.state === 'stopped' || v.state === 'finished'), 5_000), 'Escape silences her', voiceLine(await janet.stats()));
  await page.locator('#caption').waitFor({ state: 'hidden', timeout: 5_000 }).catch(() => undefined);
  report.ok(await page.locator('#caption').isHidden(), 'and the caption goes');
  const told = await page.locator('#announce').innerText();
  report.ok(/You said:/.test(told) || /Janet speaks/.test(told), 'what was understood and what goes on is told', told.replaceAll('\n', ' / '));
  await checkHealth(janet, report);
} finally {
  await janet.close();
}

const phone = await openPage({
  url: args.url,
  out: args.out,
  before: installMicrophone,
  options: { viewport: { width: 360, height: 640 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
});
try {
  await phone.until((s) => s.status === 'ready', 20_000);
  await phone.shot('phone-first-run');
  await phone.page.locator('.segmented label', { hasText: 'Push to talk' }).tap();
  await phone.page.locator('#mic').tap();
  report.ok(await phone.until((s) => s.activity === 'ready', 15_000), 'by finger: the microphone opens');
  await phone.page.evaluate(() => {
    window.menus = 0;
    document.addEventListener('contextmenu', (event) => (window.menus += event.defaultPrevented ? 0 : 1));
  });
  const box = await phone.page.locator('#mic').boundingBox();
  const finger = await phone.context.newCDPSession(phone.page);
  const touchPoints = [{ x: box.x + box.width / 2, y: box.y + box.height / 2 }];
  await finger.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints });
  report.ok(await phone.until((s) => s.activity === 'hearing', 5_000), 'a long press on the button talks');
  const frames = (await phone.stats()).micFrames;
  // Longer than any browser waits before it takes a press for a long one.
  report.ok(await phone.until((s) => s.micFrames > frames + 50, 10_000), 'for as long as it lasts');
  const marked = await phone.page.evaluate(() => ({ selected: String(getSelection()), menus: window.menus }));
  report.ok(marked.selected === '' && marked.menus === 0, 'it marks no text and opens no menu', JSON.stringify(marked));
  await phone.shot('phone-hearing');
  await finger.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  report.ok(await phone.until((s) => s.activity !== 'hearing', 5_000), 'and ends with it', (await phone.stats()).activity);
  report.ok(phone.problems.length === 0, 'the browser reported no problem', phone.problems.join('; '));
} finally {
  await phone.close();
}
process.exit(report.end());
