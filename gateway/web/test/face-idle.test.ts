import { Vector3 } from 'three';
import { describe, expect, it } from 'vitest';
import { IdleDriver, type Mood, type Seen } from '../src/face/idle.js';
import { closedMouth } from '../src/face/weights.js';

/** Chance that is the same each time. */
function chance(): () => number {
  let state = 7;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

function seen(mood: Mood, reduced = false): Seen {
  return { weights: closedMouth(), mood, tone: 'neutral', toneIntensity: 0, gesture: null, viewer: new Vector3(0, 0, 1), reduced };
}

/** Poses of so many seconds, at sixty a second. */
function poses(mood: Mood, seconds: number, reduced = false): ReturnType<IdleDriver['pose']>[] {
  const driver = new IdleDriver(chance());
  return Array.from({ length: seconds * 60 }, (_, i) => driver.pose((i * 1_000) / 60, seen(mood, reduced)));
}

describe('a face with nothing to do', () => {
  it('blinks now and then, wholly, and is open in between', () => {
    const blinks = poses('resting', 60).map(({ blink }) => blink);
    const times = blinks.filter((blink, i) => blink > 0.9 && (blinks[i - 1] ?? 0) <= 0.9).length;
    expect(times).toBeGreaterThanOrEqual(8);
    expect(times).toBeLessThanOrEqual(40);
    expect(blinks.filter((blink) => blink === 0).length).toBeGreaterThan(blinks.length * 0.9);
  });

  it('never jumps with its head', () => {
    const turns = poses('speaking', 20);
    for (const axis of ['headPitch', 'headYaw', 'headRoll'] as const) {
      const steps = turns.slice(1).map((pose, i) => Math.abs(pose[axis] - (turns[i]?.[axis] ?? 0)));
      expect(Math.max(...steps)).toBeLessThan(0.01);
      expect(Math.max(...turns.map((pose) => Math.abs(pose[axis])))).toBeGreaterThan(0.005);
    }
  });

  it('looks at the viewer, and away while it thinks', () => {
    const away = (mood: Mood): number => Math.max(...poses(mood, 30).map(({ gazeTarget }) => (gazeTarget as Vector3).distanceTo(new Vector3(0, 0, 1))));
    expect(away('listening')).toBeLessThan(0.03);
    expect(away('thinking')).toBeGreaterThan(0.08);
  });

  it('keeps still where that is wished for', () => {
    for (const pose of poses('thinking', 20, true)) {
      expect(pose.breath).toBe(0);
      expect(pose.headYaw).toBe(0);
      expect(pose.headRoll).toBe(0);
      expect((pose.gazeTarget as Vector3).equals(new Vector3(0, 0, 1))).toBe(true);
    }
  });
});
