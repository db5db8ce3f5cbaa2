/**
 * A microphone that says what the script wants, when it wants it. A recording as the browser's fake
 * device runs on from when it is opened, whatever the server does meanwhile; to speak *while Janet
 * speaks*, the script has to choose the moment.
 */
import { readFileSync } from 'node:fs';

/** To be run in the page before its own code: replaces the device. */
function install() {
  const context = new AudioContext();
  const mouth = context.createGain();
  // A device goes on when nobody speaks; a node with nothing at its input does not.
  const room = new ConstantSourceNode(context, { offset: 0 });
  room.connect(mouth);
  room.start();
  navigator.mediaDevices.getUserMedia = async () => {
    await context.resume();
    const device = context.createMediaStreamDestination();
    mouth.connect(device);
    return device.stream;
  };
  // What else there is to hear, `room.mjs` brings.
  window.__mouth = { context, mouth };
  window.__say = async (base64, gain) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const clip = context.createBufferSource();
    clip.buffer = await context.decodeAudioData(bytes.buffer);
    const level = context.createGain();
    level.gain.value = gain;
    clip.connect(level).connect(mouth);
    clip.start();
    return { began: performance.now(), seconds: clip.buffer.duration };
  };
}

/** Give this to `openPage` as `before`. */
export async function installMicrophone(page) {
  await page.addInitScript(install);
}

/** Speaks a WAV file now; gives `performance.now()` of its first sample and its length in seconds. */
export function say(janet, path, gain = 1) {
  return janet.page.evaluate(([clip, level]) => window.__say(clip, level), [readFileSync(path).toString('base64'), gain]);
}
