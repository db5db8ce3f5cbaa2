/** Chance that is the same as in janet-face: integers of 32 bits, then divisions. */
import type { Spread } from './table.js';

/** The generator mulberry32. */
export class Random {
  private state: number;

  /** One of several independent ones of the same seed. */
  constructor(seed: number, channel: number) {
    this.state = (seed ^ Math.imul(channel, 0x9e3779b9)) | 0;
    this.bits();
  }

  bits(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** Evenly from 0, inclusive, to 1, exclusive. */
  unit(): number {
    return this.bits() / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.unit();
  }

  /** −1 or 1. */
  side(): number {
    return this.unit() < 0.5 ? -1 : 1;
  }

  private normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.unit()));
    return radius * Math.cos(2 * Math.PI * this.unit());
  }

  /** A time of this spread, in microseconds. */
  time({ mean_s, deviation_s, min_s, max_s }: Spread): number {
    const ratio = deviation_s / mean_s;
    const variance = Math.log(ratio * ratio + 1);
    const logarithm = Math.log(mean_s) - variance / 2 + Math.sqrt(variance) * this.normal();
    return micros(Math.min(max_s, Math.max(min_s, Math.exp(logarithm))));
  }

  /** A place in `shares`, by their size. */
  choice(shares: readonly number[]): number {
    let left = this.unit() * shares.reduce((sum, share) => sum + share, 0);
    for (let at = 0; at < shares.length; at += 1) {
      left -= shares[at] as number;
      if (left < 0) return at;
    }
    return shares.length - 1;
  }
}

/** Seconds as whole microseconds. */
export function micros(seconds: number): number {
  return Math.floor(seconds * 1e6 + 0.5);
}

/** Slow, smooth chance between −1 and 1, for a wave of `period` seconds; the same for the same moment. */
export function drift(seed: number, channel: number, period: number, now: number): number {
  const place = now / 1e6 / period;
  const before = Math.floor(place);
  const point = before >>> 0;
  const left = lattice(seed, channel, point);
  const right = lattice(seed, channel, (point + 1) >>> 0);
  const x = place - before;
  return left + (right - left) * (x * x * x * (x * (x * 6 - 15) + 10));
}

function lattice(seed: number, channel: number, point: number): number {
  let mixed = seed ^ Math.imul(channel, 0x85ebca6b) ^ Math.imul(point, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  mixed ^= mixed >>> 16;
  return (mixed >>> 0) / 2 ** 31 - 1;
}
