/**
 * The binary frames of the streaming voice.
 *
 * Up: s16le mono, nothing else. Down: `u32 LE first_sample | s16le mono`.
 */

/** One frame of her voice. */
export interface VoiceFrame {
  /** Number of the first sample on the connection, modulo 2^32. */
  readonly first: number;
  /** Mono samples, −1 to 1. */
  readonly samples: Float32Array<ArrayBuffer>;
}

const HEADER_BYTES = 4;
const WRAP = 2 ** 32;

/** Reads a frame from the server; `null` when its length cannot be a frame's. */
export function decodeVoiceFrame(buffer: ArrayBuffer): VoiceFrame | null {
  const bytes = buffer.byteLength - HEADER_BYTES;
  if (bytes < 0 || bytes % 2 !== 0) return null;
  const view = new DataView(buffer);
  const samples = new Float32Array(bytes / 2);
  for (let i = 0; i < samples.length; i += 1) {
    samples[i] = view.getInt16(HEADER_BYTES + i * 2, true) / 32768;
  }
  return { first: view.getUint32(0, true), samples };
}

/** Writes samples as s16le; what is out of range is clipped, what is not a number is silence. */
export function encodePcm16(samples: Float32Array): ArrayBuffer {
  const buffer = new ArrayBuffer(samples.length * 2);
  const view = new DataView(buffer);
  for (let i = 0; i < samples.length; i += 1) {
    const x = samples[i] as number;
    const clipped = x >= 1 ? 32767 : x <= -1 ? -32768 : Math.round(x * 32767);
    view.setInt16(i * 2, Number.isNaN(clipped) ? 0 : clipped, true);
  }
  return buffer;
}

/**
 * The 53-bit sample number that a 32-bit one stands for: of all numbers with those low bits, the
 * one nearest to `near`.
 */
export function unwrapSample(low: number, near: number): number {
  const base = Math.floor(near / WRAP) * WRAP + (low % WRAP);
  if (base - near > WRAP / 2) return Math.max(base - WRAP, low % WRAP);
  if (near - base > WRAP / 2) return base + WRAP;
  return base;
}
