/** Fake microphone recordings: clips of speech with silence between them, as one WAV file. */
import { readFileSync, writeFileSync } from 'node:fs';

/** Samples (s16 mono) and rate of a PCM WAV file; stereo is refused, so that no clip is misread. */
export function readWav(path) {
  const file = readFileSync(path);
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE') {
    throw new Error(`${path}: not a WAV file`);
  }
  let format = null;
  for (let at = 12; at + 8 <= file.length; ) {
    const size = file.readUInt32LE(at + 4);
    const kind = file.toString('latin1', at, at + 4);
    if (kind === 'fmt ') {
      format = { channels: file.readUInt16LE(at + 10), rate: file.readUInt32LE(at + 12), bits: file.readUInt16LE(at + 22) };
    } else if (kind === 'data') {
      if (format === null || format.channels !== 1 || format.bits !== 16) throw new Error(`${path}: not 16-bit mono`);
      const samples = new Int16Array(Math.floor(Math.min(size, file.length - at - 8) / 2));
      for (let i = 0; i < samples.length; i += 1) samples[i] = file.readInt16LE(at + 8 + i * 2);
      return { rate: format.rate, samples };
    }
    at += 8 + size + (size & 1);
  }
  throw new Error(`${path}: no sound in it`);
}

/**
 * Writes clips and pauses one after the other. A part is `{ silence: seconds }` or `{ clip: path }`;
 * all clips must have one rate. Gives the second at which each clip begins and ends.
 */
export function writeScript(path, parts) {
  const clips = parts.map((part) => ('clip' in part ? readWav(part.clip) : null));
  const rate = clips.find((clip) => clip !== null)?.rate ?? 16_000;
  const marks = [];
  const pieces = parts.map((part, i) => {
    const clip = clips[i];
    if (clip === null) return new Int16Array(Math.round(part.silence * rate));
    if (clip.rate !== rate) throw new Error(`${part.clip}: ${clip.rate} Hz, but the first clip has ${rate}`);
    return clip.samples;
  });
  let at = 0;
  pieces.forEach((piece, i) => {
    if (clips[i] !== null) marks.push({ begin: at / rate, end: (at + piece.length) / rate });
    at += piece.length;
  });
  writeFileSync(path, encodeWav(rate, pieces));
  return marks;
}

function encodeWav(rate, pieces) {
  const bytes = pieces.reduce((sum, piece) => sum + piece.length * 2, 0);
  const file = Buffer.alloc(44 + bytes);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(36 + bytes, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(rate, 24);
  file.writeUInt32LE(rate * 2, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(bytes, 40);
  let at = 44;
  for (const piece of pieces) {
    for (const x of piece) {
      file.writeInt16LE(x, at);
      at += 2;
    }
  }
  return file;
}
