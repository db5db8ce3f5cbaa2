/** The last seconds of both voices' loudness, for the waveform. */

/** One step is 20 ms. */
export const LEVEL_STEPS = 240;

/** A ring of peaks, 0 to 1. */
export class Levels {
  private readonly ring = new Float32Array(LEVEL_STEPS);
  private head = 0;
  /** The loudest of all. */
  loudest = 0;

  push(peak: number): void {
    this.ring[this.head] = peak;
    this.head = (this.head + 1) % LEVEL_STEPS;
    this.loudest = Math.max(this.loudest, peak);
  }

  /** The peak `ago` steps before the newest. */
  at(ago: number): number {
    return this.ring[(this.head - 1 - ago + 2 * LEVEL_STEPS) % LEVEL_STEPS] as number;
  }

  /** Nothing was loud lately. */
  get quiet(): boolean {
    return this.ring.every((peak) => peak < 0.002);
  }
}

/** Height (0 to 1) that shows a peak: between amplitude and decibels, so that syllables stand out. */
export function levelHeight(peak: number): number {
  return peak <= 0.002 ? 0 : Math.min(1, peak ** 0.65);
}
