/** Voices for the mock, 24 kHz s16 mono. */

export const RATE = 24_000;

/** Samples of a 24 kHz mono s16 WAV. */
export function pcmOfWav(file) {
  let at = 12;
  while (at + 8 <= file.length) {
    const size = file.readUInt32LE(at + 4);
    if (file.toString('latin1', at, at + 4) === 'data') {
      const bytes = file.subarray(at + 8, at + 8 + size);
      return new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~1)));
    }
    at += 8 + size + (size & 1);
  }
  throw new Error('no data chunk in the WAV file');
}

/** Something with the rhythm of speech. */
export function babble(seconds) {
  const out = new Int16Array(seconds * RATE);
  let phase = 0;
  for (let i = 0; i < out.length; i += 1) {
    const t = i / RATE;
    const pitch = 150 + 25 * Math.sin(2 * Math.PI * 0.7 * t);
    phase += (2 * Math.PI * pitch) / RATE;
    const syllable = Math.max(0, Math.sin(2 * Math.PI * 4.2 * t)) * (Math.sin(2 * Math.PI * 0.45 * t) > -0.8 ? 1 : 0);
    const tone = Math.sin(phase) + 0.5 * Math.sin(2 * phase) + 0.35 * Math.sin(5 * phase + Math.sin(3 * t));
    out[i] = Math.round(tone * syllable * 7000);
  }
  return out;
}
