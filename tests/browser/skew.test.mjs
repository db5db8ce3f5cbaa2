/** Whether the measure of the mouth's skew says what is true, where that is known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { papa } from '../../gateway/web/dev/mock-face.mjs';
import { RATE } from '../../gateway/web/dev/mock-voice.mjs';
import { bestSkew, closures, dips, quantile, skews } from './lib/skew.mjs';

const STEP_MS = 2;
const { samples, frames, shut } = papa(12);

/** Mean squares of steps of 2 ms. */
function powerOf(sound) {
  const step = (RATE * STEP_MS) / 1000;
  return Array.from({ length: Math.floor(sound.length / step) }, (_, i) => sound.subarray(i * step, (i + 1) * step).reduce((sum, x) => sum + (x / 32768) ** 2, 0) / step);
}

/** The frames drawn at `everyMs`, mixed as the page mixes them, `late` ms after their sound. */
function drawn(everyMs, late) {
  const weights = frames.map((frame) => frame.weights.reduce((all, [viseme, weight]) => all.with(viseme, weight / 255), new Array(10).fill(0)));
  return Array.from({ length: Math.floor(11_000 / everyMs) }, (_, i) => {
    const at = i * everyMs;
    const k = ((at - late) * 48) / 800;
    const [before, after] = [weights[Math.max(0, Math.floor(k))], weights[Math.max(0, Math.floor(k) + 1)]];
    const share = k - Math.floor(k);
    return { at, weights: before.map((x, v) => x * (1 - share) + after[v] * share) };
  });
}

test('silences are heard where the lips are shut', () => {
  const heard = dips(powerOf(samples), 0, STEP_MS);
  assert.equal(heard.length, shut.length);
  heard.forEach(({ from, to }, i) => {
    assert.ok(Math.abs(from - shut[i].from * 1000) <= 5, `${from} and ${shut[i].from * 1000}`);
    assert.ok(Math.abs(to - shut[i].to * 1000) <= 5, `${to} and ${shut[i].to * 1000}`);
  });
});

for (const [everyMs, late] of [[1000 / 60, 0], [1000 / 60, 37], [1000 / 60, -25], [1000 / 24, 12]]) {
  test(`a mouth that is ${late} ms late, drawn every ${everyMs.toFixed(1)} ms`, () => {
    const power = powerOf(samples);
    const found = skews(dips(power, 0, STEP_MS).filter(({ to }) => to < 10_000), closures(drawn(everyMs, late)));
    assert.ok(found.length > 15 && found.every((x) => x !== null), JSON.stringify(found));
    assert.ok(Math.abs(quantile(found, 0.5) - late) <= 4, `median ${quantile(found, 0.5)}`);
    assert.ok(Math.abs(quantile(found, 0.95) - late) <= 12, `p95 ${quantile(found, 0.95)}`);
    const best = bestSkew(power.slice(0, 5000), 0, STEP_MS, drawn(everyMs, late));
    assert.ok(Math.abs(best.skew - late) <= 6 && best.correlation > 0.8, JSON.stringify(best));
  });
}

test('lips that never shut are found out', () => {
  const open = Array.from({ length: 600 }, (_, i) => ({ at: i * 16.7, weights: [0, 1, 0, 0, 0, 0, 0, 0, 0, 0] }));
  const found = skews(dips(powerOf(samples), 0, STEP_MS), closures(open));
  assert.ok(found.every((x) => x === null));
});
