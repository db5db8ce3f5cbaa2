/**
 * The surface of her head, as a function of a direction from its middle. Lengths are in units of 10 cm: x to
 * her left (the right of the picture), y up, z out of the face.
 */
import { Vector3 } from 'three';

/** Direction of the mouth below the horizon, in radians. */
const MOUTH_ELEVATION = -0.53;
const OUT = new Vector3(0, Math.sin(MOUTH_ELEVATION), Math.cos(MOUTH_ELEVATION));
const UP = new Vector3(0, Math.cos(MOUTH_ELEVATION), -Math.sin(MOUTH_ELEVATION));

/** Middle of the eyes, in x and y. */
export const EYE = { x: 0.325, y: 0.02, radius: 0.225 } as const;
/** The jaw turns about this line, and so far at the most, in radians. */
const HINGE = { y: -0.12, z: -0.12 } as const;
const JAW_MOST = 0.36;

/** Between 0 and 1, smoothly, where x goes from one edge to the other; the first may be the larger. */
export function smooth(from: number, to: number, x: number): number {
  const t = Math.min(1, Math.max(0, (x - from) / (to - from)));
  return t * t * (3 - 2 * t);
}

export function lerp(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

/** A hill of height 1 around (x0, y0). */
function hill(x: number, y: number, x0: number, y0: number, sx: number, sy: number): number {
  const dx = (x - x0) / sx;
  const dy = (y - y0) / sy;
  return Math.exp(-0.5 * (dx * dx + dy * dy));
}

/** The point of the surface in this direction (of length 1). */
export function surface(direction: Vector3, out: Vector3): Vector3 {
  // A round skull, fuller than a ball where the cheeks and the temples are.
  const fuller = 1 + 0.07 * (4 * direction.x * direction.x * direction.z * direction.z);
  let x = direction.x * 0.82 * fuller;
  let y = direction.y * 1.04;
  let z = direction.z * (direction.z > 0 ? 0.88 : 0.94) * fuller;
  const front = smooth(-0.15, 0.5, z);
  if (y < 0) {
    // Down to the chin the face becomes narrow, and behind it begins the neck.
    const down = -y / 1.04;
    x *= 1 - 0.36 * down ** 2.1;
    z = z > 0 ? z + front * 0.07 * down * down : z * (1 - 0.5 * down);
    y *= 1 + 0.06 * front * down * down;
  } else {
    z += -0.06 * front * smooth(0.35, 1, y);
  }
  z += front * features(x, y);
  return out.set(x, y, z);
}

/** How far the features stand out of the smooth face at (x, y). */
function features(x: number, y: number): number {
  const side = Math.abs(x);
  let out = 0;
  // Sockets: the eyeballs stand in them.
  out -= 0.1 * hill(side, y, EYE.x, EYE.y, 0.19, y < EYE.y ? 0.115 : 0.15);
  // The bridge of the nose, and its tip, which ends more steeply below than above.
  out += 0.085 * hill(x, y, 0, -0.07, 0.07, 0.16);
  out += 0.175 * hill(x, y, 0, -0.235, 0.08, y < -0.235 ? 0.045 : 0.105);
  out += 0.045 * hill(side, y, 0.085, -0.25, 0.05, y < -0.255 ? 0.035 : 0.06);
  // Cheeks, chin, and the mound that the teeth make.
  out += 0.05 * hill(side, y, 0.4, -0.3, 0.16, 0.16);
  out += 0.075 * hill(x, y, 0, -0.9, 0.2, 0.12);
  out += 0.05 * hill(x, y, 0, -0.52, 0.26, 0.17);
  out -= 0.03 * hill(x, y, 0, -0.74, 0.2, 0.05);
  // The brow.
  out += 0.03 * hill(side, y, 0.3, 0.27, 0.24, 0.08);
  return out;
}

const direction = new Vector3();

/** The point of the surface at these coordinates around the mouth: an angle to her left and one upwards. */
export function aroundMouth(u: number, v: number, out: Vector3): Vector3 {
  const angle = Math.hypot(u, v);
  const share = angle < 1e-9 ? 1 : Math.sin(angle) / angle;
  direction.copy(OUT).multiplyScalar(Math.cos(angle));
  direction.x += share * u;
  direction.addScaledVector(UP, share * v);
  return surface(direction, out);
}

/** The point of the front that has this x and y. */
export function onFace(x: number, y: number, out: Vector3): Vector3 {
  const aim = new Vector3(x, y, 0.7).normalize();
  for (let i = 0; i < 12; i += 1) {
    surface(aim, out);
    aim.x += (x - out.x) * 0.8;
    aim.y += (y - out.y) * 0.8;
    aim.normalize();
  }
  return out;
}

/** Turns a point with the jaw. `share`: how much of the jaw's motion it takes part in. */
export function withJaw(point: Vector3, jaw: number, share: number): Vector3 {
  const angle = jaw * share * JAW_MOST;
  const y = point.y - HINGE.y;
  const z = point.z - HINGE.z;
  point.y = HINGE.y + y * Math.cos(angle) - z * Math.sin(angle);
  point.z = HINGE.z + y * Math.sin(angle) + z * Math.cos(angle);
  return point;
}
