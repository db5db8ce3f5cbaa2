/** Her breath. */
import { seconds } from './curve.js';
import type { Random } from './random.js';
import { TABLE, type Activity } from './table.js';

export class Breath {
  private begun = 0;
  private period = 1;
  private inhaleShare = 0.5;

  constructor(private readonly random: Random) {}

  /** A breath is finished as it was begun; the next one is as the conversation is by then. */
  advance(now: number, activity: Activity): void {
    while (this.begun + this.period <= now) this.begin(this.begun + this.period, activity);
  }

  begin(at: number, activity: Activity): void {
    this.begun = at;
    this.period = this.random.time(TABLE.breath.period[activity]);
    this.inhaleShare = TABLE.breath.inhale_share[activity];
  }

  /** How full her chest is, 0 to 1. */
  value(now: number): number {
    const share = Math.min(1, seconds(this.begun, now) / (this.period / 1e6));
    if (share < this.inhaleShare) return (1 - Math.cos((Math.PI * share) / this.inhaleShare)) / 2;
    return (1 + Math.cos((Math.PI * (share - this.inhaleShare)) / (1 - this.inhaleShare))) / 2;
  }
}
