/**
 * The least that makes a face live: it blinks, breathes, and looks at whoever looks at it. Pure: time (ms) and
 * chance are arguments.
 */
import type { Vector3 } from 'three';
import type { FacePose, ToneName } from './figure.js';
import type { Weights } from './weights.js';

/** What she is doing, as far as a face shows it. */
export type Mood = 'resting' | 'listening' | 'thinking' | 'speaking';

export interface Seen {
  weights: Weights;
  mood: Mood;
  tone: ToneName;
  toneIntensity: number;
  gesture: string | null;
  /** Where the viewer is, in world space. */
  viewer: Vector3;
  /** Whether as little as possible is to move. */
  reduced: boolean;
}

const BLINK_MS = 150;
const BLINK_EVERY_MS = { least: 1_800, most: 5_600 } as const;
const GLANCE_EVERY_MS = { least: 900, most: 3_200 } as const;
const BREATH_MS = 4_200;

export class IdleDriver {
  private blinkAt: number | null = null;
  private glance = { at: -Infinity, x: 0, y: 0 };
  private readonly turn = { pitch: 0, yaw: 0, roll: 0 };
  private at: number | null = null;

  /** `chance` gives numbers from 0 to 1. */
  constructor(private readonly chance: () => number) {}

  /** The pose at a time, which does not go back. */
  pose(now: number, seen: Seen): FacePose {
    const since = this.at === null ? 0 : Math.min(200, now - this.at);
    this.at = now;
    this.moveHead(now, since, seen);
    return {
      weights: seen.weights,
      tone: seen.tone,
      toneIntensity: seen.toneIntensity,
      blink: this.blink(now),
      gazeTarget: this.gaze(now, seen),
      headPitch: this.turn.pitch,
      headYaw: this.turn.yaw,
      headRoll: this.turn.roll,
      breath: seen.reduced ? 0 : 0.5 - 0.5 * Math.cos((now / BREATH_MS) * Math.PI * 2),
      gesture: seen.gesture,
    };
  }

  private blink(now: number): number {
    this.blinkAt ??= now + this.within(BLINK_EVERY_MS);
    const t = (now - this.blinkAt) / BLINK_MS;
    if (t < 0) return 0;
    if (t < 1) return Math.sin(Math.PI * t);
    this.blinkAt = now + this.within(BLINK_EVERY_MS);
    return 0;
  }

  private gaze(now: number, { viewer, mood, reduced }: Seen): Vector3 {
    if (reduced) return viewer;
    if (now >= this.glance.at) {
      // Who thinks looks away, up to one side; who listens stays with the other's eyes.
      const far = mood === 'thinking' ? 0.16 : 0.018;
      this.glance = { at: now + this.within(GLANCE_EVERY_MS), x: (this.chance() - 0.5) * 2 * far, y: mood === 'thinking' ? 0.12 * this.chance() : (this.chance() - 0.5) * far };
    }
    const target = viewer.clone();
    target.x += this.glance.x;
    target.y += this.glance.y;
    return target;
  }

  private moveHead(now: number, since: number, { mood, reduced, weights }: Seen): void {
    const slow = now / 1_000;
    const lively = reduced ? 0 : mood === 'speaking' ? 1 : 0.45;
    const open = 1 - (weights[0] ?? 1);
    const goal = {
      pitch: lively * (0.018 * Math.sin(slow * 0.9) + 0.02 * Math.sin(slow * 2.3) * open) + (mood === 'listening' ? 0.02 : mood === 'thinking' && !reduced ? -0.04 : 0),
      yaw: lively * (0.04 * Math.sin(slow * 0.53) + 0.025 * Math.sin(slow * 1.31)) + (mood === 'thinking' && !reduced ? 0.08 : 0),
      roll: lively * 0.02 * Math.sin(slow * 0.41) + (mood === 'listening' && !reduced ? 0.045 : 0),
    };
    const share = 1 - Math.exp(-since / 260);
    for (const axis of ['pitch', 'yaw', 'roll'] as const) this.turn[axis] += (goal[axis] - this.turn[axis]) * share;
  }

  private within({ least, most }: { least: number; most: number }): number {
    return least + (most - least) * this.chance();
  }
}
