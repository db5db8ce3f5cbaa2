/**
 * What a face can do, as the few movements it is made of, and which of them make each viseme and each tone.
 * Geometry is a function of these; a morph target is the difference between two of them.
 */
import { TONES } from '../figure.js';
import { VISEMES } from '../weights.js';

export interface FaceShape {
  /** The jaw opens: 1 is as wide as speech goes. */
  jaw: number;
  /** The corners of the mouth move apart. */
  wide: number;
  /** The lips become round and come forward. */
  pucker: number;
  /** The lips are pressed on each other and roll in. */
  press: number;
  /** The lower lip lies under the upper teeth. */
  bite: number;
  /** The upper lip rises from the teeth. */
  upper: number;
  /** The lower lip goes down from the teeth. */
  lower: number;
  /** The tip of the tongue comes between the teeth. */
  tongueOut: number;
  /** The tongue rises to the palate. */
  tongueUp: number;
  /** The corners rise, and the cheeks with them; negative: they sink. */
  smile: number;
  /** The mouth goes to her left. */
  aside: number;
  /** Both brows rise. */
  browRaise: number;
  /** The inner ends of the brows rise, and the outer ones sink a little. */
  browInner: number;
  /** Her left brow rises alone. */
  browLeft: number;
}

export const REST: FaceShape = {
  jaw: 0,
  wide: 0,
  pucker: 0,
  press: 0,
  bite: 0,
  upper: 0,
  lower: 0,
  tongueOut: 0,
  tongueUp: 0,
  smile: 0,
  aside: 0,
  browRaise: 0,
  browInner: 0,
  browLeft: 0,
};

export type Morph = Exclude<(typeof VISEMES)[number], 'sil'> | Exclude<(typeof TONES)[number], 'neutral'> | 'browRaise';
/** `sil` and `neutral`, the first of theirs, are the rest. */
export const MORPHS = [...VISEMES.slice(1), ...TONES.slice(1), 'browRaise'] as readonly Morph[];

const TABLE: Record<Morph, Partial<FaceShape>> = {
  A: { jaw: 0.92, upper: 0.25, lower: 0.1, wide: 0.05 },
  E: { jaw: 0.42, wide: 0.5, upper: 0.35, lower: 0.35, tongueUp: 0.3 },
  I: { jaw: 0.1, wide: 0.9, upper: 0.5, lower: 0.6, tongueUp: 0.1 },
  O: { jaw: 0.56, pucker: 0.62, upper: 0.55 },
  U: { jaw: 0.1, pucker: 1 },
  M: { press: 1, wide: 0.06 },
  F: { jaw: 0.1, bite: 1, upper: 1.15, wide: 0.25 },
  Th: { jaw: 0.3, wide: 0.2, upper: 0.3, lower: 0.35, tongueOut: 1 },
  P: { press: 0.8, pucker: 0.3 },
  happy: { smile: 1, wide: 0.25, browRaise: 0.3 },
  thinking: { aside: 1, press: 0.3, pucker: 0.15, browLeft: 1 },
  concerned: { smile: -0.75, press: 0.15, browInner: 1 },
  browRaise: { browRaise: 1 },
};

/** The face with this morph at its full. */
export function shapeOf(morph: Morph): FaceShape {
  return { ...REST, ...TABLE[morph] };
}
