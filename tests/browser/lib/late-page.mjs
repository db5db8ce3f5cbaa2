/** A page whose mouth is late on purpose, and by how much is known. */
import { createServer } from 'node:http';
import { RATE } from '../../../gateway/web/dev/mock-voice.mjs';

/** An empty page, until `close`. */
export async function latePage() {
  const server = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><link rel="icon" href="data:,">'));
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

/** Plays what is known to its end, its mouth `late` ms behind. */
export function playLate(page, { samples, frames }, late) {
  return page.evaluate(`(${inPage})(${JSON.stringify({ samples: [...samples], frames })}, ${RATE}, ${late})`);
}

/** Plays the sound and draws its weights `late` ms after they sound, and counts as Janet's page does. */
function inPage({ samples, frames }, rate, late) {
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
