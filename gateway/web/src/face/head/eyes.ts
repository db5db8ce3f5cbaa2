/**
 * One eye: a ball that turns, two lids that turn over it, lashes, and a spark that stays where the light is.
 * Lids turn and are no morph targets: halfway between two places on a ball lies inside of it.
 */
import { CircleGeometry, Color, Group, Mesh, Vector3, type Material } from 'three';
import { BLUSH, EYE_WHITE, IRIS, IRIS_EDGE, IRIS_LIGHT, LASHES, PUPIL, SKIN } from './colours.js';
import { gridIndex, still } from './morph.js';
import { EYE, lerp, onFace, smooth } from './skull.js';

/** Where the lids' edges are, as angles above the eye's middle, in radians. */
const UPPER = { open: 0.46, closed: -0.3 } as const;
const LOWER = { open: -0.56, squint: -0.28, closed: -0.34 } as const;
/** The outer corner is a little higher than the inner one. */
const TILT = 0.1;
/** The eyes turn so far at the most. */
const GAZE_MOST = { yaw: 0.42, pitch: 0.3 } as const;
/** How far each eye looks outwards with the face's curve, so that the lids lie on it. */
const OUTWARD = 0.14;

export interface EyeMaterials {
  ball: Material;
  skin: Material;
  lashes: Material;
  spark: Material;
}

export class Eye {
  /** Goes into the head. */
  readonly object = new Group();
  private readonly ball: Mesh;
  private readonly upper = new Group();
  private readonly lower = new Group();
  private readonly own: Mesh[] = [];

  /** `side`: 1 for her left eye, −1 for her right one. */
  constructor(side: 1 | -1, materials: EyeMaterials) {
    const at = onFace(side * EYE.x, EYE.y, new Vector3());
    this.object.position.set(at.x, at.y, at.z - 0.1);
    this.object.rotation.set(0, side * OUTWARD, side * TILT);
    this.ball = this.mesh(ballGeometry(), materials.ball);
    this.object.add(this.ball, this.upper, this.lower);
    this.upper.add(this.mesh(lidGeometry(true), materials.skin), this.mesh(lashGeometry(side), materials.lashes));
    this.lower.add(this.mesh(lidGeometry(false), materials.skin));
    const spark = this.mesh(new CircleGeometry(EYE.radius * 0.13, 16), materials.spark);
    // Up and towards the light, which comes from her left; on both eyes the same.
    const towards = new Vector3(0.24, 0.27, 1).normalize();
    towards.applyQuaternion(this.object.quaternion.clone().invert());
    spark.position.copy(towards).multiplyScalar(EYE.radius * 1.035);
    spark.lookAt(towards.multiplyScalar(4));
    this.object.add(spark);
    this.lids(0, 0, 0);
  }

  /** Looks this far to her left and up, in radians. Gives what it can. */
  look(yaw: number, pitch: number): void {
    this.ball.rotation.y = clamp(yaw, GAZE_MOST.yaw) - this.object.rotation.y;
    this.ball.rotation.x = -clamp(pitch, GAZE_MOST.pitch);
  }

  /** `blink` and `squint` 0 to 1; `pitch`: how far the eye looks up, for the upper lid goes with it. */
  lids(blink: number, squint: number, pitch: number): void {
    const open = UPPER.open + 0.55 * clamp(pitch, GAZE_MOST.pitch) - 0.1 * squint;
    this.upper.rotation.x = -lerp(open, UPPER.closed, blink);
    this.lower.rotation.x = -lerp(lerp(LOWER.open, LOWER.squint, squint) + 0.25 * clamp(pitch, GAZE_MOST.pitch), LOWER.closed, blink);
  }

  dispose(): void {
    for (const mesh of this.own) mesh.geometry.dispose();
  }

  private mesh(geometry: Mesh['geometry'], material: Material): Mesh {
    const mesh = new Mesh(geometry, material);
    this.own.push(mesh);
    return mesh;
  }
}

function clamp(x: number, most: number): number {
  return Math.min(most, Math.max(-most, x));
}

/** A ball whose pole looks forward; rings lie exactly where one colour ends. */
function ballGeometry(): ReturnType<typeof still> {
  const bands = [
    { from: 0, to: 0.29, colour: [PUPIL, PUPIL], rings: 3 },
    { from: 0.29, to: 0.33, colour: [PUPIL, IRIS], rings: 2 },
    { from: 0.33, to: 0.5, colour: [IRIS, IRIS_LIGHT], rings: 5 },
    { from: 0.5, to: 0.58, colour: [IRIS, IRIS_EDGE], rings: 2 },
    { from: 0.58, to: 0.62, colour: [IRIS_EDGE, EYE_WHITE], rings: 2 },
    { from: 0.62, to: 1.9, colour: [EYE_WHITE, EYE_WHITE], rings: 10 },
  ] as const;
  const columns = 40;
  const positions: number[] = [];
  const colours: number[] = [];
  const colour = new Color();
  let rows = 0;
  for (const band of bands) {
    for (let ring = 0; ring <= band.rings; ring += 1) {
      const t = ring / band.rings;
      const angle = lerp(band.from, band.to, t);
      rows += 1;
      for (let i = 0; i < columns; i += 1) {
        const around = (i / columns) * Math.PI * 2;
        // The cornea stands out a little.
        const radius = EYE.radius * (1 + 0.02 * smooth(0.62, 0.2, angle));
        positions.push(radius * Math.sin(angle) * Math.cos(around), radius * Math.sin(angle) * Math.sin(around), radius * Math.cos(angle));
        // Light collects in the lower half of an iris; the white is darker under the upper lid and at its sides.
        const low = 0.5 - 0.5 * Math.sin(around);
        colour.copy(band.colour[0]).lerp(band.colour[1], t);
        if (angle > 0.3 && angle < 0.56) colour.lerp(IRIS_LIGHT, 0.55 * low * low).multiplyScalar(0.8 + 0.35 * low);
        if (angle >= 0.62) colour.multiplyScalar(1 - 0.35 * smooth(0.62, 1.4, angle) - 0.12 * (1 - low) * smooth(0.55, 0.9, angle));
        colours.push(colour.r, colour.g, colour.b);
      }
    }
  }
  return still({ positions: new Float32Array(positions), index: gridIndex(rows, columns, true), colours: new Float32Array(colours) });
}

const LID_COLUMNS = 33;

/** A point of a lid: `across` −1 to 1 from corner to corner, `angle` above (or below) its edge. */
function onLid(across: number, angle: number, radius: number): [number, number, number] {
  const a = (across * Math.PI) / 2;
  return [radius * Math.sin(a), radius * Math.cos(a) * Math.sin(angle), radius * Math.cos(a) * Math.cos(angle)];
}

/** A lid whose edge lies at angle 0; turning it about x opens and closes it. */
function lidGeometry(upper: boolean): ReturnType<typeof still> {
  const sign = upper ? 1 : -1;
  // Its edge is thick: from the ball outwards, round, then over the ball.
  const rows = [
    { angle: 0.03, radius: 1.0 },
    { angle: 0, radius: 1.025 },
    { angle: 0, radius: 1.055 },
    { angle: 0.035, radius: upper ? 1.085 : 1.065 },
    ...Array.from({ length: 14 }, (_, i) => ({ angle: 0.1 + i * 0.135, radius: upper ? 1.09 : 1.06 })),
  ];
  const positions: number[] = [];
  const colours: number[] = [];
  const colour = new Color();
  rows.forEach(({ angle, radius }, row) => {
    for (let i = 0; i < LID_COLUMNS; i += 1) {
      const across = lerp(-1, 1, i / (LID_COLUMNS - 1));
      positions.push(...onLid(across, sign * angle, EYE.radius * radius));
      colour.copy(SKIN);
      // A warm shade on the upper lid, a darker line at its edge.
      if (upper) colour.lerp(BLUSH, 0.3);
      if (row < 2) colour.multiplyScalar(0.62);
      colours.push(colour.r, colour.g, colour.b);
    }
  });
  return still({ positions: new Float32Array(positions), index: gridIndex(rows.length, LID_COLUMNS, false, upper), colours: new Float32Array(colours) });
}

/** A dark line along the upper lid's edge, thicker towards the outer corner, where it ends in a wing. */
function lashGeometry(side: 1 | -1): ReturnType<typeof still> {
  const columns = 41;
  const rows = 6;
  const positions: number[] = [];
  for (let row = 0; row < rows; row += 1) {
    const around = (row / rows) * Math.PI * 2;
    for (let i = 0; i < columns; i += 1) {
      const t = i / (columns - 1);
      // From the inner to the outer corner, whichever side that is.
      const across = side * lerp(-0.86, 0.93, t);
      const thick = 0.006 + 0.024 * smooth(0, 0.75, t) * smooth(1.02, 0.9, t);
      const wing = smooth(0.82, 1, t);
      const [x, y, z] = onLid(across, 0.045 + 0.12 * wing + Math.sin(around) * thick * 1.5, EYE.radius * (1.075 + 0.09 * wing) + Math.cos(around) * thick * 0.55);
      positions.push(x + side * 0.03 * wing, y, z);
    }
  }
  const colours = new Float32Array(rows * columns * 3);
  for (let i = 0; i < rows * columns; i += 1) LASHES.toArray(colours, i * 3);
  // Rows lie around a tube: the last is joined to the first.
  const index = gridIndex(rows, columns, false, side > 0);
  const seam = gridIndex(2, columns, false, side > 0).map((at) => (at < columns ? at + (rows - 1) * columns : at - columns));
  return still({ positions: new Float32Array(positions), index: [...index, ...seam], colours });
}
