/** Two angles in radians, about the axes of glTF. */
export interface Angles {
  /** Positive looks down. */
  readonly pitch: number;
  /** Positive looks to her left. */
  readonly yaw: number;
}

/** A place as seen from between her eyes: +x to her left, +y up, +z straight ahead. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

export const AHEAD: Angles = { pitch: 0, yaw: 0 };

const RADIANS = Math.PI / 180;

export function radians(degrees: number): number {
  return degrees * RADIANS;
}

export function degrees(radians: number): number {
  return radians * (180 / Math.PI);
}

/** An angle in radians, no further from 0 than `limit` degrees. */
export function within(angle: number, limit: number): number {
  return Math.min(radians(limit), Math.max(-radians(limit), angle));
}

/** The direction of a place; null for what is none. */
export function anglesOf({ x, y, z }: Place): Angles | null {
  const ground = Math.hypot(x, z);
  const distance = Math.hypot(ground, y);
  if (!(distance > 1e-6 && Number.isFinite(distance))) return null;
  return { pitch: -Math.atan2(y, ground), yaw: Math.atan2(x, z) };
}

/** The unit vector that points there. */
export function directionOf({ pitch, yaw }: Angles): Place {
  return { x: Math.sin(yaw) * Math.cos(pitch), y: -Math.sin(pitch), z: Math.cos(yaw) * Math.cos(pitch) };
}
