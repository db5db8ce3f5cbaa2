import { describe, expect, it } from 'vitest';
import { Pace } from '../src/face/pace.js';

/** Asks every `every` ms for so many seconds, and gives the pictures a second of the last one. */
function rate(pace: Pace, every: number, seconds: number, calm = false): number {
  let drawn = 0;
  for (let at = 0; at < seconds * 1_000; at += every) {
    if (pace.due(at, calm) !== null && at >= (seconds - 1) * 1_000) drawn += 1;
  }
  return drawn;
}

describe('the pace of the face', () => {
  it('is that of the screen where the machine can', () => {
    const pace = new Pace(false);
    expect(rate(pace, 1_000 / 60, 10)).toBeGreaterThanOrEqual(59);
    expect(pace.pixelRatio(3)).toBe(2);
  });

  it('is no more than sixty on a faster screen, and half where little moves', () => {
    expect(rate(new Pace(false), 1_000 / 144, 3)).toBeLessThanOrEqual(75);
    expect(rate(new Pace(false), 1_000 / 60, 3, true)).toBeLessThanOrEqual(31);
  });

  it('becomes coarser and slower where the machine cannot, and stays there', () => {
    const pace = new Pace(false);
    // Twelve pictures a second is all it can.
    expect(rate(pace, 1_000 / 12, 60)).toBeLessThanOrEqual(12);
    expect(pace.pixelRatio(2)).toBeLessThan(1);
    pace.rest();
    expect(pace.pixelRatio(2)).toBeLessThan(1);
  });

  it('does not judge by a pause', () => {
    const pace = new Pace(false);
    for (let i = 0; i < 200; i += 1) pace.due(i * 5_000, false);
    expect(pace.pixelRatio(2)).toBe(2);
  });

  it('begins low where there is no graphics card', () => {
    expect(new Pace(true).pixelRatio(2)).toBe(1);
    expect(rate(new Pace(true), 1_000 / 60, 3)).toBeLessThanOrEqual(31);
  });

  it('tells how long it was, and never more than a second', () => {
    const pace = new Pace(false);
    expect(pace.due(0, false)).toBeCloseTo(1_000 / 60);
    expect(pace.due(5, false)).toBeNull();
    expect(pace.due(20, false)).toBe(20);
    expect(pace.due(60_000, false)).toBe(1_000);
  });
});
