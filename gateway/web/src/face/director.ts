/**
 * What moves her face, over the animator: what the page knows goes in (what goes on, where the viewer is, which
 * sample is heard), and a pose for a figure comes out. Time is an argument, in ms.
 */
import { Quaternion, Vector3 } from 'three';
import { TABLE } from './animation/table.js';
import { Animator, isGesture } from './animator.js';
import type { FaceCue } from './feed.js';
import { TONES, type FacePose } from './figure.js';
import { POSITION_HZ, type Weights } from './weights.js';

/** What she is doing, as far as a face shows it. */
export type Mood = 'resting' | 'listening' | 'thinking' | 'speaking';

/** What is known at one moment. */
export interface Seen {
  /** Her mouth. */
  weights: Weights;
  /** The sample of hers (48 kHz) that is heard; null: she is silent. */
  position: number | null;
  /** What is due at that sample. */
  cues: readonly FaceCue[];
  /** Where the viewer is, and where her eyes are with her head at rest, in world space. */
  viewer: Vector3;
  eyes: Vector3;
  /** How the figure stands in the world. */
  stands: Quaternion;
  /** Whether as little as possible is to move. */
  reduced: boolean;
}

/** How late, in samples, a gesture may be. */
const LATE = TABLE.gesture.late_s * POSITION_HZ;
/** How much of the head's motion is left where less is wished for. */
const REDUCED = 0.25;
/** What she looks at lies so far away, in metres: only its direction counts. */
const FAR = 2;
/** A viewer who has moved by less than this, in metres, is where he was. */
const STILL = 0.005;

export class Director {
  private readonly animator: Animator;
  private lookedAt: Vector3 | null = null;
  private last: number | null = null;
  private readonly target = new Vector3();
  private readonly place = new Vector3();
  private readonly turned = new Quaternion();

  /** `seed`: an integer of 32 bits, from which all chances follow. */
  constructor(seed: number) {
    this.animator = new Animator(seed);
  }

  /** What she does now. */
  setMood(now: number, mood: Mood): void {
    this.animator.handle(micros(now), { type: 'activity', activity: mood === 'resting' ? 'idle' : mood });
  }

  /** The pose at a time, which does not go back. */
  pose(now: number, seen: Seen): FacePose {
    const at = micros(now);
    this.hear(at, seen);
    this.lookAt(at, seen);
    const { gaze, headPitch, headYaw, headRoll, ...pose } = this.animator.pose(at);
    const share = seen.reduced ? REDUCED : 1;
    if (seen.reduced) this.target.copy(seen.viewer);
    else this.target.set(gaze.x, gaze.y, gaze.z).multiplyScalar(FAR).applyQuaternion(seen.stands).add(seen.eyes);
    return {
      weights: seen.weights,
      tone: pose.tone,
      toneIntensity: pose.toneIntensity,
      blink: pose.blink,
      gazeTarget: this.target,
      headPitch: headPitch * share,
      headYaw: headYaw * share,
      headRoll: headRoll * share,
      breath: seen.reduced ? 0 : pose.breath,
      gesture: pose.gesture,
      smile: pose.smile,
      brow: pose.brow,
    };
  }

  private hear(at: number, { position, cues }: Seen): void {
    if (position !== null) this.animator.handle(at, { type: 'playout', sample: position, playing: true });
    else if (this.last !== null) this.animator.handle(at, { type: 'playout', sample: this.last, playing: false });
    this.last = position;
    for (const cue of cues) {
      const tone = TONES.find((name) => cue.kind === 'tone' && name === cue.name);
      if (tone !== undefined && cue.kind === 'tone') this.animator.handle(at, { type: 'tone', tone, intensity: cue.intensity });
      else if (cue.kind === 'gesture' && isGesture(cue.name) && position !== null) {
        // Samples are counted modulo 2^32, here or there.
        const ago = Math.max(0, (position - cue.at) | 0);
        // One of a while ago, when nobody saw her, is left out.
        if (ago <= LATE) this.animator.handle(at, { type: 'at', sample: position, cue: { gesture: cue.name } });
      }
    }
  }

  private lookAt(at: number, { viewer, eyes, stands }: Seen): void {
    this.place.copy(viewer).sub(eyes).applyQuaternion(this.turned.copy(stands).invert());
    if (this.lookedAt !== null && this.lookedAt.distanceTo(this.place) < STILL) return;
    this.lookedAt ??= new Vector3();
    this.lookedAt.copy(this.place);
    const { x, y, z } = this.place;
    this.animator.handle(at, { type: 'look_at', place: { x, y, z } });
  }
}

/** The animator counts whole microseconds. */
function micros(ms: number): number {
  return Math.round(ms * 1_000);
}
