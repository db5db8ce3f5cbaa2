/**
 * Which sample of her voice was heard, and which was drawn, at one moment: out of the recording and her voice as it was
 * sent, and out of the pictures and the mouth's course as it was sent. Pure; times are ms, positions are ms of her voice.
 */
import { correlation, loudness } from './skew.mjs';

/** Places in her voice are looked for so often, by so much around each. */
const PLACE = { everyMs: 100, aroundMs: 300 };
/** From one place to the next a recording slips by so much at the most. */
const SLIP_MS = 40;
/** Less alike than this, a stretch of the recording is not that of the voice. */
const ALIKE = 0.8;
/** So far from what is heard a picture is looked for. */
const APART_MS = 70;
/** Weights that differ by less than this (sum of squares) are the same. */
const SAME = 2e-4;
/** A picture that fits at places further apart than this says nothing. */
const SAME_PLACE_MS = 6;
const FRAME_MS = 1000 / 60;

/** The mouth's course, `[{ at, weights }]`, of what came: in order, each place once, as a face normalises it. */
export function courseOf(came) {
  const places = new Map(came.map(({ at, weights }) => [at, weights]));
  return [...places].sort(([a], [b]) => a - b).map(([at, pairs]) => {
    const weights = new Array(10).fill(0);
    for (const [viseme, weight] of pairs) weights[viseme] = weight / 255;
    const speaks = weights.slice(1).reduce((sum, x) => sum + x, 0);
    return { at: at / 48, weights: weights.map((x, v) => (v === 0 ? Math.max(0, 1 - speaks) : x / Math.max(1, speaks))) };
  });
}

/**
 * By how much the recording is behind the voice, `[{ at, behind }]`, at places of the voice; both are mean squares in
 * steps of `step` from their `start` on.
 */
export function places(voice, recorded, step) {
  const [said, heard] = [loudness(voice.power, step), loudness(recorded.power, step)];
  const [half, every] = [PLACE.aroundMs / step, PLACE.everyMs / step];
  const fit = (from, to, lag) => {
    if (from + lag < 0 || to + lag > heard.length) return -1;
    return correlation(said.slice(from, to), heard.slice(from + lag, to + lag));
  };
  const best = (from, to, first, last, by) => {
    let found = { lag: 0, alike: -1 };
    for (let lag = first; lag <= last; lag += by) {
      const alike = fit(from, to, lag);
      if (alike > found.alike) found = { lag, alike };
    }
    return found;
  };
  // Most of it, roughly, for its last may not have been recorded; then piece by piece, each near the one before.
  const whole = best(Math.floor(said.length * 0.1), Math.floor(said.length * 0.8), -said.length, heard.length, 4);
  let { lag } = whole;
  const found = [];
  for (let at = half; at + half <= said.length; at += every) {
    const [from, to, slip] = [at - half, at + half, SLIP_MS / step];
    const here = best(from, to, lag - slip, lag + slip, 1);
    if (here.alike < ALIKE) continue;
    lag = here.lag;
    const [before, after] = [fit(from, to, lag - 1), fit(from, to, lag + 1)];
    const between = (before - after) / (2 * (before - 2 * here.alike + after) || 1);
    found.push({ at: voice.start + at * step, behind: (lag + between) * step + recorded.start - voice.start });
  }
  return found;
}

/**
 * For each picture of a moving mouth that is drawn while she is heard, how much later it is than its sound; null where
 * it shows nothing of the course around there. Pictures that fit in many places are left out.
 */
export function pictureSkews(frames, course, heard) {
  const skews = [];
  for (const { at, weights } of frames) {
    const near = heard.toSorted((a, b) => Math.abs(a.at + a.behind - at) - Math.abs(b.at + b.behind - at))[0];
    if (near === undefined || Math.abs(near.at + near.behind - at) > PLACE.everyMs) continue;
    const now = at - near.behind;
    const { fits, moves } = fitting(weights, course, now);
    const [first, last] = [Math.min(...fits), Math.max(...fits)];
    if (fits.length === 0 ? moves : last - first <= SAME_PLACE_MS) skews.push(fits.length === 0 ? null : now - (first + last) / 2);
  }
  return skews;
}

/** Where in the course around a place such weights are, and whether it moves there. */
function fitting(weights, course, around) {
  const fits = [];
  let moves = false;
  for (let i = 1; i < course.length; i += 1) {
    const [one, other] = [course[i - 1], course[i]];
    if (other.at < around - APART_MS || one.at > around + APART_MS || other.at - one.at > 2 * FRAME_MS) continue;
    const way = other.weights.map((x, v) => x - one.weights[v]);
    const length = way.reduce((sum, x) => sum + x * x, 0);
    const dot = way.reduce((sum, x, v) => sum + x * (weights[v] - one.weights[v]), 0);
    const share = length === 0 ? 0 : Math.min(1, Math.max(0, dot / length));
    const off = way.reduce((sum, x, v) => sum + (one.weights[v] + share * x - weights[v]) ** 2, 0);
    moves ||= length > 0.05;
    if (off > SAME) continue;
    // As much of the piece as looks the same.
    const spread = length === 0 ? 1 : Math.sqrt(SAME / length);
    for (const end of [share - spread, share + spread]) fits.push(one.at + Math.min(1, Math.max(0, end)) * (other.at - one.at));
  }
  return { fits, moves };
}

/** By how much the same shapes stand later in another course (`by`), and which share of its frames is the same then. */
export function shift(course, other) {
  const shape = ({ weights }) => weights.map((x) => x.toFixed(3)).join(' ');
  const sample = ({ at }) => Math.round(at * 48);
  const shapes = new Map(course.map((frame) => [sample(frame), shape(frame)]));
  const first = (all) => all.slice(0, 30);
  const steps = new Set(first(other).flatMap((one) => first(course).map((before) => sample(one) - sample(before))));
  let best = { by: 0, share: 0 };
  for (const step of steps) {
    const share = other.filter((frame) => shapes.get(sample(frame) - step) === shape(frame)).length / other.length;
    if (share > best.share) best = { by: step / 48, share };
  }
  return best;
}

/** Frames for the mouth in each second of her voice, and the steps between them that are not one frame's 800 samples. */
export function pace(came) {
  const isRest = ({ weights }) => weights.every(([viseme]) => viseme === 0);
  // What closes the mouth behind the last of her voice stands where she ends.
  const all = came.map(({ at }) => at).sort((a, b) => a - b);
  const end = came.filter(isRest).some(({ at }) => at === all.at(-1)) ? all.slice(0, -1) : all;
  const steps = end.slice(1).map((at, i) => at - end[i]);
  return { frames_per_s: ((end.length - 1) / (end.at(-1) - end[0])) * 48_000, uneven: steps.filter((step) => step !== 800) };
}
