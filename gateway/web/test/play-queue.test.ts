import { describe, expect, it } from 'vitest';
import { PlayQueue } from '../src/audio/play-queue.js';

const RATE = 24_000;
const FADE = 240;

function ones(count: number, value = 0.5): Float32Array {
  return new Float32Array(count).fill(value);
}

function pull(queue: PlayQueue, count: number): Float32Array {
  const out = new Float32Array(count);
  queue.pull(out);
  return out;
}

/** A queue that has played `played` of `total` samples of a constant tone. */
function playing(played: number, total: number): PlayQueue {
  const queue = new PlayQueue(RATE);
  queue.push(0, ones(total));
  pull(queue, played);
  return queue;
}

/** The biggest jump between neighbours. A full fade over 10 ms steps by 0.5 / 240. */
function roughest(...parts: Float32Array[]): number {
  const all = parts.flatMap((part) => [...part]);
  return Math.max(...all.slice(1).map((x, i) => Math.abs(x - (all[i] as number))));
}

describe('playing', () => {
  it('an empty queue is silent and its counter stands', () => {
    const queue = new PlayQueue(RATE);
    expect([...pull(queue, 300)].every((x) => x === 0)).toBe(true);
    expect(queue.playedSample).toBe(0);
    expect(queue.playing).toBe(false);
  });

  it('plays every sample once, in order, and counts them exactly', () => {
    const queue = new PlayQueue(RATE);
    const samples = Float32Array.from({ length: 1000 }, (_, i) => i / 1000);
    for (let at = 0; at < 1000; at += 100) queue.push(at, samples.slice(at, at + 100));
    const out = pull(queue, 1000);
    expect(out.slice(FADE)).toEqual(samples.slice(FADE));
    expect(queue.playedSample).toBe(1000);
    expect(queue.counters.played).toBe(1000);
  });

  it('starts with a fade', () => {
    const out = pull(playing(0, 1000), 600);
    expect(roughest(Float32Array.of(0), out)).toBeLessThan(0.0022);
    expect(out[FADE]).toBe(0.5);
  });

  it('waits for 20 ms of sound, but no longer than 20 ms', () => {
    const queue = new PlayQueue(RATE);
    queue.push(0, ones(100));
    expect([...pull(queue, 470)].every((x) => x === 0)).toBe(true);
    pull(queue, 20);
    expect(queue.playing).toBe(true);
  });

  it('ends with no click when it runs dry, and goes on where it stopped as an underrun', () => {
    const queue = playing(400, 500);
    const end = pull(queue, 300);
    expect(queue.playedSample).toBe(500);
    expect(queue.playing).toBe(false);
    expect(roughest(end)).toBeLessThan(0.03);
    queue.push(500, ones(1000));
    pull(queue, 100);
    expect(queue.counters.underruns).toBe(1);
    expect(queue.playedSample).toBe(600);
  });

  it('a pause between two answers is no underrun', () => {
    const queue = playing(500, 500);
    pull(queue, RATE);
    queue.push(500, ones(1000));
    pull(queue, 10);
    expect(queue.counters.underruns).toBe(0);
  });

  it('a hole in the middle is silence of the same length, without clicks', () => {
    const queue = new PlayQueue(RATE);
    queue.push(0, ones(1000));
    queue.push(2000, ones(1000));
    const out = pull(queue, 3000);
    expect(Math.abs(out[1900] as number)).toBeLessThan(1e-4);
    expect(out[2000 + FADE]).toBe(0.5);
    expect(queue.playedSample).toBe(3000);
    expect(roughest(out)).toBeLessThan(0.03);
    expect(queue.counters.played).toBe(2000);
  });

  it('a hole longer than the server may send ahead is jumped over', () => {
    const queue = new PlayQueue(RATE);
    queue.push(0, ones(500));
    queue.push(100_000, ones(500));
    pull(queue, 1000);
    expect(queue.playedSample).toBe(100_500);
  });

  it('sound that begins later than expected in a silent queue begins at once', () => {
    const queue = playing(500, 500);
    pull(queue, 5000);
    queue.push(50_000, ones(600));
    pull(queue, 300);
    expect(queue.playedSample).toBe(50_300);
  });

  it('samples that come after their time are dropped and counted', () => {
    const queue = playing(600, 1000);
    queue.push(100, ones(200));
    expect(queue.counters.lateSamples).toBe(200);
    queue.push(900, ones(200));
    expect(queue.counters.lateSamples).toBe(300);
    pull(queue, 500);
    expect(queue.playedSample).toBe(1100);
  });

  it('more than two seconds in hand drops the oldest and counts them', () => {
    const queue = new PlayQueue(RATE);
    for (let at = 0; at < 3 * RATE; at += 480) queue.push(at, ones(480));
    expect(queue.queued).toBe(2 * RATE);
    expect(queue.counters.overrunSamples).toBe(RATE);
    pull(queue, 10);
    expect(queue.playedSample).toBe(RATE + 10);
  });

  it('goes on over the wrap of the 32-bit number', () => {
    const wrap = 2 ** 32;
    const queue = new PlayQueue(RATE);
    queue.push(wrap - 500, ones(500));
    queue.push(0, ones(500));
    pull(queue, 1000);
    expect(queue.playedSample).toBe(wrap + 500);
    queue.push(500, ones(500));
    queue.flush(700);
    pull(queue, 600);
    expect(queue.playedSample).toBe(wrap + 700);
  });
});

describe('a flush', () => {
  it('at or behind the play position fades out within 10 ms and reports where sound stops', () => {
    const queue = playing(1000, 4000);
    const before = pull(queue, 100);
    queue.flush(500);
    expect(queue.playedSample).toBe(1100 + FADE);
    const after = pull(queue, 1000);
    expect(roughest(before.slice(-1), after)).toBeLessThan(0.0022);
    expect([...after.slice(FADE)].every((x) => Math.abs(x) < 1e-6)).toBe(true);
    expect(queue.playedSample).toBe(1100 + FADE);
    expect(queue.playing).toBe(false);
    expect(queue.queued).toBe(0);
  });

  it('during the first fade-in makes no click either', () => {
    const queue = playing(120, 4000);
    const out = pull(queue, 1);
    queue.flush(0);
    expect(roughest(out, pull(queue, 600))).toBeLessThan(0.005);
  });

  it('ahead of the play position keeps what comes before it and fades its end', () => {
    const queue = playing(1000, 4000);
    queue.flush(2000);
    expect(queue.playedSample).toBe(1000);
    const out = pull(queue, 1500);
    expect(queue.playedSample).toBe(2000);
    expect(out[500]).toBe(0.5);
    expect(roughest(out)).toBeLessThan(0.0022);
  });

  it('beyond what is held changes no sound', () => {
    const queue = playing(500, 1000);
    queue.flush(3000);
    expect(pull(queue, 500)[499]).toBe(0.5);
  });

  it('of a silent queue is answered with where it stands', () => {
    const queue = playing(500, 500);
    pull(queue, 2000);
    queue.flush(500);
    expect(queue.playedSample).toBe(500);
    expect(queue.counters.flushes).toBe(1);
  });

  it('is followed by a resume at the reported sample, faded in', () => {
    const queue = playing(1000, 4000);
    queue.flush(1000);
    const silence = pull(queue, 3000);
    const at = queue.playedSample;
    queue.push(at, ones(2000));
    const resumed = pull(queue, 1000);
    expect(roughest(silence.slice(-1), resumed)).toBeLessThan(0.0022);
    expect(resumed[FADE]).toBe(0.5);
    expect(queue.playedSample).toBe(at + 1000);
    expect(queue.counters.lateSamples).toBe(0);
  });

  it('lets the stream begin again at the flush itself, before what was played', () => {
    const queue = playing(1000, 4000);
    queue.flush(600);
    pull(queue, 3000);
    queue.push(600, ones(2000));
    pull(queue, 100);
    expect(queue.playedSample).toBe(700);
    expect(queue.counters.lateSamples).toBe(0);
  });

  it('lets the stream begin again while the fade still sounds', () => {
    const queue = playing(1000, 4000);
    queue.flush(1000);
    const first = pull(queue, 50);
    queue.push(1000, ones(2000));
    const rest = pull(queue, 1000);
    expect(roughest(first, rest)).toBeLessThan(0.0022);
    expect(queue.playedSample).toBe(1000 + 1050 - FADE);
  });

  it('does not let the stream go back twice', () => {
    const queue = playing(1000, 4000);
    queue.flush(1000);
    queue.push(1000, ones(1000));
    pull(queue, 1500);
    queue.push(1000, ones(100));
    expect(queue.counters.lateSamples).toBe(100);
  });

  it('twice in a row is like once', () => {
    const queue = playing(1000, 4000);
    queue.flush(1000);
    queue.flush(1000);
    expect(queue.playedSample).toBe(1000 + FADE);
  });

  it('ahead, then new sound at the cut, goes on with a fade in', () => {
    const queue = playing(1000, 4000);
    queue.flush(2000);
    queue.push(2000, ones(1000));
    const out = pull(queue, 2000);
    expect(roughest(out)).toBeLessThan(0.0022);
    expect(out[1000 + FADE]).toBe(0.5);
    expect(queue.playedSample).toBe(3000);
  });

  it('ahead, then new sound a little behind the cut, makes no pause where sound was dropped', () => {
    const queue = playing(1000, 5000);
    queue.flush(2000);
    queue.push(4400, ones(2000));
    const out = pull(queue, 2000);
    expect(queue.playedSample).toBe(5400);
    expect(out[1000 + FADE]).toBe(0.5);
    expect(roughest(out)).toBeLessThan(0.03);
  });
});

describe('a restart', () => {
  it('counts samples from 0 again and keeps its counters', () => {
    const queue = playing(1000, 4000);
    const before = pull(queue, 10);
    queue.restart();
    expect(queue.playedSample).toBe(0);
    expect(queue.counters.played).toBe(1010 + FADE);
    expect(queue.counters.flushes).toBe(0);
    const fading = pull(queue, 500);
    expect(roughest(before.slice(-1), fading)).toBeLessThan(0.0022);
    queue.push(0, ones(1000));
    pull(queue, 600);
    expect(queue.playedSample).toBe(600);
    expect(queue.counters.lateSamples).toBe(0);
  });

  it('also takes a stream that goes on counting', () => {
    const queue = playing(1000, 1000);
    pull(queue, 100);
    queue.restart();
    queue.push(1000, ones(1000));
    pull(queue, 600);
    expect(queue.playedSample).toBe(1600);
  });
});
