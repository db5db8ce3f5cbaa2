/**
 * What her mouth does and when: frames of viseme weights by the sample of her voice that they belong to.
 *
 * Pure: the position that is heard is an argument. Positions are samples at 48 kHz (`POSITION_HZ`), modulo 2^32
 * on the wire.
 */
import { unwrapSample } from '../protocol/frames.js';

/** In the wire's order. */
export const VISEMES = ['sil', 'A', 'E', 'I', 'O', 'U', 'M', 'F', 'Th', 'P'] as const;
export type Viseme = (typeof VISEMES)[number];

/** One weight (0 to 1) for each of `VISEMES`, in their order. */
export type Weights = Float32Array;

/** One frame as it came. */
export interface Frame {
  /** Position in her voice, in samples at 48 kHz, modulo 2^32. */
  readonly at: number;
  readonly weights: Weights;
}

/** What positions are counted in, in Hz. */
export const POSITION_HZ = 48_000;
/** So long after the last frame (200 ms) the mouth is closed: frames that do not come are a lost channel. */
export const LOST_AFTER = POSITION_HZ / 5;
/** From here on (100 ms) it closes: a frame comes every 800 samples, and one may be late or lost. */
const CLOSES_FROM = POSITION_HZ / 10;
/** A closed mouth opens within one frame's time, and after a flush it closes within three. */
const FRAME = 800;
const CLOSES_WITHIN = 3 * FRAME;
/** Eight seconds: far more than the server sends ahead. The oldest goes. */
const MOST_FRAMES = 512;

const HEADER_BYTES = 5;
const PAIR_BYTES = 2;
const WRAP = 2 ** 32;

/** A closed, resting mouth. */
export function closedMouth(): Weights {
  const weights = new Float32Array(VISEMES.length);
  weights[0] = 1;
  return weights;
}

/** A frame that is none, and why. */
export class BadFrame extends Error {}

/**
 * Reads `timestamp u32 LE | count u8 | count × (viseme u8, weight u8)`. A viseme that is not named has the
 * weight 0. Throws `BadFrame`, which names the field.
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.byteLength < HEADER_BYTES) {
    throw new BadFrame(`timestamp and count: a frame has at least ${HEADER_BYTES} bytes, this one ${bytes.byteLength}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint8(4);
  if (count > VISEMES.length) throw new BadFrame(`count: ${count} weights, and there are ${VISEMES.length} visemes`);
  const length = HEADER_BYTES + count * PAIR_BYTES;
  if (bytes.byteLength !== length) {
    throw new BadFrame(`count: ${count} weights need ${length} bytes, the frame has ${bytes.byteLength}`);
  }
  const pairs = Array.from({ length: count }, (_, i): [number, number] => [
    view.getUint8(HEADER_BYTES + i * PAIR_BYTES),
    view.getUint8(HEADER_BYTES + i * PAIR_BYTES + 1),
  ]);
  return { at: view.getUint32(0, true), weights: weightsOf(pairs) };
}

/** Weights from pairs of a viseme's number and 0 to 255. Throws `BadFrame`, which names the field. */
export function weightsOf(pairs: ReadonlyArray<readonly [number, number]>): Weights {
  const weights = new Float32Array(VISEMES.length);
  const named = new Set<number>();
  for (const [viseme, weight] of pairs) {
    if (!Number.isInteger(viseme) || viseme < 0 || viseme >= VISEMES.length) throw new BadFrame(`viseme: there is no number ${viseme}`);
    if (named.has(viseme)) throw new BadFrame(`viseme: number ${viseme} stands twice`);
    if (!(weight >= 0 && weight <= 255)) throw new BadFrame(`weight: ${weight} is not within 0 to 255`);
    named.add(viseme);
    weights[viseme] = weight / 255;
  }
  return weights;
}

interface Entry {
  /** Unwrapped. */
  at: number;
  weights: Weights;
}

/**
 * The frames around what is being heard. They may come late, twice, or out of order; what is too old for
 * the queue is dropped.
 */
export class FaceTimeline {
  /** By position. */
  private entries: Entry[] = [];
  /** Where positions were last known to be, unwrapped. */
  private near: number | null = null;

  /** Frames held. */
  get size(): number {
    return this.entries.length;
  }

  /** Takes a frame. One for the same position takes the place of the one before: after a flush it says something else. */
  push(frame: Frame): void {
    const at = this.unwrap(frame.at);
    this.near = at;
    let i = this.entries.length;
    while (i > 0 && (this.entries[i - 1] as Entry).at > at) i -= 1;
    const before = this.entries[i - 1];
    if (before?.at === at) before.weights = frame.weights;
    else this.entries.splice(i, 0, { at, weights: frame.weights });
    if (this.entries.length > MOST_FRAMES) this.entries.shift();
  }

  /** Nothing from this position on will be heard: her mouth closes there. */
  flush(position: number): void {
    const from = this.unwrap(position);
    this.near = from;
    const kept = this.entries.filter((entry) => entry.at < from);
    if (kept.length === this.entries.length) return;
    const last = kept.at(-1);
    // Closes from what it would have been there, or from the last frame before.
    if (last !== undefined && from - last.at < LOST_AFTER) {
      kept.push({ at: from, weights: last.weights }, { at: from + CLOSES_WITHIN, weights: closedMouth() });
    }
    this.entries = kept;
  }

  /** Positions are counted anew. */
  restart(): void {
    this.entries = [];
    this.near = null;
  }

  /** The mouth at a position, between its two frames; `out` takes it. Forgets what is long past. */
  sample(position: number, out: Weights): Weights {
    const at = this.unwrap(position);
    this.forget(at);
    const next = this.entries.findIndex((entry) => entry.at > at);
    const before = next === -1 ? this.entries.at(-1) : this.entries[next - 1];
    const after = next === -1 ? undefined : this.entries[next];
    if (before !== undefined && after !== undefined && after.at - before.at <= LOST_AFTER) {
      return mix(before.weights, after.weights, (at - before.at) / (after.at - before.at), out);
    }
    // A frame to come opens the mouth in one frame's time; one that is past holds it, then lets it close.
    const opens = after === undefined ? 0 : Math.max(0, 1 - (after.at - at) / FRAME);
    if (opens > 0) return mix(CLOSED, (after as Entry).weights, opens, out);
    const since = before === undefined ? LOST_AFTER : at - before.at;
    const closes = Math.min(1, Math.max(0, (since - CLOSES_FROM) / (LOST_AFTER - CLOSES_FROM)));
    return mix(before?.weights ?? CLOSED, CLOSED, closes, out);
  }

  /** What is past for so long does nothing any more. */
  private forget(at: number): void {
    const kept = this.entries.findIndex((entry) => entry.at > at - LOST_AFTER);
    this.entries.splice(0, kept === -1 ? this.entries.length : kept);
  }

  private unwrap(low: number): number {
    // One wrap ahead, so that there is room before the first position, too.
    return unwrapSample(low % WRAP, this.near ?? WRAP + (low % WRAP));
  }
}

const CLOSED = closedMouth();

function mix(one: Weights, other: Weights, share: number, out: Weights): Weights {
  for (let i = 0; i < out.length; i += 1) out[i] = (one[i] as number) * (1 - share) + (other[i] as number) * share;
  return out;
}
