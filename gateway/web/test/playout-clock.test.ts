import { describe, expect, it } from 'vitest';
import { PlayoutClock } from '../src/rtc/playout-clock.js';

const WRAP = 2 ** 32;
const FRAME_MS = 1000 / 60;

/**
 * A browser that plays from `from` to `to` (ms): at each animation frame it says which packet of 20 ms
 * it is in. `rtpAt` is the truth.
 */
function play(clock: PlayoutClock, from: number, to: number, rtpAt: (at: number) => number): void {
  for (let at = from; at < to; at += FRAME_MS) clock.onPlayed(packet(rtpAt(at)), at);
}

/** What a packet's timestamp says of a moment within it; on the average half a packet too little. */
function packet(rtp: number): number {
  return (((Math.floor(rtp / 960) * 960) % WRAP) + WRAP) % WRAP;
}

const HALF_A_PACKET = 480;
/** Samples of 5 ms. */
const CLOSE = 240;

describe('what is heard', () => {
  it('is not known before anything was played, or before the first clock', () => {
    const clock = new PlayoutClock();
    expect(clock.sampleAt(0)).toBeNull();
    clock.onClock(1_000, 0);
    expect(clock.sampleAt(0)).toBeNull();
    const other = new PlayoutClock();
    play(other, 0, 500, (at) => 48 * at);
    expect(other.sampleAt(500)).toBeNull();
  });

  it('is found between the steps of packets', () => {
    const clock = new PlayoutClock();
    clock.onClock(9_600, 700);
    play(clock, 0, 2_000, (at) => 48 * at);
    for (const at of [1_900, 1_955, 2_000]) expect(Math.abs((clock.sampleAt(at) ?? NaN) - (700 + 48 * at - 9_600 - HALF_A_PACKET))).toBeLessThan(CLOSE);
  });

  it('is what left a while ago where sound takes its time to the ear', () => {
    const clock = new PlayoutClock();
    clock.onClock(0, 0);
    play(clock, 0, 1_000, (at) => 48 * at);
    const late = (clock.sampleAt(1_000) ?? NaN) - (clock.sampleAt(1_000 - 80) ?? NaN);
    expect(Math.abs(late - 80 * 48)).toBeLessThan(100);
  });

  it('is nothing before the first clock has its turn', () => {
    const clock = new PlayoutClock();
    clock.onClock(96_000, 5);
    play(clock, 0, 1_500, (at) => 48 * at);
    expect(clock.sampleAt(1_500)).toBeNull();
    play(clock, 1_500, 3_000, (at) => 48 * at);
    expect(Math.abs((clock.sampleAt(3_000) ?? NaN) - (5 + 48_000 - HALF_A_PACKET))).toBeLessThan(CLOSE);
  });

  it.each([
    ['the timestamp wraps', WRAP - 24_000, 0],
    ['the sample wraps', 0, WRAP - 24_000],
    ['both wrap', WRAP - 10_000, WRAP - 30_000],
  ])('goes on where %s', (_, rtp, sample) => {
    const clock = new PlayoutClock();
    clock.onClock(rtp, sample);
    let before = sample;
    for (let at = 0; at < 3_000; at += 100) {
      play(clock, at, at + 100, (t) => rtp + 48 * t);
      const now = clock.sampleAt(at + 100) ?? NaN;
      const step = (now - before + WRAP) % WRAP;
      // The first steps are from few points.
      if (at >= 500) expect(Math.abs(step - 4_800)).toBeLessThan(CLOSE);
      before = now;
    }
    expect(Math.abs(((before - sample + WRAP) % WRAP) - (3_000 * 48 - HALF_A_PACKET))).toBeLessThan(CLOSE);
  });

  it('finds a clock from before the wrap when the first thing played is behind it', () => {
    const clock = new PlayoutClock();
    clock.onClock(WRAP - 4_800, 0);
    play(clock, 0, 500, (at) => 48 * at);
    expect(Math.abs((clock.sampleAt(500) ?? NaN) - (4_800 + 24_000 - HALF_A_PACKET))).toBeLessThan(CLOSE);
  });

  it('follows a browser that plays faster or slower than it was recorded', () => {
    for (const pace of [0.9, 1.1]) {
      const clock = new PlayoutClock();
      clock.onClock(0, 0);
      play(clock, 0, 3_000, (at) => 48 * pace * at);
      expect(Math.abs((clock.sampleAt(3_000) ?? NaN) - (48 * pace * 3_000 - HALF_A_PACKET))).toBeLessThan(CLOSE);
    }
  });

  it('follows a jump at once', () => {
    const clock = new PlayoutClock();
    clock.onClock(0, 0);
    play(clock, 0, 1_000, (at) => 48 * at);
    play(clock, 1_000, 1_300, (at) => 48 * at + 48_000);
    expect(Math.abs((clock.sampleAt(1_300) ?? NaN) - (48 * 1_300 + 48_000 - HALF_A_PACKET))).toBeLessThan(CLOSE);
  });

  it('works ten times a second, too', () => {
    const clock = new PlayoutClock();
    clock.onClock(0, 0);
    for (let at = 0; at <= 2_000; at += 100) clock.onPlayed(packet(48 * at), at);
    // Every 100 ms are the beginning of a packet.
    expect(Math.abs((clock.sampleAt(2_050) ?? NaN) - 48 * 2_050)).toBeLessThan(CLOSE);
  });

  it('is not guessed long after anything was played', () => {
    const clock = new PlayoutClock();
    clock.onClock(0, 0);
    play(clock, 0, 1_000, (at) => 48 * at);
    // With nothing more to play the browser stands still, or nearly.
    const last = clock.sampleAt(1_000) ?? NaN;
    expect((clock.sampleAt(1_900) ?? NaN) - last).toBeLessThan(48 * 60);
    expect(clock.sampleAt(2_500)).toBeNull();
  });

  it('ends where she fell silent, and goes on with the next clock', () => {
    const clock = new PlayoutClock();
    clock.onClock(0, 100);
    play(clock, 0, 1_000, (at) => 48 * at);
    clock.onSilent(1_000);
    // What was on its way is still told.
    expect(clock.sampleAt(950)).not.toBeNull();
    play(clock, 1_000, 1_500, (at) => 48 * at);
    expect(clock.sampleAt(1_500)).toBeNull();
    clock.onClock(48 * 1_600, 60_000);
    expect(clock.sampleAt(1_500)).toBeNull();
    play(clock, 1_500, 2_000, (at) => 48 * at);
    expect(Math.abs((clock.sampleAt(2_000) ?? NaN) - (60_000 + 48 * 400 - HALF_A_PACKET))).toBeLessThan(CLOSE);
  });

  it('never runs into what the next clock begins with', () => {
    const clock = new PlayoutClock();
    clock.onClock(0, 0);
    // She was silent from 20,000 on, which nobody said; her next words begin there.
    clock.onClock(96_000, 20_000);
    play(clock, 0, 1_000, (at) => 48 * at);
    expect(clock.sampleAt(1_000)).toBe(20_000);
  });
});
