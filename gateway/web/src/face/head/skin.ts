/**
 * Her skin, lips and the inside of her mouth: one mesh of rings around the mouth, so that lips move without a
 * seam. From the throat outwards: throat, inside of the lips, lips, face, back of the head.
 */
import { Color, Vector3 } from 'three';
import { BLUSH, LIP_LINE, LIPS, MOUTH, SKIN, THROAT } from './colours.js';
import { gridIndex, type Part } from './morph.js';
import type { FaceShape } from './shape.js';
import { aroundMouth, lerp, smooth, withJaw } from './skull.js';

const AROUND = 80;
/** Behind the lips: how far back, how much higher or lower, how much wider. */
const INSIDE = [
  { back: 0.5, up: 0, down: 0, wide: 0 },
  { back: 0.46, up: 0.02, down: 0.02, wide: 0.5 },
  { back: 0.4, up: 0.12, down: 0.1, wide: 0.8 },
  { back: 0.26, up: 0.14, down: 0.15, wide: 1.0 },
  { back: 0.14, up: 0.11, down: 0.12, wide: 1.04 },
  { back: 0.09, up: 0.07, down: 0.07, wide: 1.03 },
  { back: 0.055, up: 0.03, down: 0.02, wide: 1.0 },
] as const;
const LIP_RINGS = 8;
/** From the lips to where rings are circles, and from there to the back of the head. */
const NEAR_RINGS = 12;
const FAR_RINGS = 26;
const CIRCLE_FROM = 0.58;
export const RINGS = INSIDE.length + LIP_RINGS + 1 + NEAR_RINGS + FAR_RINGS;
/** Half of the mouth's width at rest. */
const HALF_WIDTH = 0.235;
/** How much of the jaw's motion the corners of the mouth take part in. */
const CORNER = 0.42;

/** The outlines of the lips for a shape, at the angle `around` (0: her left corner, a quarter: the top). */
interface Outline {
  inner: { u: number; v: number };
  outer: { u: number; v: number };
}

function outline(shape: FaceShape, around: number): Outline {
  const c = Math.cos(around);
  const s = Math.sin(around);
  const above = s >= 0;
  const { pucker, press, bite, wide, smile } = shape;
  const half = HALF_WIDTH * (1 + 0.24 * wide + 0.2 * Math.max(0, smile) - 0.54 * pucker - 0.06 * shape.jaw);
  // The line between closed lips: a friendly bow; its ends rise when she smiles.
  const corner = c * c * (1.4 - 0.4 * c * c);
  const line = (0.026 + 0.058 * smile - 0.06 * pucker) * corner - 0.02 * (1 - corner) * Math.max(0, smile);
  // Round lips leave a hole even where the jaw does next to nothing.
  const part = (above ? 0.06 * shape.upper + 0.016 * pucker : -0.1 * shape.lower - 0.06 * pucker + 0.035 * bite) * (1 - press);
  const inner = {
    u: half * c + 0.07 * shape.aside,
    v: line + part * Math.abs(s) ** 0.9 + 0.02 * shape.aside * c - (above ? 0.012 : 0.002) * press * Math.abs(s),
  };
  // Full in the middle, with a dip above for the bow of the upper lip.
  const thinner = 1 - 0.45 * press - 0.14 * Math.max(0, wide) - 0.12 * Math.max(0, smile);
  const bow = above ? 0.084 - 0.02 * Math.exp(-((c / 0.16) ** 2)) - 0.012 * Math.abs(c) : 0.105 * (1 - 0.5 * bite);
  const thick = bow * thinner * (1 + 0.1 * pucker) * Math.abs(s) ** 0.75;
  const outer = { u: inner.u + (0.022 + 0.03 * pucker) * c, v: inner.v + (above ? thick : -thick) };
  return { inner, outer };
}

/** How much of the jaw's motion a point takes part in: the lower lip all, the corners some, the upper lip none. */
function jawShare(around: number, distance: number): number {
  const s = Math.sin(around);
  const lip = lipShare(s);
  const chin = smooth(0.2, -0.62, s);
  const share = lerp(lip, chin, smooth(0.1, 0.5, distance));
  return share * smooth(1.35, 0.8, distance);
}

/** The same on the lips, so that an open mouth is an oval. */
function lipShare(s: number): number {
  return s < 0 ? CORNER + (1 - CORNER) * (-s) ** 0.85 : CORNER * (1 - s) ** 1.3;
}

const point = new Vector3();

function positions(shape: FaceShape): Float32Array {
  const out = new Float32Array(RINGS * AROUND * 3);
  for (let column = 0; column < AROUND; column += 1) {
    const around = (column / AROUND) * Math.PI * 2;
    const { inner, outer } = outline(shape, around);
    const s = Math.sin(around);
    const above = s >= 0;
    for (let ring = 0; ring < RINGS; ring += 1) {
      place(shape, ring, around, inner, outer, above, s);
      point.toArray(out, (ring * AROUND + column) * 3);
    }
  }
  return out;
}

function place(shape: FaceShape, ring: number, around: number, inner: Outline['inner'], outer: Outline['outer'], above: boolean, s: number): void {
  const inside = INSIDE[ring];
  if (ring === 0) {
    // The throat ends in one point.
    aroundMouth(0, 0, point);
    point.z -= INSIDE[0].back;
    withJaw(point, shape.jaw, 0.5);
    return;
  }
  if (inside !== undefined) {
    aroundMouth(inner.u * inside.wide, inner.v, point);
    point.y += (above ? inside.up : -inside.down) * Math.abs(s) ** 0.7;
    point.z += 0.045 * shape.pucker - inside.back - 0.02 * shape.press;
    withJaw(point, shape.jaw, lipShare(s));
    return;
  }
  const lip = (ring - INSIDE.length) / LIP_RINGS;
  if (lip <= 1) {
    aroundMouth(lerp(inner.u, outer.u, lip), lerp(inner.v, outer.v, lip), point);
    // Round across, flat at the corners; rolled in when pressed, forward when round.
    const full = Math.abs(s) ** 0.6 * (above ? 0.05 : 0.062);
    const across = Math.sin(Math.PI * (0.1 + 0.9 * lip) ** 0.85);
    point.z += full * across * (1 - 0.55 * shape.press) - 0.028 * (1 - lip) ** 2;
    point.z += shape.pucker * 0.13 * (1 - 0.35 * lip) * (0.55 + 0.45 * Math.abs(s));
    if (!above) point.z -= shape.bite * 0.055 * Math.abs(s) * (1 - 0.5 * lip);
    withJaw(point, shape.jaw, jawShare(around, 0));
    cheeks(shape);
    return;
  }
  skin(shape, ring - INSIDE.length - LIP_RINGS, around, outer);
}

/** From the lips outwards: what the lips do fades away, what the jaw does goes on to the chin. */
function skin(shape: FaceShape, ring: number, around: number, outer: Outline['outer']): void {
  if (ring <= NEAR_RINGS) {
    const t = (ring / NEAR_RINGS) ** 1.15;
    aroundMouth(lerp(outer.u, CIRCLE_FROM * Math.cos(around), t), lerp(outer.v, CIRCLE_FROM * Math.sin(around), t), point);
    point.z += shape.pucker * 0.085 * (1 - t) ** 3;
    withJaw(point, shape.jaw, jawShare(around, t * CIRCLE_FROM));
  } else {
    const angle = lerp(CIRCLE_FROM, Math.PI, ((ring - NEAR_RINGS) / FAR_RINGS) ** 1.25);
    aroundMouth(angle * Math.cos(around), angle * Math.sin(around), point);
    withJaw(point, shape.jaw, jawShare(around, angle));
  }
  cheeks(shape);
}

/** A smile lifts the cheeks and makes them fuller. */
function cheeks({ smile, press, pucker }: FaceShape): void {
  const side = Math.abs(point.x);
  const full = Math.exp(-0.5 * (((side - 0.42) / 0.17) ** 2 + ((point.y + 0.3) / 0.15) ** 2)) * smooth(0.1, 0.4, point.z);
  point.y += 0.06 * smile * full;
  point.z += (0.055 * Math.max(0, smile) + 0.012 * press - 0.02 * pucker) * full;
}

function colours(rest: Float32Array): Float32Array {
  const out = new Float32Array(rest.length);
  const colour = new Color();
  for (let ring = 0; ring < RINGS; ring += 1) {
    const lip = (ring - INSIDE.length) / LIP_RINGS;
    for (let column = 0; column < AROUND; column += 1) {
      const at = (ring * AROUND + column) * 3;
      if (lip < 0) colour.copy(THROAT).lerp(MOUTH, smooth(0, INSIDE.length - 1, ring));
      else if (lip <= 1) colour.copy(LIP_LINE).lerp(LIPS, smooth(0, 0.35, lip)).lerp(SKIN, smooth(0.8, 1, lip) * 0.75);
      else colour.copy(SKIN).lerp(BLUSH, blush(rest[at] as number, rest[at + 1] as number, rest[at + 2] as number));
      colour.toArray(out, at);
    }
  }
  return out;
}

function blush(x: number, y: number, z: number): number {
  if (z < 0.2) return 0;
  const side = Math.abs(x);
  const cheek = Math.exp(-0.5 * (((side - 0.45) / 0.14) ** 2 + ((y + 0.27) / 0.1) ** 2));
  const nose = Math.exp(-0.5 * ((x / 0.09) ** 2 + ((y + 0.23) / 0.07) ** 2));
  return 0.5 * cheek + 0.28 * nose;
}

/** The mesh of her skin; `rest` is its shape at rest, for its colours. */
export function skinPart(rest: FaceShape): Part {
  return { positions, index: gridIndex(RINGS, AROUND, true), colours: colours(positions(rest)) };
}

/**
 * The inner edges of the lips in the middle of the mouth, and how far they are apart (both in y; apart: positive
 * is open). The same points that are drawn.
 */
export function lipGap(shape: FaceShape, which: 'apart' | 'upper' | 'lower' = 'apart'): number {
  const drawn = positions(shape);
  const y = (column: number): number => drawn[(INSIDE.length * AROUND + column) * 3 + 1] as number;
  const [upper, lower] = [y(AROUND / 4), y((AROUND * 3) / 4)];
  return which === 'upper' ? upper : which === 'lower' ? lower : upper - lower;
}
