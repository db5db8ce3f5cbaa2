// Profiles for wLipSync, whose package has none and asks that one be calibrated. Features come from its own WASM.
//   vowels   from the spoken vowels of the package pylipsync (a port of the same uLipSync): A I U E O and silence
//   speaker  from the aligned sounds of the same speaker's other clips (of all other clips where there is none):
//            one entry for each phone, named by its class
import {execFileSync} from "node:child_process"; import fs from "node:fs";

const RATE = 48000, TARGET = 16000, WINDOW = 1024, HOP = 240, COEFFICIENTS = 12, MEL = 30;
const SPOKEN = {aa: "A", ee: "E", ih: "I", oh: "O", ou: "U", silence: "sil"};
export const METHODS = {cosine: [2, false], l2: [1, true]};

const decode = (file) => {
  const raw = execFileSync("ffmpeg", ["-v", "error", "-i", file, "-ac", "1", "-ar", `${RATE}`, "-f", "f32le", "-"], {maxBuffer: 1 << 28});
  return new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length));
};

/** What turns a window of sound into wLipSync's features. */
async function extractor(wasm) {
  const memory = new WebAssembly.Memory({initial: 4});
  const {instance: {exports: w}} = await WebAssembly.instantiate(fs.readFileSync(wasm), {env: {memory}});
  w.load_profile(TARGET, WINDOW, MEL, 2, 1, 1, 0);
  w.set_input(RATE);
  const size = w.get_input_buffer_size(), input = new Float32Array(memory.buffer, w.get_input_buffer(), size);
  const out = new DataView(memory.buffer, w.mfccOut.value, COEFFICIENTS * 4);
  return {size, of: (window) => {
    input.set(window);
    w.execute(0);
    return Array.from({length: COEFFICIENTS}, (_, i) => out.getFloat32(i * 4, true));
  }};
}

/** Adds the features of every window of the sound to the entry that `nameAt(middle in samples, window)` gives it. */
function gather(found, sound, extract, nameAt) {
  for (let at = 0; at + extract.size <= sound.length; at += HOP) {
    const entry = nameAt(at + extract.size / 2, sound.subarray(at, at + extract.size));
    if (entry === null) continue;
    const vector = extract.of(sound.subarray(at, at + extract.size));
    if (!vector.every(Number.isFinite)) continue;
    if (!found.has(entry.key)) found.set(entry.key, {name: entry.name, vectors: []});
    found.get(entry.key).vectors.push(vector);
  }
}

const mean = (vectors) => vectors[0].map((_, i) => vectors.reduce((sum, v) => sum + v[i], 0) / vectors.length);

function profile(found, method) {
  const entries = [...found.values()], every = entries.flatMap((e) => e.vectors), middle = mean(every);
  const [compareMethod, useStandardization] = METHODS[method];
  const spread = middle.map((m, i) => Math.sqrt(every.reduce((sum, v) => sum + (v[i] - m) ** 2, 0) / every.length) || 1);
  return {targetSampleRate: TARGET, sampleCount: WINDOW, melFilterBankChannels: MEL, compareMethod, mfccNum: COEFFICIENTS,
    mfccDataCount: 1, useStandardization,
    // It takes both as they are given: what makes them itself has these where nothing is to be standardised.
    means: useStandardization ? middle : middle.map(() => 0), stdDevs: useStandardization ? spread : spread.map(() => 1),
    mfccs: entries.map((e) => ({name: e.name, mfccCalibrationDataList: [], values: mean(e.vectors)}))};
}

/** {method: profile} from the vowels of pylipsync. */
export async function fromVowels(root, wasm) {
  const extract = await extractor(wasm), found = new Map();
  for (const [folder, name] of Object.entries(SPOKEN)) {
    const dir = `${root}/weights/pylipsync/audio/${folder}`;
    for (const file of fs.readdirSync(dir)) {
      const sound = decode(`${dir}/${file}`), loudest = sound.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
      // The recordings begin and end in silence.
      gather(found, sound, extract, (_, window) =>
        name === "sil" || window.some((x) => Math.abs(x) > loudest / 4) ? {key: name, name} : null);
    }
  }
  return Object.fromEntries(Object.keys(METHODS).map((m) => [m, profile(found, m)]));
}

/** {clip: {method: profile}}: none is made from the clip that it is for. */
export async function fromSpeakers(root, wasm, clips) {
  const extract = await extractor(wasm), parts = new Map();
  for (const clip of clips) {
    const truth = JSON.parse(fs.readFileSync(`${root}/visemes/truth/${clip}.json`)), found = new Map();
    gather(found, decode(`${root}/audio/${clip}.wav`), extract, (middle) => {
      const at = (middle * 16000) / RATE, phone = truth.phones.find(([, start, end]) => start <= at && at < end);
      const shape = truth.visemes.find(([, start, end]) => start <= at && at < end);
      return phone === undefined ? null : {key: `${phone[0]} ${shape[0]}`, name: shape[0]};
    });
    parts.set(clip, found);
  }
  const speaker = (clip) => clip.split("_")[0];
  return Object.fromEntries(clips.map((clip) => {
    const same = clips.filter((c) => c !== clip && speaker(c) === speaker(clip));
    const found = new Map();
    for (const other of same.length > 0 ? same : clips.filter((c) => c !== clip)) {
      for (const [key, {name, vectors}] of parts.get(other)) {
        found.set(key, {name, vectors: [...(found.get(key)?.vectors ?? []), ...vectors]});
      }
    }
    return [clip, Object.fromEntries(Object.keys(METHODS).map((m) => [m, profile(found, m)]))];
  }));
}
