import { describe, expect, it } from 'vitest';
import { Resampler } from '../src/audio/resample.js';

function tone(hz: number, rate: number, seconds: number): Float32Array {
  return Float32Array.from({ length: Math.round(rate * seconds) }, (_, i) => Math.sin((2 * Math.PI * hz * i) / rate));
}

function inBlocks(resampler: Resampler, input: Float32Array, block: number): Float32Array {
  const parts: number[] = [];
  for (let at = 0; at < input.length; at += block) parts.push(...resampler.push(input.slice(at, at + block)));
  return Float32Array.from(parts);
}

/** Root mean square, without the filter's run-in. */
function rms(samples: Float32Array): number {
  const settled = samples.slice(400, -400);
  return Math.sqrt(settled.reduce((sum, x) => sum + x * x, 0) / settled.length);
}

describe('the resampler', () => {
  it.each([
    [48_000, 16_000],
    [44_100, 16_000],
    [96_000, 16_000],
    [16_000, 16_000],
    [22_050, 16_000],
    [24_000, 48_000],
    [24_000, 44_100],
  ])('from %i to %i Hz: length, level and frequency are right', (from, to) => {
    const out = inBlocks(new Resampler(from, to), tone(1000, from, 1), 128);
    expect(Math.abs(out.length - to)).toBeLessThanOrEqual(1);
    expect(rms(out)).toBeCloseTo(Math.SQRT1_2, 2);
    // Without the first tenth, where the filter rings on the tone's sudden start.
    const crossings = out.filter((x, i) => i > to / 10 && (out[i - 1] as number) < 0 && x >= 0).length;
    expect(Math.abs(crossings - 900)).toBeLessThanOrEqual(1);
  });

  it('does not depend on how the input is cut', () => {
    const input = tone(440, 44_100, 0.3);
    const whole = new Resampler(44_100, 16_000).push(input);
    expect(inBlocks(new Resampler(44_100, 16_000), input, 128)).toEqual(whole);
    expect(inBlocks(new Resampler(44_100, 16_000), input, 37)).toEqual(whole);
  });

  it('takes out what the lower rate cannot hold', () => {
    expect(rms(inBlocks(new Resampler(48_000, 16_000), tone(11_000, 48_000, 0.5), 128))).toBeLessThan(0.003);
  });

  it('is the true signal, delayed by what it says', () => {
    const resampler = new Resampler(48_000, 16_000);
    const out = inBlocks(resampler, tone(700, 48_000, 0.5), 128);
    for (let i = 500; i < 600; i += 1) {
      const t = (i * 3 - resampler.delay + 1) / 48_000;
      const near = [t - 1 / 48_000, t, t + 1 / 48_000].map((s) => Math.abs(Math.sin(2 * Math.PI * 700 * s) - (out[i] as number)));
      expect(Math.min(...near)).toBeLessThan(0.01);
    }
  });

  it('keeps a constant constant', () => {
    const out = new Resampler(44_100, 16_000).push(new Float32Array(8000).fill(0.25));
    for (const x of out.slice(200)) expect(x).toBeCloseTo(0.25, 5);
  });
});
