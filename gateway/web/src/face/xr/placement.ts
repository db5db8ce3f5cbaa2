/**
 * Where she is when somebody enters: at arm's length in front of whoever wears the headset, her eyes as high
 * as theirs. She stays where the stage has her; it is the visitor's room that is put there. Pure.
 */
import { Quaternion, Vector3, type Object3D } from 'three';

/** Near enough to talk, too far to bump into. */
export const DISTANCE_M = 1.2;

const forward = new Vector3();

/** Where a headset faces, about the vertical, in radians; 0 is along -z. Straight up or down, the top of the head tells. */
export function facing(rotation: Quaternion): number {
  forward.set(0, 0, -1).applyQuaternion(rotation);
  if (Math.hypot(forward.x, forward.z) < 0.2) {
    const isUp = forward.y > 0;
    forward.set(0, isUp ? -1 : 1, 0).applyQuaternion(rotation);
  }
  return Math.atan2(-forward.x, -forward.z);
}

/**
 * Places `room` in the scene such that a headset at `position` and `rotation` within it stands before
 * `face`, which looks along +z, and faces it.
 */
export function placeRoom(room: Object3D, position: Vector3, rotation: Quaternion, face: Vector3): void {
  const turn = facing(rotation);
  room.rotation.set(0, -turn, 0);
  room.position.copy(position).negate().applyEuler(room.rotation).add(face);
  room.position.z += DISTANCE_M;
  room.updateMatrixWorld(true);
}
