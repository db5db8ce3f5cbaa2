/**
 * A voice of which it is known what the mouth does: "pa pa pa", tones between silences in which the lips are shut.
 *
 * Frames come every 800 samples at 48 kHz, and whoever draws them mixes neighbours, so that weights cross one half in
 * the middle between two frames. There the sound turns, too: drawn without a delay, the lips part with the tone.
 */
import { RATE } from './mock-voice.mjs';

const FRAME = 800;
const POSITION_HZ = 48_000;
const [SIL, A, M] = [0, 1, 6];
/** Frames that the lips are shut, and the least and the most that they are open: uneven, so that no two are mistaken. */
const SHUT = 8;
const OPEN = { least: 12, most: 22 };
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
    for (let k = from; k < ends; k += 1) frames[k].weights = k < parts ? [[M, 255]] : [[A, 255]];
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

function tone(samples, from, to) {
  for (let i = Math.ceil(from * RATE); i < to * RATE && i < samples.length; i += 1) {
    const t = i / RATE - from;
    const level = Math.min(1, t / RAMP_S, (to - from - t) / RAMP_S);
    samples[i] = Math.round(9000 * level * (Math.sin(2 * Math.PI * 180 * t) + 0.4 * Math.sin(2 * Math.PI * 900 * t)));
  }
}
