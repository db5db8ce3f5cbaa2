/**
 * How often and how finely the face is drawn: as often as is worth it, and no more than the machine can do
 * beside the voice. Pure: times, in ms, are arguments.
 */

/** From the finest to the cheapest. */
const LEVELS = [
  { fps: 60, ratio: 2 },
  { fps: 60, ratio: 1.5 },
  { fps: 60, ratio: 1 },
  { fps: 30, ratio: 1 },
  { fps: 30, ratio: 0.75 },
  { fps: 15, ratio: 0.75 },
  { fps: 8, ratio: 0.5 },
] as const;
/** Where there is no graphics card it begins here. */
const SOFTWARE = 3;
/** Without a word of hers, on a battery, or with reduced motion: so often at the most. */
const CALM_FPS = 30;
/** After so many pictures it judges. */
const JUDGED = 40;
/** A picture that comes so much later than it should is late. */
const LATE = 1.45;
/** In time for so long (ms), it tries the next finer level again: what kept the machine busy may be over. */
const TRIED_AFTER_MS = 20_000;
/** A try that fails makes the next one wait twice as long, up to this. */
const TRIED_AFTER_MOST_MS = 320_000;
/** No screen's own rhythm is slower, ms: longer steps are the machine's. */
const TICK_MOST_MS = 40;
/** Longer than this (ms) between two pictures is a pause, and no measure of the machine. */
const PAUSE_MS = 1_000;

export class Pace {
  private level: number;
  /** The finest that it may become. */
  private readonly finest: number;
  private askedAt: number | null = null;
  /** Since when pictures are in time, and how long that has to last until a finer level is tried. */
  private inTimeSince: number | null = null;
  private patience = TRIED_AFTER_MS;
  private triedAt = -Infinity;
  private drawnAt: number | null = null;
  private late = 0;
  private judged = 0;

  constructor(software: boolean) {
    this.level = this.finest = software ? SOFTWARE : 0;
  }

  /** Pixels of the picture for one of the page's. */
  pixelRatio(ofScreen: number): number {
    return Math.min(ofScreen, this.now.ratio);
  }

  /** Whether a picture is due at this time, and how long, in ms, after the one before. `calm`: less will do. */
  due(at: number, calm: boolean): number | null {
    const fps = calm ? Math.min(CALM_FPS, this.now.fps) : this.now.fps;
    const wished = 1_000 / fps;
    const tick = this.askedAt === null ? 0 : Math.min(at - this.askedAt, TICK_MOST_MS);
    this.askedAt = at;
    if (this.drawnAt === null) {
      this.drawnAt = at;
      return wished;
    }
    const since = at - this.drawnAt;
    // A screen's own rhythm is not ours: now, if the next time that it asks would be farther from what is wished.
    if (since < wished - Math.max(3, tick / 2)) return null;
    this.drawnAt = at;
    this.judge(at, since, wished);
    return Math.min(since, PAUSE_MS);
  }

  /** The next picture is the first again: what lies between was no pace. */
  rest(): void {
    this.drawnAt = this.askedAt = this.inTimeSince = null;
    this.late = this.judged = 0;
  }

  private get now(): (typeof LEVELS)[number] {
    return LEVELS[this.level] as (typeof LEVELS)[number];
  }

  private judge(at: number, since: number, wished: number): void {
    if (since > PAUSE_MS) return;
    this.judged += 1;
    if (since > wished * LATE) this.late += 1;
    if (this.judged < JUDGED) return;
    if (this.late > this.judged / 2) this.coarser(at);
    else if (this.late > this.judged / 10) this.inTimeSince = null;
    else this.finer(at);
    this.late = this.judged = 0;
  }

  private coarser(at: number): void {
    this.inTimeSince = null;
    if (at - this.triedAt < this.patience) this.patience = Math.min(this.patience * 2, TRIED_AFTER_MOST_MS);
    if (this.level + 1 < LEVELS.length) this.level += 1;
  }

  private finer(at: number): void {
    this.inTimeSince ??= at;
    if (this.level === this.finest || at - this.inTimeSince < this.patience) return;
    this.level -= 1;
    this.triedAt = at;
    this.inTimeSince = null;
  }
}
