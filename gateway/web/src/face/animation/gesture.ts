/** What she does on purpose: nods, shakes her head, tilts it, glances away, smiles, raises her brows. */
import { radians } from './angles.js';
import { seconds, smooth } from './curve.js';
import type { Random } from './random.js';
import { TABLE, type GestureShape } from './table.js';

export const GESTURES = ['nod', 'shake', 'tilt', 'glance_away', 'smile', 'brow_raise'] as const;
export type Gesture = (typeof GESTURES)[number];

/** Whether there is a gesture of this name. */
export function isGesture(name: string): name is Gesture {
  return (GESTURES as readonly string[]).includes(name);
}

/** What all gestures together do: angles in radians, weights 0 to 1. */
export interface Moved {
  pitch: number;
  yaw: number;
  roll: number;
  gazeYaw: number;
  smile: number;
  brow: number;
}

interface Going {
  readonly begun: number;
  readonly side: number;
}

/** At most one of each kind at a time: nobody nods twice at once. */
export class Gestures {
  private readonly going = new Map<Gesture, Going>();

  constructor(private readonly random: Random) {}

  begin(at: number, gesture: Gesture): void {
    // Drawn in any case, so that what comes later does not depend on it.
    const side = this.random.side();
    const before = this.going.get(gesture);
    if (before === undefined || seconds(before.begun, at) >= shape(gesture).seconds) this.going.set(gesture, { begun: at, side });
  }

  moved(now: number): Moved {
    const moved: Moved = { pitch: 0, yaw: 0, roll: 0, gazeYaw: 0, smile: 0, brow: 0 };
    for (const [gesture, { begun, side }] of this.going) {
      const how = shape(gesture);
      const gone = seconds(begun, now);
      if (gone >= how.seconds) continue;
      if (gesture === 'nod') moved.pitch += radians(how.amount) * nodding(how, gone);
      else if (gesture === 'shake') moved.yaw += side * radians(how.amount) * shaking(how, gone);
      else if (gesture === 'tilt') moved.roll += side * radians(how.amount) * held(how, gone);
      else if (gesture === 'glance_away') moved.gazeYaw += side * radians(how.amount) * held(how, gone);
      else if (gesture === 'smile') moved.smile += how.amount * held(how, gone);
      else moved.brow += how.amount * held(how, gone);
    }
    return moved;
  }

  /** The one under way that was begun last. */
  current(now: number): Gesture | null {
    let last: { begun: number; gesture: Gesture } | null = null;
    for (const gesture of GESTURES) {
      const begun = this.going.get(gesture)?.begun;
      if (begun === undefined || seconds(begun, now) >= shape(gesture).seconds) continue;
      if (last === null || begun > last.begun) last = { begun, gesture };
    }
    return last?.gesture ?? null;
  }
}

function shape(gesture: Gesture): GestureShape {
  return TABLE.gesture[gesture];
}

/** Down and up, each time a little less. */
function nodding(how: GestureShape, gone: number): number {
  const share = gone / how.seconds;
  return ((1 - Math.cos(2 * Math.PI * how.cycles * share)) / 2) * (1 - 0.5 * share);
}

/** To one side and the other, growing and dying away. */
function shaking(how: GestureShape, gone: number): number {
  const share = gone / how.seconds;
  return Math.sin(2 * Math.PI * how.cycles * share) * Math.sin(Math.PI * share);
}

function held(how: GestureShape, gone: number): number {
  return smooth(gone / how.attack_s) * smooth((how.seconds - gone) / how.release_s);
}
