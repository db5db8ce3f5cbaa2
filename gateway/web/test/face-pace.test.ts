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

  it('becomes finer again once the machine can, and the screen is not slower than that', () => {
    const pace = new Pace(false);
    const clock = { at: 0 };
    /** Asks every `every` ms for so long, and gives the pictures a second. */
    const run = (every: number, seconds: number): number => {
      let drawn = 0;
      const end = clock.at + seconds * 1_000;
      for (; clock.at < end; clock.at += every) if (pace.due(clock.at, false) !== null) drawn += 1;
      return drawn / seconds;
    };
    run(1_000 / 10, 60);
    expect(pace.pixelRatio(2)).toBe(0.5);
    run(1_000 / 60, 300);
    expect(run(1_000 / 60, 5)).toBeGreaterThan(58);
    expect(pace.pixelRatio(2)).toBe(2);
  });

  it('tries what failed more and more rarely', () => {
    const pace = new Pace(false);
    // Sixty coarse pictures a second are possible, fine ones are not.
    let [at, tries, fine] = [0, [] as number[], true];
    for (; at < 3_600_000; at += fine ? 40 : 1_000 / 60) {
      pace.due(at, false);
      if (!fine && pace.pixelRatio(2) > 1) tries.push(at);
      fine = pace.pixelRatio(2) > 1;
    }
    const gaps = tries.slice(1).map((x, i) => x - (tries[i] as number));
    expect(tries.length).toBeGreaterThan(5);
    expect(tries.length).toBeLessThan(20);
    expect(gaps.at(-1)).toBeGreaterThan(300_000);
  });

  it('draws with a slow screen, and does not wait for its next picture but one', () => {
    const pace = new Pace(true);
    // 37 pictures a second are nearer to the 30 that are wished than 18 are.
    expect(rate(pace, 27, 60)).toBeGreaterThan(35);
    expect(pace.pixelRatio(2)).toBe(1);
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
