/** What is inside her mouth: two bows of teeth, and a tongue. They move with the jaw, not with the lips. */
import { Color, Vector3 } from 'three';
import { GUMS, TEETH, TONGUE } from './colours.js';
import { gridIndex, type Part } from './morph.js';
import type { FaceShape } from './shape.js';
import { aroundMouth, lerp, smooth, withJaw } from './skull.js';

/** Where the lips meet at rest. */
const LIPS_AT = aroundMouth(0, 0, new Vector3());
/** Where each row of teeth ends. */
const EDGE = { upper: LIPS_AT.y - 0.012, lower: LIPS_AT.y - 0.045 } as const;
const ACROSS = 48;
const point = new Vector3();

/** A row of teeth as a bent band: its outline from the gum over the front and the edge to the back. */
function bow(upper: boolean): (shape: FaceShape) => Float32Array {
  const sign = upper ? 1 : -1;
  const half = upper ? 0.215 : 0.19;
  const front = LIPS_AT.z - (upper ? 0.085 : 0.115);
  const edge = upper ? EDGE.upper : EDGE.lower;
  const outline = [
    { y: 0.15, z: -0.03 },
    { y: 0.11, z: 0 },
    { y: 0.02, z: 0.012 },
    { y: 0, z: 0 },
    { y: 0, z: -0.03 },
    { y: 0.14, z: -0.06 },
  ];
  return (shape) => {
    const out = new Float32Array(outline.length * ACROSS * 3);
    outline.forEach(({ y, z }, row) => {
      for (let i = 0; i < ACROSS; i += 1) {
        const along = lerp(-1, 1, i / (ACROSS - 1));
        const angle = along * 1.45;
        // Each tooth is a little round: the band waves.
        const tooth = Math.abs(Math.sin(along * 4.5 * Math.PI)) ** 0.5;
        const radius = half + z * 0.6 + 0.006 * tooth;
        point.set(Math.sin(angle) * radius, edge + sign * (y + 0.008 * (1 - tooth) * (row === 3 || row === 4 ? 1 : 0)), 0);
        point.z = front + z - (1 - Math.cos(angle)) * 0.3;
        if (!upper) withJaw(point, shape.jaw, 1);
        point.toArray(out, (row * ACROSS + i) * 3);
      }
    });
    return out;
  };
}

export function teethPart(upper: boolean): Part {
  const rows = 6;
  const colours = new Float32Array(rows * ACROSS * 3);
  const colour = new Color();
  for (let row = 0; row < rows; row += 1) {
    for (let i = 0; i < ACROSS; i += 1) {
      const along = Math.abs(lerp(-1, 1, i / (ACROSS - 1)));
      colour.copy(TEETH);
      if (row === 0 || row === 5) colour.copy(GUMS);
      // Little light falls on the back ones, and on the lower row.
      colour.multiplyScalar(lerp(upper ? 0.95 : 0.8, 0.35, smooth(0.35, 1, along)));
      colour.toArray(colours, (row * ACROSS + i) * 3);
    }
  }
  return { positions: bow(upper), index: gridIndex(rows, ACROSS, false, upper), colours };
}

const TONGUE_ROWS = 20;
const TONGUE_COLUMNS = 20;

function tongue(shape: FaceShape): Float32Array {
  const out = new Float32Array(TONGUE_ROWS * TONGUE_COLUMNS * 3);
  for (let row = 0; row < TONGUE_ROWS; row += 1) {
    const t = row / (TONGUE_ROWS - 1);
    // From the root to the tip: broad, then round; thin at the tip.
    const angle = t * Math.PI;
    const tip = smooth(0.35, 1, t);
    for (let column = 0; column < TONGUE_COLUMNS; column += 1) {
      const around = (column / TONGUE_COLUMNS) * Math.PI * 2;
      const width = 0.15 * Math.sin(angle) ** 0.55;
      const thick = lerp(0.085, 0.04, tip) * Math.sin(angle) ** 0.5;
      point.set(Math.cos(around) * width, Math.sin(around) * thick, lerp(-0.32, 0.12, t) + 0.27 * shape.tongueOut * t ** 1.5);
      // A furrow along its middle.
      if (point.y > 0) point.y -= 0.02 * Math.exp(-((point.x / 0.035) ** 2)) * Math.sin(angle);
      point.y += -0.125 + 0.1 * shape.tongueUp * Math.sin(angle) + shape.tongueOut * (0.07 + 0.075 * tip) - 0.03 * (1 - shape.tongueOut) * tip;
      point.y += LIPS_AT.y;
      point.z += LIPS_AT.z - 0.3;
      withJaw(point, shape.jaw, lerp(0.85, 0.62, shape.tongueOut));
      point.toArray(out, (row * TONGUE_COLUMNS + column) * 3);
    }
  }
  return out;
}

export function tonguePart(): Part {
  const colours = new Float32Array(TONGUE_ROWS * TONGUE_COLUMNS * 3);
  const colour = new Color();
  for (let row = 0; row < TONGUE_ROWS; row += 1) {
    colour.copy(TONGUE).multiplyScalar(lerp(0.35, 1, smooth(0.2, 0.9, row / (TONGUE_ROWS - 1))));
    for (let column = 0; column < TONGUE_COLUMNS; column += 1) colour.toArray(colours, (row * TONGUE_COLUMNS + column) * 3);
  }
  return { positions: tongue, index: gridIndex(TONGUE_ROWS, TONGUE_COLUMNS, true, true), colours };
}

/** Where the upper teeth end (y). */
export function teethEdge(): number {
  return EDGE.upper;
}

/** The tip of the tongue. */
export function tongueTip(shape: FaceShape): Vector3 {
  return new Vector3().fromArray(tongue(shape), (TONGUE_ROWS - 1) * TONGUE_COLUMNS * 3);
}
