import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Animator, type AnimatorPose, GESTURES, type Input } from '../src/face/animator.js';

interface Step {
  at: number;
  input?: Input;
  pose?: AnimatorPose;
}
interface Vectors {
  stories: Array<{ name: string; seed: number; steps: Step[] }>;
}

const vectors = JSON.parse(readFileSync(new URL('../../../engine/face/data/animator-vectors.json', import.meta.url), 'utf8')) as Vectors;
const TOLERANCE = 1e-4;

/** The numbers and words of a pose by their place in it. */
function leaves(value: unknown, place = ''): Array<[string, unknown]> {
  if (value === null || typeof value !== 'object') return [[place, value]];
  const entries = ArrayBuffer.isView(value) ? Object.entries(Array.from(value as Float32Array)) : Object.entries(value);
  return entries.flatMap(([name, inner]) => leaves(inner, `${place}.${name}`));
}

function expectSame(made: AnimatorPose, kept: AnimatorPose, what: string): void {
  const expected = new Map(leaves(kept));
  const found = leaves(made);
  expect(found.length, what).toBe(expected.size);
  for (const [place, value] of found) {
    const wanted = expected.get(place);
    if (typeof value === 'number' && typeof wanted === 'number') {
      if (!(Math.abs(value - wanted) <= TOLERANCE)) expect.fail(`${what}${place}: ${value} instead of ${wanted}`);
    } else expect(value, `${what}${place}`).toBe(wanted);
  }
}

describe('the animator', () => {
  it.each(vectors.stories)('does what janet-face does: $name', ({ name, seed, steps }) => {
    const animator = new Animator(seed);
    let seen = 0;
    for (const { at, input, pose } of steps) {
      if (input !== undefined) animator.handle(at, input);
      if (pose === undefined) continue;
      expectSame(animator.pose(at), pose, `${name}, ${at} µs`);
      seen += 1;
    }
    expect(seen).toBeGreaterThan(25);
  });

  it('shows the same face at the same moment, however often it is asked', () => {
    const seen = [30, 60, 90, 120].map((rate) => {
      const animator = new Animator(5);
      animator.handle(0, { type: 'activity', activity: 'speaking' });
      const poses: AnimatorPose[] = [];
      for (let frame = 0; frame <= 20 * rate; frame += 1) {
        const pose = animator.pose((frame * 1e6) / rate);
        if (frame % (rate / 10) === 0) poses.push(pose);
      }
      return poses;
    });
    for (const poses of seen.slice(1)) expect(poses).toEqual(seen[0]);
  });

  it.each([NaN, Infinity, -Infinity, -5, 1e300])('makes no face that cannot be of %d', (odd) => {
    const animator = new Animator(odd);
    const inputs: Input[] = [
      { type: 'tone', tone: 'happy', intensity: odd },
      { type: 'look_at', place: { x: odd, y: 1, z: odd } },
      { type: 'playout', sample: odd, playing: true },
      ...GESTURES.map((gesture): Input => ({ type: 'at', sample: odd, cue: { gesture } })),
      { type: 'mouth', weights: [odd, odd] },
    ];
    for (const input of inputs) {
      animator.handle(odd, input);
      for (const at of [1_000, odd, 2_000]) {
        for (const [place, value] of leaves(animator.pose(at))) {
          if (typeof value === 'number') expect(Math.abs(value), place).toBeLessThanOrEqual(2);
        }
      }
    }
  });

  it('takes a time that has been for the latest one', () => {
    const animator = new Animator(1);
    animator.pose(1e6);
    const latest = animator.pose(3e6);
    expect(animator.pose(2e6)).toEqual(latest);
    expect(animator.pose(NaN)).toEqual(latest);
  });
});
