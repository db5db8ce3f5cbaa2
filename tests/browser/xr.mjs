/**
 * Janet visited by a headset that does not exist (iwer): she is drawn for two eyes, looks at the headset, is
 * heard from where she is; controllers mute and bring her; the server is told of poses; it ends cleanly.
 *
 *   node xr.mjs --url URL --out DIR
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { installMicrophone } from './lib/microphone.mjs';
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { checkHealth } from './lib/turn.mjs';

const args = readArguments('xr.mjs --url URL --out DIR', ['url', 'out']);
const report = new Report();
/** Two eyes share it. */
const WIDTH = 640;
const iwer = join(dirname(createRequire(import.meta.url).resolve('iwer')), '../build/iwer.min.js');

/** Puts on the headset, and notes what is drawn where, and the panners that the page makes. */
function emulate() {
  const device = new globalThis.IWER.XRDevice(globalThis.IWER.metaQuest3);
  device.installRuntime({ forceInstall: true });
  device.stereoEnabled = true;
  device.position.set(0.4, 1.62, 0.3);
  globalThis.__headset = device;
  // Draws into each part of the picture, by where that begins and how wide it is.
  globalThis.__drawn = {};
  const graphics = WebGL2RenderingContext.prototype;
  const { viewport } = graphics;
  let part = '';
  graphics.viewport = function (x, y, width, height) {
    part = `${x} ${width}`;
    viewport.call(this, x, y, width, height);
  };
  for (const name of ['drawElements', 'drawArrays']) {
    const draw = graphics[name];
    graphics[name] = function (...given) {
      globalThis.__drawn[part] = (globalThis.__drawn[part] ?? 0) + 1;
      draw.apply(this, given);
    };
  }
  globalThis.__panners = [];
  globalThis.PannerNode = class extends PannerNode {
    constructor(...given) {
      super(...given);
      globalThis.__panners.push(this);
    }
  };
  const request = navigator.xr.requestSession.bind(navigator.xr);
  globalThis.__refuse = false;
  navigator.xr.requestSession = (...asked) => (globalThis.__refuse ? Promise.reject(new DOMException('', 'NotAllowedError')) : request(...asked));
}

const janet = await openPage({
  url: args.url,
  out: args.out,
  face: true,
  calls: true,
  options: { viewport: { width: WIDTH, height: 480 } },
  before: async (page) => {
    await page.addInitScript({ path: iwer });
    await page.addInitScript(emulate);
    await installMicrophone(page);
  },
});
const { page } = janet;
const visit = async () => (await janet.stats()).visit;
const press = (button, value) => page.evaluate(([id, to]) => globalThis.__headset.controllers.right.updateButtonValue(id, to), [button, value]);
/** A press as long as a finger's: the emulated headset looks at its buttons once a frame. */
const squeeze = async () => {
  const { frames } = await visit();
  await press('squeeze', 1);
  await janet.until((s) => s.visit.frames > frames + 2, 5_000);
  await press('squeeze', 0);
};
const click = async () => {
  const { frames } = await visit();
  await press('trigger', 1);
  await janet.until((s) => s.visit.frames > frames + 2, 5_000);
  await press('trigger', 0);
  await janet.until((s) => s.visit.frames > frames + 4, 5_000);
};
/** The emulated headset shows its picture over the whole page: nothing below it can be clicked. */
const pressButton = () => page.evaluate(() => document.querySelector('#enter-vr').click());
const near = (a, b, within) => Math.abs(a - b) < within;

try {
  report.ok(await janet.until((s) => s.status === 'ready', 120_000), 'the page is ready');
  report.ok(await janet.holds(() => document.querySelector('#enter-vr')?.checkVisibility() ?? false, 10_000), 'there is a headset to enter by');
  await page.click('#mic');
  report.ok(await janet.until((s) => s.way === 'call', 15_000), 'she is talked to in real time');

  await page.evaluate(() => (globalThis.__refuse = true));
  await page.click('#enter-vr');
  report.ok(await janet.holds(() => document.querySelector('#log').textContent.includes('did not allow the headset'), 5_000), 'a refusal is told');
  report.ok((await visit()).state === 'away', 'and nothing has changed');
  await page.evaluate(() => (globalThis.__refuse = false));

  await page.click('#enter-vr');
  report.ok(await janet.until((s) => s.visit.state === 'there' && s.visit.frames > 3, 10_000), 'she is visited');
  const drawn = await page.evaluate(() => globalThis.__drawn);
  const [left, right] = [drawn[`0 ${WIDTH / 2}`], drawn[`${WIDTH / 2} ${WIDTH / 2}`]];
  report.ok((await visit()).views === 2 && left > 10 && left === right, 'and drawn for two eyes, side by side', JSON.stringify(drawn));
  report.ok((await page.locator('#enter-vr').textContent()) === 'Leave VR', 'the button leads back');
  const { face, headset } = await visit();
  const away = Math.hypot(...headset.map((x, i) => x - face[i]));
  report.ok(near(away, 1.2, 0.05) && near(headset[1], face[1], 0.05), 'she is in front, at eye height', `${away.toFixed(2)} m`);
  await janet.shot('xr');

  await page.evaluate(() => globalThis.__headset.position.set(0.9, 1.4, 0.3));
  report.ok(await janet.until((s) => near(s.visit.headset[0] - s.visit.face[0], 0.5, 0.05) && near(s.visit.headset[1] - s.visit.face[1], -0.22, 0.05), 5_000), 'she looks after the headset', (await visit()).headset.map((x) => x.toFixed(2)).join(' '));
  const sound = await page.evaluate(() => globalThis.__panners.map(({ positionX, positionY, positionZ }) => [positionX.value, positionY.value, positionZ.value]).at(-1));
  report.ok(sound !== undefined && near(sound[0], -0.5, 0.1) && near(sound[2], -1.2, 0.1), 'and is heard from where she is', JSON.stringify(sound));

  await squeeze();
  report.ok(await janet.until((s) => near(s.visit.headset[0], s.visit.face[0], 0.05), 5_000), 'a squeeze brings her in front');
  await click();
  report.ok(await janet.until((s) => s.micState === 'off', 5_000), 'the trigger mutes');
  await click();
  report.ok(await janet.until((s) => s.micState === 'on', 10_000), 'and is heard again');
  report.ok(await janet.until((s) => s.visit.poses >= 5, 5_000), 'the server is told of poses', `${(await visit()).poses}`);

  await page.evaluate(() => globalThis.__headset.updateVisibilityState('visible-blurred'));
  report.ok(await janet.until((s) => s.visit.seen === 'blurred', 5_000), 'a menu over it is noticed');
  await page.evaluate(() => globalThis.__headset.updateVisibilityState('visible'));
  report.ok(await janet.until((s) => s.visit.seen === 'visible', 5_000), 'and that it is gone');

  await pressButton();
  report.ok(await janet.until((s) => s.visit.state === 'away', 5_000), 'it can be left');
  report.ok(await janet.holds(() => document.querySelector('#face canvas') !== null, 5_000), 'and her face is on the page again');
  await pressButton();
  report.ok(await janet.until((s) => s.visit.state === 'there' && s.visit.frames > 3, 10_000), 'it can be entered again');
  // As the headset itself ends it.
  await page.evaluate(() => globalThis.__headset.activeSession.end());
  report.ok(await janet.until((s) => s.visit.state === 'away', 5_000), 'a session that the headset ends is over here, too');
  report.ok((await janet.stats()).way === 'call', 'and the conversation goes on');
  await checkHealth(janet, report);
} finally {
  await janet.close();
}
process.exit(report.end());
