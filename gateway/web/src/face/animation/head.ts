/** How she turns her head, and what is left to her eyes. */
import { radians, within, type Angles } from './angles.js';
import { Level, Spring } from './curve.js';
import type { Moved } from './gesture.js';
import { drift } from './random.js';
import { TABLE, type Activity } from './table.js';

const table = TABLE.head;

/** Head and eyes. */
export interface Held extends Angles {
  readonly roll: number;
  readonly eyes: Angles;
}

export class Head {
  private readonly pitch = new Spring(table.spring_per_s);
  private readonly yaw = new Spring(table.spring_per_s);
  private readonly gain = new Level(table.drift_gain.idle);

  constructor(private readonly seed: number) {}

  /** Turns towards whoever is at `target`, and a little towards where she looks instead. */
  aim(now: number, target: Angles, away: Angles): void {
    this.pitch.aim(now, beyondTheEyes(target.pitch) + table.away_share * away.pitch);
    this.yaw.aim(now, beyondTheEyes(target.yaw) + table.away_share * away.yaw);
  }

  change(now: number, fresh: Activity): void {
    this.gain.aim(now, table.drift_gain[fresh], table.drift_gain_s);
  }

  /** With `gaze` where she looks. Her eyes make up for what the head does: who nods goes on looking. */
  value(now: number, gaze: Angles, moved: Moved): Held {
    const gain = this.gain.value(now);
    const drifting = (axis: 0 | 1 | 2): number =>
      gain * radians(table.drift_deg[axis] as number) * drift(this.seed, axis, table.drift_s[axis] as number, now);
    const pitch = within(this.pitch.value(now) + drifting(0) + moved.pitch, table.pitch_deg);
    const yaw = within(this.yaw.value(now) + drifting(1) + moved.yaw, table.yaw_deg);
    const roll = within(drifting(2) + moved.roll, table.roll_deg);
    const eyes = {
      pitch: Math.min(radians(TABLE.gaze.eye_down_deg), Math.max(-radians(TABLE.gaze.eye_up_deg), gaze.pitch - pitch)),
      yaw: within(gaze.yaw - yaw, TABLE.gaze.eye_yaw_deg),
    };
    return { pitch, yaw, roll, eyes };
  }
}

/** The head's part of a turn: nothing of a small one. */
function beyondTheEyes(angle: number): number {
  const beyond = Math.abs(angle) - radians(table.eyes_alone_deg);
  return table.share * Math.max(0, beyond) * Math.sign(angle);
}
