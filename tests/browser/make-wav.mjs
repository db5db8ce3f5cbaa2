/**
 * Joins clips and pauses into one microphone file.
 *
 *   node make-wav.mjs OUT.wav PART…      a PART is a WAV file, or seconds of silence
 */
import { writeScript } from './lib/wav.mjs';

const [out, ...parts] = process.argv.slice(2);
if (out === undefined || parts.length === 0) {
  console.error('usage: make-wav.mjs OUT.wav PART…   (a PART is a WAV file, or seconds of silence)');
  process.exit(2);
}
const script = parts.map((part) => (Number.isFinite(Number(part)) ? { silence: Number(part) } : { clip: part }));
for (const { begin, end } of writeScript(out, script)) console.log(`${begin.toFixed(3)} ${end.toFixed(3)}`);
