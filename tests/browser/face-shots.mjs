/**
 * Pictures of her face for README: `face.png` (light and dark, speaking, each tone) and `visemes.png`, a strip of
 * frames for "mama, fish, oh, think" that a person can judge: what a Janet sent of her mouth while she said them. Both
 * are drawn with the page's own code, served by Vite.
 *
 *   node face-shots.mjs --out DIR --janet BINARY
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openPage } from './lib/page.mjs';
import { janetSays } from './lib/scripted.mjs';
import { readArguments } from './lib/tap.mjs';

const args = readArguments('face-shots.mjs --out DIR --janet BINARY', ['out', 'janet']);
mkdirSync(args.out, { recursive: true });
const web = fileURLToPath(new URL('../../gateway/web', import.meta.url));

const MOODS = [
  ['Ready', {}],
  ['Speaking', { weights: { A: 0.55, E: 0.25 }, headYaw: 0.06, headRoll: -0.03 }],
  ['Happy', { tone: 'happy', toneIntensity: 1, headRoll: 0.06 }],
  ['Thinking', { tone: 'thinking', toneIntensity: 0.9, gaze: [-0.28, 0.24, 0], headYaw: -0.12, headPitch: -0.04 }],
  ['Concerned', { tone: 'concerned', toneIntensity: 1, headPitch: 0.04 }],
  ['From the side', { turn: 0.75, gaze: [0, 0, 0] }],
];

const WORDS = ['mama', 'fish', 'oh', 'think'];
const STRIP = 9;

const { createServer } = await import(pathToFileURL(join(web, 'node_modules/vite/dist/node/index.js')).href);
const server = await createServer({ root: web, configFile: join(web, 'vite.config.ts'), logLevel: 'error', server: { port: 0, host: '127.0.0.1', hmr: false } });
await server.listen();
const janet = await openPage({ url: new URL('dev/face.html', server.resolvedUrls.local[0]).href, out: args.out, face: true });
const { page } = janet;

/** A picture of a pose, as the address of an image. */
const shoot = (asked, width, height) => page.evaluate(([pose, w, h]) => window.faceStudio.shoot(pose, w, h), [asked, width, height]);

const cell = (image, words, size) => `<figure style="width:${size}px" class="${size < 300 ? 'small' : ''}"><img src="${image}" width="${size}" height="${size}"><figcaption>${words}</figcaption></figure>`;

/** What Janet sends of her mouth while she says this. */
async function framesOf(word) {
  const says = await janetSays(args.janet, join(args.out, 'janet'), `${word}.`);
  const tab = await janet.context.newPage();
  try {
    await tab.goto(new URL('favicon.svg', says.url).href);
    return await tab.evaluate(listenTo);
  } finally {
    await tab.close();
    await says.close();
  }
}

/** In the tab: asks her, and gives the frames that come with her voice, the last of which closes her mouth. */
function listenTo() {
  const address = new URL('ws', location.href);
  address.protocol = 'ws:';
  const socket = new WebSocket(address);
  socket.binaryType = 'arraybuffer';
  const send = (message) => socket.send(JSON.stringify(message));
  const frames = [];
  let spoken = false;
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('she does not speak')), 120_000);
    socket.onclose = () => reject(new Error('she is gone'));
    socket.onopen = () => send({ type: 'audio_start', rate_hz: 16_000, play_rate_hz: 48_000, mode: 'push_to_talk' });
    socket.onmessage = ({ data }) => {
      if (typeof data !== 'string') return;
      const message = JSON.parse(data);
      // While her models load she says so.
      if (message.type === 'error') setTimeout(socket.onopen, 1_000);
      if (message.type === 'audio_ready') send({ type: 'message', text: 'Say it.', speak: true });
      if (message.type === 'viseme') frames.push(...message.frames);
      spoken ||= message.type === 'speaking' && message.state === 'finished';
      if (spoken && frames.at(-1)?.weights.every(([viseme]) => viseme === 0)) resolve(frames);
    };
  });
}

/** Writes rows of figures on grounds of the page's own colours as one picture. */
async function write(name, rows, width) {
  // The tokens hang on the root; here a row may have the dark ones.
  const tokens = readFileSync(join(web, 'src/style/tokens.css'), 'utf8').replace(":root[data-theme='dark']", '.row.dark');
  const sheet = await janet.context.newPage();
  await sheet.setViewportSize({ width, height: 400 });
  await sheet.setContent(`<style>${tokens}
    body { margin: 0; font: 500 15px var(--sans); }
    .row { display: flex; background: var(--ground); color: var(--ink); }
    figure { margin: 0; background: radial-gradient(closest-side at 50% 50%, var(--janet-soft) 30%, transparent); }
    figcaption { padding: 4px 0 12px; text-align: center; color: var(--ink-soft); }
    .small { margin: 0 2px; border-radius: 12px; overflow: hidden; }
    img { display: block; }</style><body>${rows.join('')}</body>`);
  await sheet.evaluate(() => Promise.all([...document.images].map((image) => image.decode())));
  await sheet.screenshot({ path: join(args.out, `${name}.png`), fullPage: true });
  await sheet.close();
}

try {
  if (!(await janet.holds(() => window.faceStudio !== undefined, 120_000))) throw new Error(`the studio did not open: ${janet.problems.join('; ')}`);

  const sheet = [];
  for (const dark of [false, true]) {
    const cells = [];
    for (const [words, pose] of MOODS) cells.push(cell(await shoot({ ...pose, dark }, 300, 300), words, 300));
    sheet.push(`<div class="row ${dark ? 'dark' : ''}">${cells.join('')}</div>`);
  }
  await write('face', sheet, 300 * MOODS.length);

  const strips = [];
  for (const word of WORDS) {
    const cells = [];
    for (const { at, most, weights } of await page.evaluate(([frames, count]) => window.faceStudio.say(frames, count), [await framesOf(word), STRIP])) {
      cells.push(cell(await shoot({ weights, zoom: 1.6 }, 200, 200), `${most} · ${Math.round(at)} ms`, 200));
    }
    strips.push(`<div class="row"><b style="width:90px;align-self:center;text-align:center">${word}</b>${cells.join('')}</div>`);
  }
  await write('visemes', strips, 90 + 204 * STRIP);

  const { triangles, calls, animateMs } = await page.evaluate(() => window.faceStudio.cost(600));
  console.log(`${triangles} triangles in ${calls} calls; pose and scene: ${animateMs.toFixed(3)} ms of CPU (p95 of 600)`);
} finally {
  await janet.close();
  await server.close();
}
