/**
 * A voice of which it is known what the mouth does: "pa pa pa", tones between silences in which the lips are shut.
 *
 * Frames come every 800 samples at 48 kHz. Lips take four of them from open to shut, and weights cross one half in the
 * middle of that, between two frames. There the sound turns, too: drawn without a delay, the lips part with the tone.
 */
import { RATE } from './mock-voice.mjs';

const FRAME = 800;
const POSITION_HZ = 48_000;
const [SIL, A, M] = [0, 1, 6];
/** Frames that the lips are shut, and the least and the most that they are open: uneven, so that no two are mistaken. */
const SHUT = 8;
const OPEN = { least: 12, most: 22 };
/** Frames from the one shape to the other. */
const TURN = 4;
const RAMP_S = 0.004;

/** Sound at the mock's rate (s16), its frames as they go over the wire, and where the lips are shut, in seconds. */
export function papa(seconds) {
  const samples = new Int16Array(Math.round(seconds * RATE));
  const frames = Array.from({ length: Math.floor((seconds * POSITION_HZ) / FRAME) }, (_, k) => ({ at_sample: k * FRAME, weights: [[SIL, 255]] }));
  const shut = [];
  let state = 1;
  for (let from = 6; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    const open = OPEN.least + ((state >> 16) % (OPEN.most - OPEN.least + 1));
    const [parts, ends] = [from + SHUT, from + SHUT + open];
    if (ends + 1 >= frames.length) break;
    for (let k = from - TURN / 2; k < ends; k += 1) {
      const lips = Math.round(255 * Math.min(reached(k, from), 1 - reached(k, parts)));
      // What the first closure follows is rest.
      const open = k < from && shut.length === 0 ? SIL : A;
      frames[k].weights = [[open, 255 - lips], [M, lips]].filter(([, weight]) => weight > 0);
    }
    shut.push({ from: turn(from), to: turn(parts) });
    tone(samples, turn(parts), turn(ends));
    from = ends;
  }
  // What the first closure follows is silence, too: its beginning cannot be heard.
  return { samples, frames, shut: shut.slice(1) };
}

/** The moment, in seconds, at which what frame `k` begins is drawn to one half. */
function turn(k) {
  return ((k - 0.5) * FRAME) / POSITION_HZ;
}

/** How much of what frame `begins` begins is there at frame `k`, 0 to 1. */
function reached(k, begins) {
  return Math.min(1, Math.max(0, (k - (begins - 0.5)) / TURN + 0.5));
}

function tone(samples, from, to) {
  for (let i = Math.ceil(from * RATE); i < to * RATE && i < samples.length; i += 1) {
    const t = i / RATE - from;
    const level = Math.min(1, t / RAMP_S, (to - from - t) / RAMP_S);
    samples[i] = Math.round(9000 * level * (Math.sin(2 * Math.PI * 180 * t) + 0.4 * Math.sin(2 * Math.PI * 900 * t)));
  }
}
