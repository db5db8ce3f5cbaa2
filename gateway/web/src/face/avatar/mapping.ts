/** The tables by which other vocabularies say what her mouth and face do, as janet-face exports them. */
import table from '../../../../../engine/face/data/mapping.json';
import type { ToneName } from '../figure.js';

/** Names of another vocabulary, and how much of each. */
export type Row = Readonly<Record<string, number>>;

/** What a vocabulary has for a whole face. */
export interface FaceRows {
  readonly visemes: Readonly<Record<string, Row>>;
  readonly tones: Readonly<Record<ToneName, Row>>;
  readonly gestures: Readonly<Record<string, Row>>;
  readonly looking: Readonly<Record<Way, Row>>;
  readonly blink: Row;
}

/** Where eyes can turn to; left and right are her own. */
export const WAYS = ['up', 'down', 'left', 'right'] as const;
export type Way = (typeof WAYS)[number];

interface Mapping {
  readonly looking_full_rad: number;
  readonly ovr: { readonly names: readonly string[]; readonly visemes: FaceRows['visemes'] };
  readonly ovr_morph_names: Readonly<Record<string, string>>;
  readonly arkit: FaceRows & { readonly names: readonly string[] };
  readonly vrm: FaceRows & { readonly names: readonly string[] };
}

// The compiler makes a type of its own for every row, none of which has the names of the others.
export const MAPPING = table as unknown as Mapping;
