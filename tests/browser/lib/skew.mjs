/**
 * How far the mouth is from the sound, out of what was heard and what was drawn. Pure: times are in ms of one clock.
 *
 * A skew is positive where the mouth is late.
 */

/** A mouth whose lips meet, and sound that pauses for it: shorter than this is a sound's own, longer is a pause. */
const CLOSURE_MS = { least: 40, most: 400 };
/** Silent is what is so many decibels below the loudest. */
const SILENT_DB = 30;
/** Further apart than this, a closure and a silence are not of the same sound. */
const SAME_MS = 200;
const VISEMES = { sil: 0, m: 6 };

/** Silences between sounds: `[{ from, to }]`, of the mean squares `power` that begin at `start` and are `step` long. */
export function dips(power, start, step) {
  const silent = Math.max(...power) / 10 ** (SILENT_DB / 10);
  const found = [];
  let from = null;
  let sounded = false;
  power.forEach((x, i) => {
    const at = start + i * step;
    if (x > silent) {
      if (from !== null && sounded) found.push({ from, to: at });
      from = null;
      sounded = true;
    } else from ??= at;
  });
  return found.filter(isClosure);
}

/** When the lips were shut: `[{ from, to }]`, of frames `{ at, weights }` as they were drawn. */
export function closures(frames) {
  const found = [];
  let from = null;
  for (let i = 1; i < frames.length; i += 1) {
    const [before, now] = [frames[i - 1].weights[VISEMES.m], frames[i].weights[VISEMES.m]];
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

/** For each silence the skew of the closure of the lips that is nearest to it; null where there is none. */
export function skews(silences, shut) {
  return silences.map((silence) => {
    const away = shut.map((closure) => middle(closure) - middle(silence)).sort((a, b) => Math.abs(a) - Math.abs(b));
    return away.length > 0 && Math.abs(away[0]) <= SAME_MS ? away[0] : null;
  });
}

/** The skew at which the mouth's opening goes best with loudness, and how well (correlation, -1 to 1). */
export function bestSkew(power, start, step, frames) {
  const most = Math.max(...power);
  const loud = power.map((x) => Math.max(0, 1 + (10 * Math.log10(x / most + 1e-10)) / SILENT_DB));
  let best = { skew: 0, correlation: -1 };
  for (let skew = -SAME_MS; skew <= SAME_MS; skew += step) {
    const open = openings(frames, start + skew, step, loud.length);
    const found = correlation(loud, open);
    if (found > best.correlation) best = { skew, correlation: found };
  }
  return best;
}

/** How open the mouth was at each step: all that is neither rest nor shut lips. */
function openings(frames, start, step, count) {
  let next = 1;
  const open = ({ weights }) => 1 - Math.min(1, weights[VISEMES.sil] + weights[VISEMES.m]);
  return Array.from({ length: count }, (_, i) => {
    const at = start + i * step;
    while (next < frames.length - 1 && frames[next].at < at) next += 1;
    const [before, after] = [frames[next - 1], frames[next]];
    const share = Math.min(1, Math.max(0, (at - before.at) / (after.at - before.at || 1)));
    return open(before) * (1 - share) + open(after) * share;
  });
}

function correlation(a, b) {
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
