/** What is to be done at a sample of her voice, and when that sample is heard. */
import type { Gesture } from './gesture.js';
import { micros } from './random.js';
import { TABLE } from './table.js';
import type { ToneName } from './expression.js';

export type Cue = { readonly gesture: Gesture } | { readonly tone: ToneName; readonly intensity: number };

interface Due {
  readonly at: number;
  readonly late: number;
}

export class VoiceClock {
  private told: { at: number; sample: number; playing: boolean } | null = null;

  tell(now: number, sample: number, playing: boolean): void {
    this.told = { at: now, sample, playing };
  }

  /** The moment of a sample, and how many seconds ago it should have been; null: nobody can say yet. */
  when(sample: number): Due | null {
    if (this.told === null) return null;
    const rate = TABLE.sample_rate_hz;
    if (sample <= this.told.sample) return { at: this.told.at, late: (this.told.sample - sample) / rate };
    const ahead = (sample - this.told.sample) / rate;
    // Further ahead she may have been paused or taken back without a word so far.
    return this.told.playing && ahead <= TABLE.clock_stale_s ? { at: this.told.at + micros(ahead), late: 0 } : null;
  }
}

/** More than anybody does in the few seconds that are sent ahead. */
const MOST = 64;

/** Those that are still to come, by their sample. When there are too many, the first gives way. */
export class Cues {
  private waiting: Array<{ sample: number; told: number; cue: Cue }> = [];

  put(told: number, sample: number, cue: Cue): void {
    if (this.waiting.length >= MOST) this.waiting.shift();
    let behind = this.waiting.length;
    while (behind > 0 && (this.waiting[behind - 1]?.sample ?? 0) > sample) behind -= 1;
    this.waiting.splice(behind, 0, { sample, told, cue });
  }

  flush(): void {
    this.waiting = [];
  }

  /** Takes the next one whose moment has come, with that moment. */
  take(now: number, clock: VoiceClock): { at: number; cue: Cue } | null {
    for (let first = this.waiting[0]; first !== undefined; first = this.waiting[0]) {
      const due = clock.when(first.sample);
      if (due === null) return null;
      const at = Math.max(due.at, first.told);
      if (at > now) return null;
      this.waiting.shift();
      // A nod to a word of a while ago is odd; a tone holds until the next one.
      if ('tone' in first.cue || due.late <= TABLE.gesture.late_s) return { at, cue: first.cue };
    }
    return null;
  }
}
