/** Whether the measure of the mouth's skew says what is true, where that is known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { papa } from '../../gateway/web/dev/mock-face.mjs';
import { RATE } from '../../gateway/web/dev/mock-voice.mjs';
import { courseOf, pace, pictureSkews, places, shift } from './lib/course.mjs';
import { closures, hollows, meanSquares, quantile, skews } from './lib/skew.mjs';

const STEP_MS = 2;
const { samples, frames, shut } = papa(12);
const came = frames.map(({ at_sample: at, weights }) => ({ at, weights }));
const course = courseOf(came);
const voice = { start: 0, power: meanSquares(samples, RATE, STEP_MS) };

/** The frames drawn at `everyMs`, mixed as the page mixes them, `late` ms after their sound, which begins at `begins`. */
function drawn(everyMs, late, begins = 0) {
  return Array.from({ length: Math.floor(11_000 / everyMs) }, (_, i) => {
    const k = ((i * everyMs - late) * 48) / 800;
    const [before, after] = [course[Math.max(0, Math.floor(k))], course[Math.max(0, Math.floor(k) + 1)]];
    const share = k - Math.floor(k);
    return { at: begins + i * everyMs, weights: before.weights.map((x, v) => x * (1 - share) + after.weights[v] * share) };
  });
}

test('the sound is hollow where the lips are shut', () => {
  const heard = hollows(voice.power, 0, STEP_MS);
  assert.equal(heard.length, shut.length);
  heard.forEach(({ from, to }, i) => {
    assert.ok(Math.abs(from - shut[i].from * 1000) <= 5, `${from} and ${shut[i].from * 1000}`);
    assert.ok(Math.abs(to - shut[i].to * 1000) <= 5, `${to} and ${shut[i].to * 1000}`);
  });
});

test('lips that shut late are found to', () => {
  const late = closures(course).map(({ from, to }) => ({ from: from + 30, to: to + 30 }));
  const found = skews(late, hollows(voice.power, 0, STEP_MS)).filter((x) => x !== null);
  assert.ok(found.length >= shut.length && found.every((x) => Math.abs(x - 30) <= 3), JSON.stringify(found));
});

for (const [everyMs, late] of [[17, 0], [1000 / 60, 37], [1000 / 60, -25], [1000 / 24, 12], [101, 20]]) {
  test(`a mouth that is ${late} ms late, drawn every ${everyMs.toFixed(1)} ms`, () => {
    const recorded = { start: 5_000, power: [...new Array(150).fill(0), ...voice.power.map((x) => x / 4)] };
    const heard = places(voice, recorded, STEP_MS);
    assert.ok(heard.length > 50 && heard.every(({ behind }) => Math.abs(behind - 5_300) < 1), JSON.stringify(heard));
    const found = pictureSkews(drawn(everyMs, late, 5_300), course, heard);
    assert.ok(found.length >= 5 && found.every((x) => x !== null && Math.abs(x - late) <= 2), JSON.stringify(found));
  });
}

test('a recording that slips is followed', () => {
  const cut = Math.round(5_000 / STEP_MS);
  const recorded = { start: 0, power: [...voice.power.slice(0, cut), ...voice.power.slice(cut - 10)] };
  const heard = places(voice, recorded, STEP_MS);
  const at = (from, to) => heard.filter((place) => place.at > from && place.at < to).map(({ behind }) => behind);
  assert.ok(at(0, 4_500).every((behind) => Math.abs(behind) < 1), JSON.stringify(heard));
  assert.ok(at(5_500, 11_000).every((behind) => Math.abs(behind - 20) < 1), JSON.stringify(heard));
});

test('a recording that ends too early is as good up to there', () => {
  const heard = places(voice, { start: 0, power: [...new Array(100).fill(0), ...voice.power.slice(0, -300)] }, STEP_MS);
  assert.ok(heard.length > 50 && heard.every(({ behind }) => Math.abs(behind - 200) < 1), JSON.stringify(heard));
});

test('lips that never shut are found out', () => {
  const open = drawn(1000 / 60, 0).map(({ at }) => ({ at, weights: [0, 0, 1, 0, 0, 0, 0, 0, 0, 0] }));
  const found = pictureSkews(open, course, places(voice, voice, STEP_MS));
  assert.ok(found.length > 100 && found.every((x) => x === null));
});

test('a frame that is missing, or comes twice, is found out', () => {
  assert.deepEqual(pace(came), { frames_per_s: 60, uneven: [] });
  assert.deepEqual(pace(came.toSpliced(100, 1)).uneven, [1600]);
  assert.deepEqual(pace([...came, came[7]]).uneven, [0]);
  assert.ok(quantile([3, 1, 2], 0.5) === 2);
});

test('the same course is found where samples are counted from elsewhere, and frames are lost', () => {
  const later = course.filter((_, i) => i % 11 !== 3).map(({ at, weights }) => ({ at: at + (7 * 800) / 48, weights }));
  const { by, share } = shift(course, later);
  assert.ok(Math.abs(by - (7 * 800) / 48) < 1e-6 && share === 1, `${by}, ${share}`);
  assert.ok(shift(course, later.toReversed().map(({ weights }, i) => ({ at: later[i].at, weights }))).share < 0.8);
});
