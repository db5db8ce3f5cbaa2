/** Who is on the stage: her own head, or an avatar. Both take the same pose. */
import type { Object3D, Vector3 } from 'three';
import type { Weights } from './weights.js';

/** What a face can say beside its mouth. */
export const TONES = ['neutral', 'happy', 'thinking', 'concerned'] as const;
export type ToneName = (typeof TONES)[number];

/** What a figure does at one moment. Angles are in radians. */
export interface FacePose {
  /** The mouth. */
  weights: Weights;
  tone: ToneName;
  /** 0 to 1. */
  toneIntensity: number;
  /** Both lids: 0 open, 1 closed. */
  blink: number;
  /** What the eyes look at, in world space; null: straight ahead. */
  gazeTarget: Vector3 | null;
  /** Down is positive. */
  headPitch: number;
  /** To her left is positive. */
  headYaw: number;
  /** Towards her left shoulder is negative, as a rotation about the axis that points out of her face. */
  headRoll: number;
  /** 0 breathed out, 1 breathed in. */
  breath: number;
  /** The gesture under way, by its name on the wire; what it moves is in the angles already. */
  gesture: string | null;
  /** Beside her tone, 0 to 1. */
  smile?: number;
  brow?: number;
}

export interface Figure {
  /** Goes into the scene. In metres; its origin is the base of the neck, and it looks along +z. */
  readonly object: Object3D;
  /** What gaze comes from and pictures are framed by: between the eyes. */
  readonly head: Object3D;
  /** Takes a pose; springs and the like move on by `dtSeconds`. */
  apply(pose: FacePose, dtSeconds: number): void;
  /** Lets go of geometries, textures and materials. */
  dispose(): void;
}

/** A pose that does nothing. */
export function restingPose(weights: Weights): FacePose {
  return { weights, tone: 'neutral', toneIntensity: 0, blink: 0, gazeTarget: null, headPitch: 0, headYaw: 0, headRoll: 0, breath: 0, gesture: null };
}
