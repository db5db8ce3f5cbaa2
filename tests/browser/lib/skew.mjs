/**
 * How far the mouth is from the sound, out of what was heard and what was drawn. Pure: times are in ms of one clock.
 *
 * A skew is positive where the mouth is late.
 */

/** A mouth whose lips meet, and sound that makes room for it: shorter than this is a sound's own, longer is a pause. */
const CLOSURE_MS = { least: 30, most: 250 };
/** So many decibels a sound falls behind closed lips, from what is loudest so shortly before and after. */
const HOLLOW = { db: 9, withinMs: 160 };
/** What is so many decibels below the loudest is silent. */
const SILENT_DB = 40;
/** A sound's own waves are shorter than this. */
const SMOOTH_MS = 10;
/** Further apart than this, a closure and a hollow are not of the same sound. */
const SAME_MS = 120;
const M = 6;

/** In decibels below the loudest, smoothed. */
export function loudness(power, step) {
  const half = Math.floor(SMOOTH_MS / step / 2);
  const most = power.reduce((max, x) => Math.max(max, x), 0) || 1;
  const least = most / 10 ** (SILENT_DB / 10);
  return power.map((_, i) => {
    const near = power.slice(Math.max(0, i - half), i + half + 1);
    return 10 * Math.log10(Math.max(near.reduce((sum, x) => sum + x, 0) / near.length, least) / most);
  });
}

/**
 * Where sound falls and comes back, `[{ from, to }]`: as far as to half of its depth, in decibels, of the mean squares
 * `power` that begin at `start` and are `step` long.
 */
export function hollows(power, start, step) {
  const level = loudness(power, step);
  const reach = Math.round(HOLLOW.withinMs / step);
  const peak = (from, to) => Math.max(-Infinity, ...level.slice(Math.max(0, from), Math.max(0, to)));
  const isDeep = level.map((x, i) => Math.min(peak(i - reach, i), peak(i + 1, i + 1 + reach)) - x >= HOLLOW.db);
  const found = [];
  for (let i = 0; i < level.length; i += 1) {
    if (!isDeep[i]) continue;
    let end = i;
    while (isDeep[end + 1]) end += 1;
    const bottom = Math.min(...level.slice(i, end + 1));
    const lowest = level.indexOf(bottom, i);
    const edge = (direction, high) => {
      const half = (bottom + high) / 2;
      let k = lowest;
      while (level[k] < half) k += direction;
      // Between two steps, and in the middle of each.
      return start + (k + 0.5 - (direction * (level[k] - half)) / (level[k] - level[k - direction] || 1)) * step;
    };
    found.push({ from: edge(-1, peak(i - reach, i)), to: edge(1, peak(end + 1, end + 1 + reach)) });
    i = end;
  }
  return found.filter(isClosure);
}

/** When the lips were shut: `[{ from, to }]`, of frames `{ at, weights }` as they were drawn. */
export function closures(frames) {
  const found = [];
  let from = null;
  for (let i = 1; i < frames.length; i += 1) {
    const [before, now] = [frames[i - 1].weights[M], frames[i].weights[M]];
    const crossed = () => frames[i - 1].at + ((0.5 - before) / (now - before)) * (frames[i].at - frames[i - 1].at);
    if (before < 0.5 && now >= 0.5) from = crossed();
    else if (before >= 0.5 && now < 0.5 && from !== null) {
      found.push({ from, to: crossed() });
      from = null;
    }
  }
  return found.filter(isClosure);
}

function isClosure({ from, to }) {
  return to - from >= CLOSURE_MS.least && to - from <= CLOSURE_MS.most;
}

const middle = ({ from, to }) => (from + to) / 2;

/** For each closure of the lips how much later it is than the hollow that is nearest to it; null where there is none. */
export function skews(shut, quiet) {
  return shut.map((closure) => {
    const away = quiet.map((hollow) => middle(closure) - middle(hollow)).sort((a, b) => Math.abs(a) - Math.abs(b));
    return away.length > 0 && Math.abs(away[0]) <= SAME_MS ? away[0] : null;
  });
}

/** Mean squares of sound (s16) in steps of so many ms. */
export function meanSquares(samples, rate, step) {
  const length = Math.round((rate * step) / 1000);
  return Array.from({ length: Math.floor(samples.length / length) }, (_, i) => samples.subarray(i * length, (i + 1) * length).reduce((sum, x) => sum + (x / 32768) ** 2, 0) / length);
}

/** From -1 to 1; 0 where one of them is always the same. */
export function correlation(a, b) {
  const mean = (values) => values.reduce((sum, x) => sum + x, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((x, i) => {
    ab += (x - ma) * (b[i] - mb);
    aa += (x - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  });
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}

/** The value below which a share (0 to 1) of them lies. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
}
