/**
 * Her face: it is drawn, moves with the sample that is heard, closes its mouth when nothing comes for it, rests
 * when nobody sees it, survives the loss of the graphics, and is not missed where it cannot be drawn.
 *
 *   node face.mjs --url URL --wav FILE --out DIR
 */
import { isAccessible } from './lib/axe.mjs';
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { ANSWER_MS, checkHealth } from './lib/turn.mjs';
import { Wire } from './lib/wire.mjs';

const args = readArguments('face.mjs --url URL --wav FILE --out DIR', ['url', 'wav', 'out']);
const report = new Report();
/** What the page may weigh before her face, in kB, unpacked; her face itself comes late, and so do the views of
 * memory and secrets. The red thread and the questions of consent are there at once. */
const PAGE_KB = 235;
const FACE_KB = 900;

const wire = new Wire();
/** How much her mouth does: the most that is drawn of any viseme. */
const speaks = ({ face }) => Math.max(0, ...['A', 'E', 'I', 'O', 'U', 'M', 'F', 'Th', 'P'].map((name) => face.morphs[face.names.indexOf(name)] ?? 0));

const janet = await openPage({ url: args.url, wav: args.wav, out: args.out, before: wire.install, face: true });
const { page } = janet;
/** Sizes of what was loaded, in kB: the page's own code and style, and what came late. */
const weights = () =>
  page.evaluate(() => {
    const files = performance.getEntriesByType('resource').filter(({ name }) => /\/assets\/.*\.(js|css)$/.test(name));
    const first = files.filter(({ name }) => /\/assets\/index-/.test(name));
    const late = files.filter((file) => !first.includes(file));
    const kb = (list) => Math.round(list.reduce((sum, file) => sum + file.decodedBodySize, 0) / 1_000);
    return { page: kb(first), late: kb(late), isLate: late.every((file) => first.every((one) => file.startTime > one.responseEnd)) };
  });

try {
  report.ok(await janet.until((s) => s.status === 'ready', 120_000), 'the page connects and the models are ready');
  report.ok(await janet.until((s) => s.face.state === 'shown' && s.face.frames > 3, 30_000), 'her face is drawn', JSON.stringify((await janet.stats()).face.state));
  report.ok((await page.getAttribute('#face', 'aria-label')) === 'Janet: Ready' && (await page.getAttribute('#face canvas', 'aria-hidden')) === 'true', 'and told to who cannot see it');
  const { page: pageKb, late, isLate } = await weights();
  report.ok(pageKb <= PAGE_KB && late <= FACE_KB && isLate, 'the page is there before it, and no heavier for it', `${pageKb} kB, then ${late} kB`);
  await isAccessible(janet, report, 'face');
  await janet.shot('face-welcome');

  await page.locator('label:has(#speak)').click();
  await page.fill('#text', 'Tell me a long story about the sea.');
  await page.keyboard.press('Enter');
  report.ok(await janet.until((s) => s.play.peak > 0.02 && speaks(s) > 0.5, ANSWER_MS), 'her mouth moves with her voice');
  report.ok((await page.getAttribute('#face', 'aria-label')) === 'Janet: Speaking', 'she is said to speak');
  await janet.shot('face-speaking');
  wire.rewrite((message) => (message.type === 'viseme' ? null : message));
  // What had come goes on for as long as sound is sent ahead; between words it is shut anyway.
  const before = (await janet.stats()).face.received;
  await page.waitForTimeout(700);
  const none = (await janet.stats()).face.received;
  const closed = await janet.until((s) => speaks(s) < 0.02, 5_000);
  await page.waitForTimeout(300);
  const after = await janet.stats();
  const isShut = closed && speaks(after) < 0.02 && after.face.received === none;
  report.ok(isShut && after.play.playing, 'when no more frames come it closes and stays so, though she speaks on', `playing: ${after.play.playing}, frames: ${after.face.received - none}`);
  report.ok(before > 10 && after.face.bad === 0, 'every frame could be read', `${before}`);
  wire.rewrite((message) => message);
  wire.tell({ type: 'viseme', at_sample: 0, weights: [[99, 1]] });
  report.ok(await janet.until((s) => s.face.bad === 1, 5_000), 'one that is none is counted, and nothing else happens');
  await page.keyboard.press('Escape');

  await page.evaluate(() => {
    window.graphics = document.querySelector('#face canvas').getContext('webgl2').getExtension('WEBGL_lose_context');
    window.graphics.loseContext();
  });
  report.ok(await janet.until((s) => s.face.state === 'lost', 5_000), 'the graphics are lost');
  report.ok((await page.locator('#face').isHidden()) && (await page.locator('#face-note').innerText()).includes('comes back'), 'the page says so, and is as without a face');
  const drawn = (await janet.stats()).face.frames;
  await page.evaluate(() => window.graphics.restoreContext());
  report.ok(await janet.until((s) => s.face.state === 'shown' && s.face.frames > drawn, 10_000), 'given back, she is there again');
  report.ok(await page.locator('#face-note').isHidden(), 'and the word is gone');

  await page.evaluate(() => (document.querySelector('#stage').style.display = 'none'));
  await page.waitForTimeout(400);
  const resting = (await janet.stats()).face.frames;
  await page.waitForTimeout(400);
  report.ok((await janet.stats()).face.frames === resting, 'where nobody sees her nothing is drawn');
  await page.evaluate(() => (document.querySelector('#stage').style.display = ''));
  report.ok(await janet.until((s) => s.face.frames > resting, 5_000), 'seen again, she is');
  report.note(`pose and scene: ${(await janet.stats()).face.animateMs.toFixed(2)} ms of CPU (p95 of this busy machine)`);

  const overSocket = (await janet.stats()).face.received;
  await page.click('#call-open');
  report.ok(await janet.until((s) => s.phone === 'connected', 15_000), 'she is called');
  report.ok((await page.locator('#call-face canvas').count()) === 1 && (await page.locator('#face').isHidden()), 'and stands in the call');
  report.ok(await janet.until((s) => s.face.received > overSocket && speaks(s) > 0.5, ANSWER_MS), 'where her mouth moves by the data channel');
  await janet.shot('face-call');
  await page.click('#call-hang-up');
  report.ok((await janet.until((s) => s.phone === 'idle', 10_000)) && (await page.locator('#face canvas').count()) === 1, 'after it she is back on the stage');

  await page.setViewportSize({ width: 360, height: 640 });
  await page.evaluate(() => (document.documentElement.dataset.text = 'largest'));
  const ofScreen = await page.evaluate(() => document.querySelector('#log').clientHeight / window.innerHeight);
  report.ok(ofScreen >= 0.4 && (await page.locator('#face').isVisible()), 'with the largest text she leaves the conversation room on a phone', `${Math.round(ofScreen * 100)} % of the screen`);
  await page.evaluate(() => delete document.documentElement.dataset.text);
  await page.setViewportSize({ width: 1280, height: 860 });

  await page.click('#settings-open');
  await page.locator('label:has(#face-on)').click();
  report.ok((await janet.until((s) => s.face.state === 'off', 5_000)) && (await page.locator('#face').isHidden()), 'she can be hidden');
  await page.reload();
  await janet.until((s) => s.status === 'ready', 20_000);
  report.ok((await janet.stats()).face.state === 'off' && (await weights()).late === 0, 'which is remembered, and nothing is loaded for her');
  await checkHealth(janet, report);
} finally {
  await janet.close();
}

const without = await openPage({
  url: args.url,
  out: args.out,
  face: true,
  before: (fresh) =>
    fresh.addInitScript(() => {
      const { getContext } = HTMLCanvasElement.prototype;
      HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
        return kind.startsWith('webgl') ? null : getContext.call(this, kind, ...rest);
      };
    }),
});
try {
  report.ok(await without.until((s) => s.status === 'ready' && s.face.state === 'none', 30_000), 'a browser without WebGL 2 shows the page without a face');
  await without.page.click('#settings-open');
  report.ok((await without.page.locator('#face-on-note').innerText()).includes('WebGL'), 'and says why in the settings');
  report.ok(without.problems.length === 0, 'without a complaint', without.problems.join('; '));
} finally {
  await without.close();
}
process.exit(report.end());
