/** Her brows: two bows on the forehead that rise, sink at one end, or rise alone. */
import { Vector3 } from 'three';
import { BROWS } from './colours.js';
import { gridIndex, type Part } from './morph.js';
import type { FaceShape } from './shape.js';
import { lerp, onFace, smooth } from './skull.js';

const ALONG = 24;
const AROUND = 8;
const point = new Vector3();

function brow(side: 1 | -1): (shape: FaceShape) => Float32Array {
  return (shape) => {
    const out = new Float32Array(ALONG * AROUND * 3);
    for (let i = 0; i < ALONG; i += 1) {
      const t = i / (ALONG - 1);
      // t: from the inner end to the outer one.
      const bend = 0.062 * Math.sin(Math.PI * (0.12 + 0.7 * t)) - 0.035 * t * t;
      const inner = (1 - t) ** 1.5;
      const rise = 0.085 * shape.browRaise + (side > 0 ? 0.11 : -0.035) * shape.browLeft * (0.6 + 0.4 * Math.sin(Math.PI * t));
      const worry = shape.browInner * (0.085 * inner - 0.03 * t);
      onFace(side * (lerp(0.135, 0.535, t) - 0.02 * shape.browInner * inner), 0.335 + bend + rise + worry, point);
      const thick = 0.033 * smooth(-0.07, 0.26, t) * smooth(1.06, 0.4, t) + 0.003;
      const at = { x: point.x, y: point.y, z: point.z + 0.012 };
      for (let j = 0; j < AROUND; j += 1) {
        const around = (j / AROUND) * Math.PI * 2;
        point.set(at.x, at.y + Math.sin(around) * thick, at.z + Math.cos(around) * thick * 0.6);
        point.toArray(out, (i * AROUND + j) * 3);
      }
    }
    return out;
  };
}

export function browPart(side: 1 | -1): Part {
  const colours = new Float32Array(ALONG * AROUND * 3);
  for (let i = 0; i < ALONG * AROUND; i += 1) BROWS.toArray(colours, i * 3);
  return { positions: brow(side), index: gridIndex(ALONG, AROUND, true, side < 0), colours };
}
