/** When her eyes shut, and how. */
import { seconds, smooth } from './curve.js';
import { micros, type Random } from './random.js';
import { TABLE, type Activity } from './table.js';

const table = TABLE.blink;

export class Blink {
  private begun = 0;
  private pace = 1;
  private depth = 0;
  private next = 0;
  private isSecond = false;

  constructor(private readonly random: Random) {}

  /** Nothing that was due before `now` is made up for. */
  restart(now: number, activity: Activity): void {
    this.depth = 0;
    this.isSecond = false;
    this.next = now + this.random.time(table.interval[activity]);
  }

  advance(now: number, activity: Activity): void {
    while (this.next <= now) {
      this.begun = this.next;
      this.pace = this.random.between(1 - table.duration_spread, 1 + table.duration_spread);
      this.depth = this.random.between(table.depth_min, 1);
      const again = this.random.unit() < table.double_share;
      // Two in a row, not three.
      this.isSecond = again && !this.isSecond;
      this.next += this.isSecond ? micros(table.double_after_s) : this.random.time(table.interval[activity]);
    }
  }

  /** What is left of the interval is as much shorter or longer as intervals are from now on. */
  change(now: number, old: Activity, fresh: Activity): void {
    const ratio = table.interval[fresh].mean_s / table.interval[old].mean_s;
    // No blink begins in another.
    const ends = this.begun + micros(this.pace * (table.closing_s + table.closed_s + table.opening_s));
    this.next = Math.max(ends, now + micros(seconds(now, this.next) * ratio));
  }

  /** How far the eyes are shut, 0 to 1. */
  value(now: number): number {
    const gone = seconds(this.begun, now) / this.pace;
    const opening = gone - table.closing_s - table.closed_s;
    if (opening <= 0) return this.depth * smooth(gone / table.closing_s);
    const left = 1 - smooth(opening / table.opening_s);
    return this.depth * left * left;
  }
}
