/** Neck, and the hint of shoulders in a high collar. */
import { Color } from 'three';
import { CLOTH, CLOTH_DARK, SKIN } from './colours.js';
import { gridIndex, still } from './morph.js';
import { smooth } from './skull.js';

const COLUMNS = 48;

interface Ring {
  y: number;
  x: number;
  z: number;
  /** How far back. */
  back: number;
}

/** Rings from the top to the bottom, each an oval. */
function rings(list: readonly Ring[], colourAt: (row: number, around: number) => Color): ReturnType<typeof still> {
  const positions: number[] = [];
  const colours: number[] = [];
  list.forEach((ring, row) => {
    for (let i = 0; i < COLUMNS; i += 1) {
      const around = (i / COLUMNS) * Math.PI * 2;
      positions.push(Math.sin(around) * ring.x, ring.y, Math.cos(around) * ring.z - ring.back);
      colourAt(row, around).toArray(colours, colours.length);
    }
  });
  return still({ positions: new Float32Array(positions), index: gridIndex(list.length, COLUMNS, true), colours: new Float32Array(colours) });
}

export function neckGeometry(): ReturnType<typeof still> {
  const list = Array.from({ length: 10 }, (_, i) => {
    const t = i / 9;
    const waist = 1 - 0.1 * Math.sin(Math.PI * Math.min(1, t * 1.2));
    return { y: -0.66 - 0.99 * t, x: 0.37 * waist + 0.08 * smooth(0.6, 1, t), z: 0.38 * waist + 0.06 * smooth(0.6, 1, t), back: 0.2 };
  });
  // Her chin throws a shadow on it.
  const colour = new Color();
  return rings(list, (row, around) => colour.copy(SKIN).multiplyScalar(1 - 0.4 * smooth(7, 2, row) * smooth(-0.2, 0.8, Math.cos(around))));
}

export function clothGeometry(): ReturnType<typeof still> {
  const collar: Ring[] = [
    { y: -1.25, x: 0.4, z: 0.41, back: 0.2 },
    { y: -1.21, x: 0.43, z: 0.44, back: 0.2 },
    { y: -1.205, x: 0.455, z: 0.465, back: 0.2 },
    { y: -1.23, x: 0.475, z: 0.485, back: 0.2 },
    { y: -1.36, x: 0.475, z: 0.485, back: 0.21 },
    { y: -1.44, x: 0.48, z: 0.485, back: 0.22 },
  ];
  // A soft slope from the collar to the shoulder, then down the arm.
  const shoulders: Ring[] = Array.from({ length: 18 }, (_, i) => {
    const t = (i + 1) / 18;
    const a = t * Math.PI * 0.5;
    return { y: -1.44 - 0.3 * t - 0.75 * (1 - Math.cos(a)) ** 1.2, x: 0.48 + 0.8 * Math.sin(a) ** 0.9, z: 0.485 + 0.2 * Math.sin(a), back: 0.22 + 0.06 * t };
  });
  const list = [...collar, ...shoulders, { y: -2.9, x: 1.36, z: 0.72, back: 0.28 }];
  const colour = new Color();
  return rings(list, (row, around) => {
    colour.copy(CLOTH);
    if (row < 2 || row === 5 || row === 6) colour.copy(CLOTH_DARK);
    // Ribs of the collar.
    else if (row < 5) colour.lerp(CLOTH_DARK, 0.25 + 0.25 * Math.sin(around * 24));
    return colour;
  });
}
