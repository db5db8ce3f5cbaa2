/** Her hair: a bob to the chin with a fringe swept to one side, as one shape with broad locks. */
import { Color } from 'three';
import { HAIR, HAIR_DARK, HAIR_LIGHT } from './colours.js';
import { gridIndex, still } from './morph.js';
import { lerp, smooth } from './skull.js';

const COLUMNS = 144;
const ROWS = 46;
/** Rows of the edge that is turned in. */
const INWARD = [
  { up: -0.012, in: 0.05 },
  { up: 0.03, in: 0.1 },
  { up: 0.16, in: 0.12 },
] as const;
/** Where the hair is parted: a little to her left, in radians about the vertical. */
const PARTING = 0.42;

/** How far down the hair goes at this angle from the front. */
function edge(angle: number): number {
  const away = Math.abs(angle);
  // The fringe falls from the parting to her right, and covers more there.
  const swept = angle < PARTING ? smooth(PARTING, -0.75, angle) : smooth(PARTING, 0.8, angle);
  const fringe = (angle < PARTING ? lerp(0.66, 0.34, swept) : lerp(0.66, 0.42, swept));
  const side = smooth(0.72, 1.02, away);
  const bob = lerp(-0.84, -0.92, smooth(1.3, 2.6, away));
  return lerp(fringe, bob, side);
}

interface Point {
  x: number;
  y: number;
  z: number;
  shade: number;
}

function locks(angle: number, t: number): number {
  // Away from the parting on both sides, and together again behind.
  const flow = angle + 0.35 * t * Math.tanh((angle - PARTING) / 0.3) * Math.cos(angle / 2) ** 2;
  return 0.5 * Math.sin(flow * 11) + 0.3 * Math.sin(flow * 19 + 1.3) + 0.2 * Math.sin(flow * 31 + 0.4);
}

/** A point of the outside: `t` from the crown (0) to the edge (1). */
function outside(angle: number, t: number): Point {
  const bottom = edge(angle);
  // Down the round of the head first, then straight down.
  const y = lerp(1.2, bottom, t ** 1.1);
  const upper = Math.max(0, Math.min(1, (y - 0.12) / 1.08));
  const round = Math.sqrt(Math.max(0, 1 - upper ** 2.15));
  const below = Math.max(0, (0.12 - y) / 1.0);
  // Fuller beside the jaw, and turned in at the tips.
  const full = 1 + 0.085 * Math.sin(Math.min(1, below) * Math.PI * 0.8) - 0.19 * smooth(0.45, 1.08, below);
  const wave = locks(angle, t) * (0.006 + 0.024 * smooth(0.15, 0.9, t));
  const parting = Math.exp(-(((angle - PARTING) / 0.07) ** 2)) * smooth(0.9, 0.3, t) * 0.028;
  const radius = round * full + wave - parting;
  const front = Math.cos(angle);
  const x = Math.sin(angle) * radius * 0.945;
  const z = front * radius * (front > 0 ? 1.0 : 1.06) - 0.03;
  return { x, y: y - parting * 0.6, z, shade: wave / 0.03 };
}

export function hairGeometry(): ReturnType<typeof still> {
  const rows = ROWS + INWARD.length;
  const positions = new Float32Array(rows * COLUMNS * 3);
  const colours = new Float32Array(rows * COLUMNS * 3);
  const colour = new Color();
  for (let column = 0; column < COLUMNS; column += 1) {
    const angle = lerp(-Math.PI, Math.PI, column / COLUMNS);
    for (let row = 0; row < rows; row += 1) {
      const turned = INWARD[row - ROWS];
      const t = Math.min(1, row / (ROWS - 1));
      const point = outside(angle, t);
      if (turned !== undefined) {
        const share = 1 - turned.in / Math.hypot(point.x, point.z);
        point.x *= share;
        point.z *= share;
        point.y += turned.up;
      }
      const at = (row * COLUMNS + column) * 3;
      positions.set([point.x, point.y, point.z], at);
      // A band of light around the crown, and darkness underneath.
      const band = Math.exp(-(((point.y - 0.74 - 0.03 * point.shade) / 0.12) ** 2));
      colour.copy(HAIR).lerp(HAIR_LIGHT, 0.55 * band + 0.18 * Math.max(0, point.shade));
      colour.lerp(HAIR_DARK, 0.45 * Math.max(0, -point.shade) + 0.35 * smooth(0.7, 1, t));
      if (turned !== undefined) colour.copy(HAIR_DARK);
      colour.toArray(colours, at);
    }
  }
  return still({ positions, index: gridIndex(rows, COLUMNS, true), colours });
}
