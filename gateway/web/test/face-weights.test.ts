import { describe, expect, it } from 'vitest';
import { BadFrame, closedMouth, decodeFrame, FaceTimeline, LOST_AFTER, VISEMES, weightsOf, type Frame } from '../src/face/weights.js';

const A = VISEMES.indexOf('A');
const M = VISEMES.indexOf('M');

function bytes(at: number, pairs: Array<[number, number]>): Uint8Array {
  const out = new Uint8Array(5 + pairs.length * 2);
  new DataView(out.buffer).setUint32(0, at, true);
  out[4] = pairs.length;
  pairs.forEach((pair, i) => out.set(pair, 5 + i * 2));
  return out;
}

function frame(at: number, viseme: number, weight = 1): Frame {
  const weights = new Float32Array(VISEMES.length);
  weights[viseme] = weight;
  return { at, weights };
}

/** Weight of a viseme at a position. */
function at(timeline: FaceTimeline, position: number, viseme: number): number {
  return timeline.sample(position, new Float32Array(VISEMES.length))[viseme] as number;
}

describe('a frame', () => {
  it('is read as it is written', () => {
    const read = decodeFrame(bytes(4_000_000_000, [[A, 255], [M, 51]]));
    expect(read.at).toBe(4_000_000_000);
    expect(read.weights[A]).toBe(1);
    expect(read.weights[M]).toBeCloseTo(0.2);
    expect(read.weights[0]).toBe(0);
  });

  it('may lie within a larger buffer', () => {
    const large = new Uint8Array(32);
    large.set(bytes(7, [[A, 255]]), 9);
    expect(decodeFrame(large.subarray(9, 16)).at).toBe(7);
  });

  it('of any other length is refused', () => {
    const whole = bytes(0, VISEMES.map((_, i) => [i, 1]));
    expect(decodeFrame(whole).weights.length).toBe(VISEMES.length);
    for (let length = 0; length < whole.length; length += 1) expect(() => decodeFrame(whole.subarray(0, length))).toThrow(BadFrame);
    expect(() => decodeFrame(new Uint8Array([...whole, 0]))).toThrow(/26/);
    expect(() => decodeFrame(new Uint8Array(0))).toThrow(/at least 5/);
  });

  it('with a viseme or a count that is none is refused, and the field named', () => {
    expect(() => decodeFrame(bytes(0, [[10, 1]]))).toThrow(/^viseme/);
    expect(() => decodeFrame(bytes(0, [[A, 1], [A, 2]]))).toThrow(/twice/);
    expect(() => decodeFrame(new Uint8Array([0, 0, 0, 0, 11, ...new Array<number>(22).fill(0)]))).toThrow(/^count/);
    expect(() => weightsOf([[A, Number.NaN]])).toThrow(/^weight/);
    expect(() => weightsOf([[A, 256]])).toThrow(/^weight/);
    expect(() => weightsOf([[0.5, 1]])).toThrow(/^viseme/);
  });
});

describe('the timeline', () => {
  it('is closed before there is anything', () => {
    expect([...new FaceTimeline().sample(1000, new Float32Array(VISEMES.length))]).toEqual([...closedMouth()]);
  });

  it('lies between two frames', () => {
    const timeline = new FaceTimeline();
    timeline.push(frame(800, A));
    timeline.push(frame(1600, M));
    expect(at(timeline, 800, A)).toBeCloseTo(1);
    expect(at(timeline, 1000, A)).toBeCloseTo(0.75);
    expect(at(timeline, 1000, M)).toBeCloseTo(0.25);
    expect(at(timeline, 1600, M)).toBeCloseTo(1);
  });

  it('opens within a frame before the first', () => {
    const timeline = new FaceTimeline();
    timeline.push(frame(48_000, A));
    expect(at(timeline, 47_000, A)).toBe(0);
    expect(at(timeline, 47_600, A)).toBeCloseTo(0.5);
    expect(at(timeline, 47_600, 0)).toBeCloseTo(0.5);
  });

  it('takes frames in any order, and twice', () => {
    const timeline = new FaceTimeline();
    for (const one of [frame(2400, M), frame(800, A), frame(1600, A, 0.5), frame(800, A), frame(2400, M)]) timeline.push(one);
    expect(timeline.size).toBe(3);
    expect(at(timeline, 1600, A)).toBeCloseTo(0.5);
    expect(at(timeline, 2000, M)).toBeCloseTo(0.5);
  });

  it('bridges a lost frame, and closes when none comes for 200 ms', () => {
    const timeline = new FaceTimeline();
    timeline.push(frame(0, A));
    timeline.push(frame(1600, A));
    expect(at(timeline, 800, A)).toBeCloseTo(1);
    expect(at(timeline, 1600 + LOST_AFTER / 2, A)).toBeCloseTo(1);
    expect(at(timeline, 1600 + LOST_AFTER * 0.75, A)).toBeCloseTo(0.5);
    expect(at(timeline, 1600 + LOST_AFTER, A)).toBe(0);
    expect(at(timeline, 1600 + LOST_AFTER, 0)).toBe(1);
  });

  it('is closed within a pause between two stretches', () => {
    const timeline = new FaceTimeline();
    timeline.push(frame(0, A));
    timeline.push(frame(48_000, M));
    expect(at(timeline, 24_000, 0)).toBe(1);
    expect(at(timeline, 48_000, M)).toBeCloseTo(1);
  });

  it('closes where her voice is cut, and goes on with what comes after', () => {
    const timeline = new FaceTimeline();
    for (let i = 0; i < 20; i += 1) timeline.push(frame(i * 800, A));
    timeline.flush(8_000);
    expect(at(timeline, 8_000, A)).toBeCloseTo(1);
    expect(at(timeline, 9_200, A)).toBeCloseTo(0.5);
    expect(at(timeline, 10_400, A)).toBe(0);
    timeline.push(frame(8_800, M));
    expect(at(timeline, 8_800, M)).toBeCloseTo(1);
  });

  it('does not mind a flush of nothing', () => {
    const timeline = new FaceTimeline();
    timeline.flush(0);
    timeline.push(frame(0, A));
    timeline.flush(10_000);
    expect(at(timeline, 0, A)).toBeCloseTo(1);
  });

  it('goes on over the end of 32 bits, forwards and backwards', () => {
    const timeline = new FaceTimeline();
    timeline.push(frame(2 ** 32 - 800, A));
    timeline.push(frame(800, M));
    timeline.push(frame(0, A, 0.5));
    timeline.push(frame(2 ** 32 - 1600, M));
    expect(at(timeline, 2 ** 32 - 400, A)).toBeCloseTo(0.75);
    expect(at(timeline, 400, M)).toBeCloseTo(0.5);
    expect(at(timeline, 2 ** 32 - 1600, M)).toBeCloseTo(1);
  });

  it('keeps no more than it must', () => {
    const timeline = new FaceTimeline();
    for (let i = 0; i < 5_000; i += 1) timeline.push(frame(i * 800, A));
    expect(timeline.size).toBe(512);
    expect(at(timeline, 4_999 * 800, A)).toBeCloseTo(1);
    expect(timeline.size).toBe(LOST_AFTER / 800);
    timeline.sample(5_000 * 800 + LOST_AFTER * 2, new Float32Array(VISEMES.length));
    expect(timeline.size).toBe(0);
  });

  it('can be counted anew', () => {
    const timeline = new FaceTimeline();
    timeline.push(frame(3_000_000_000, A));
    timeline.restart();
    timeline.push(frame(0, M));
    expect(at(timeline, 0, M)).toBeCloseTo(1);
    expect(timeline.size).toBe(1);
  });
});
