/**
 * What the server is told of where the visitor's head and hands are: often enough to be looked at by, and no
 * more. Pure: time is an argument, in ms.
 */
import type { ClientMessage } from '../../protocol/messages.js';

export type VrPose = Extract<ClientMessage, { type: 'vr_pose' }>;
type Told = VrPose['head'];

/** Fifteen a second. */
export const EVERY_MS = 1_000 / 15;
/** The server's bounds: metres from the middle of the room. */
const FURTHEST_M = 1_000;

/** As WebXR's rigid transforms have them. */
export interface Place {
  readonly position: { readonly x: number; readonly y: number; readonly z: number };
  readonly orientation: { readonly x: number; readonly y: number; readonly z: number; readonly w: number };
}

/** Null for what the server would not take. */
export function told(place: Place | null): Told | null {
  if (place === null) return null;
  const { position: p, orientation: q } = place;
  const length = Math.hypot(q.x, q.y, q.z, q.w);
  const position: Told['position'] = [p.x, p.y, p.z].map(short) as Told['position'];
  // Also not what is no number.
  if (!(length > 0.5) || !position.every((x) => Math.abs(x) <= FURTHEST_M)) return null;
  return { position, rotation: [q.x, q.y, q.z, q.w].map((x) => short(x / length)) as Told['rotation'] };
}

export class PoseReport {
  private next = 0;

  /** Whether it is time for the next one. */
  due(now: number): boolean {
    return now >= this.next;
  }

  /** The message, or null where no head is known. Counts as told. */
  take(now: number, sessionId: string, head: Place | null, left: Place | null, right: Place | null): VrPose | null {
    // In step where frames are; after a pause from then on.
    this.next = Math.max(this.next + EVERY_MS, now + EVERY_MS / 2);
    const where = told(head);
    if (where === null) return null;
    return { type: 'vr_pose', session_id: sessionId, head: where, hands: { left: told(left), right: told(right) } };
  }
}

/** Tenths of a millimetre, and what is as fine of a turn. */
function short(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
