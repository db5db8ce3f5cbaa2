import { describe, expect, it } from 'vitest';
import { decodeVoiceFrame, encodePcm16, unwrapSample } from '../src/protocol/frames.js';

function frame(first: number, samples: number[]): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(4 + samples.length * 2));
  view.setUint32(0, first, true);
  samples.forEach((x, i) => view.setInt16(4 + i * 2, x, true));
  return view.buffer;
}

describe('frames of the streaming voice', () => {
  it('a frame from the server gives its first sample and its sound', () => {
    const decoded = decodeVoiceFrame(frame(4_000_000_000, [0, 16384, -32768]));
    expect(decoded?.first).toBe(4_000_000_000);
    expect([...(decoded?.samples ?? [])]).toEqual([0, 0.5, -1]);
  });

  it('a frame of the header alone is empty', () => {
    expect(decodeVoiceFrame(frame(7, []))?.samples.length).toBe(0);
  });

  it.each([0, 3, 5, 7])('a frame of %i bytes is refused', (bytes) => {
    expect(decodeVoiceFrame(new ArrayBuffer(bytes))).toBeNull();
  });

  it('samples become little-endian, clipped, with silence for what is not a number', () => {
    const view = new DataView(encodePcm16(Float32Array.of(0, 0.5, 2, -2, NaN)));
    expect([0, 1, 2, 3, 4].map((i) => view.getInt16(i * 2, true))).toEqual([0, 16384, 32767, -32768, 0]);
  });

  it('what was encoded decodes to within one step', () => {
    const samples = Float32Array.from({ length: 200 }, (_, i) => Math.sin(i / 7) * 0.9);
    const body = new Uint8Array(encodePcm16(samples));
    const whole = new Uint8Array(4 + body.length);
    whole.set(body, 4);
    const decoded = decodeVoiceFrame(whole.buffer);
    samples.forEach((x, i) => expect(Math.abs((decoded?.samples[i] as number) - x)).toBeLessThan(2 / 32768));
  });
});

describe('32-bit sample numbers', () => {
  const wrap = 2 ** 32;
  it.each([
    ['near the beginning', 480, 0, 480],
    ['just behind', 100, 150, 100],
    ['over the wrap', 10, wrap - 20, wrap + 10],
    ['back over the wrap', wrap - 5, wrap + 10, wrap - 5],
    ['after several wraps', 77, 3 * wrap + 70, 3 * wrap + 77],
    ['a full number', 3 * wrap + 77, 3 * wrap + 70, 3 * wrap + 77],
    ['never below zero', wrap - 1, 5, wrap - 1],
  ])('%s', (_, low, near, expected) => {
    expect(unwrapSample(low, near)).toBe(expected);
  });
});
