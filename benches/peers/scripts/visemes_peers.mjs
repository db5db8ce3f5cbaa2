#!/usr/bin/env node
// HeadAudio and wLipSync over each clip, in a headless Chromium's OfflineAudioContext, as their pages would run them.
// Every setting tried becomes a folder of frames; which one counts is for visemes_score.py to say.
// Input : audio/*.wav, visemes/truth/*.json (visemes_align.py), weights/pylipsync (prepare.py), node/node_modules
// Output: visemes/frames/PEER/SETTING/CLIP.csv   t_s and a weight for each shape of theirs, 60 a second
// usage : node visemes_peers.mjs [--json] [--clips a,b]
import {createRequire} from "node:module"; import fs from "node:fs"; import http from "node:http"; import path from "node:path"; import {fileURLToPath} from "node:url";
import {fromSpeakers, fromVowels, METHODS} from "./visemes_wlipsync.mjs";

const root = process.env.PEERS ?? path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const {chromium} = createRequire(`${root}/node/`)("playwright-core");
const argv = process.argv.slice(2), opt = (k, d) => argv.includes(k) ? argv[argv.indexOf(k) + 1] : d;
const all = JSON.parse(fs.readFileSync(`${root}/audio/manifest.json`)).map((c) => c.name);
const clips = opt("--clips", all.join(",")).split(",");
const modules = `${root}/node/node_modules`, wasm = `${modules}/wlipsync/dist/wlipsync.wasm`;
const PAUSE_S = 0.3; // before each clip, so that both start from silence

// Its default settings, its README's, a gate for softer voices and none; a deeper and a higher voice; as a page
// plays it, and at the rate of the voices that its model was made of.
const GATES = {gate4050: {}, gate4060: {vadGateInactiveDb: -60}, nogate: {vadMode: 0}};
const RATES = [24000, 48000], HEADAUDIO = Object.entries(GATES).flatMap(([gate, parameters]) => [150, 220].map((hz) =>
  ({name: `${gate}-${hz}hz`, parameters: {...parameters, speakerMeanHz: hz}})));
// Volumes at which the mouth is shut and fully open, as log10 of the RMS, and how lazily it moves.
const VOLUMES = [[-2.5, -1.5], [-3, -2], [-3.5, -2.5]], LAZY = [0.05, 0.02];

async function inPage() {
  const load = async (url, rate) => {
    const context = new OfflineAudioContext(1, 1, rate);
    return (await context.decodeAudioData(await (await fetch(url)).arrayBuffer()));
  };
  const until = async (what, test) => {
    for (const end = performance.now() + 60000; !test(); await new Promise((done) => setTimeout(done, 5))) {
      if (performance.now() > end) throw new Error(`waited for ${what} in vain`);
    }
  };
  /** Renders the clip into the nodes that `build` makes. `last` says up to which second of it messages have come. */
  const render = async (clip, rate, pause, build, last) => {
    const sound = await load(`/audio/${clip}.wav`, rate), length = Math.ceil((sound.duration + pause + 0.5) * rate);
    const context = new OfflineAudioContext(1, length, rate), source = new AudioBufferSourceNode(context, {buffer: sound});
    await context.audioWorklet.addModule("/echo.js");
    const nodes = await build(context), echo = new AudioWorkletNode(context, "echo");
    // A voice that pauses is still connected: without this, worklets are given nothing, and stand still.
    const silence = new ConstantSourceNode(context, {offset: 0});
    for (const node of nodes) {
      source.connect(node);
      silence.connect(node);
    }
    silence.start();
    // An output, so that a worklet without one is pulled.
    source.connect(context.destination);
    source.start(pause);
    // The audio thread compiles WebAssembly and takes in a model: what is asked of it after that comes after that.
    const {port1, port2} = new MessageChannel(), answered = new Promise((done) => { port1.onmessage = done; });
    echo.port.postMessage(port2, [port2]);
    await answered;
    await context.startRendering();
    await until("the last message", () => last() >= length / rate - 0.05);
    return {nodes, seconds: sound.duration};
  };
  const {HeadAudio} = await import("/modules/@met4citizen/headaudio/dist/headaudio.min.mjs");
  const {createWLipSyncNode} = await import("/modules/wlipsync/dist/wlipsync-single.js");
  const round = (x) => Math.round(x * 1e4) / 1e4;

  window.headaudio = async (clip, rate, settings, pause) => {
    const told = settings.map(() => ({heard: 0, events: []}));
    const {nodes, seconds} = await render(clip, rate, pause, async (context) => {
      await context.audioWorklet.addModule("/modules/@met4citizen/headaudio/dist/headworklet.min.mjs");
      return Promise.all(settings.map(async ({parameters}, i) => {
        const made = new HeadAudio(context, {parameterData: parameters, processorOptions: {frameEventsEnabled: true}});
        await made.loadModel("/modules/@met4citizen/headaudio/dist/model-en-mixed.bin");
        // Frames of sound come whatever it decides: by them it is known how far it is.
        made.port.onmessage = ({data}) => data.event === "frame" ? told[i].heard = data.t : told[i].events.push(data);
        return made;
      }));
    }, () => Math.min(...told.map((t) => t.heard)));
    return nodes.map((node, i) => animate(node, told[i].events, seconds, pause));
  };
  /** The events again in the order of time, into the node's own animation: a message is there half a window after its middle. */
  const animate = (node, events, seconds, pause) => {
    const names = node.visemeNames, weights = new Map(names.map((n) => [n, 0])), told = [], decided = [];
    let next = 0, current = names.length - 1;
    node.onvalue = (name, value) => weights.set(name, value);
    for (let k = 0; k < Math.ceil((seconds + pause + 0.5) * 60); k += 1) {
      for (; next < events.length && events[next].t + (events[next].d ?? 0) / 2 <= k / 60; next += 1) {
        const {event, viseme} = events[next];
        node._onmessage({data: events[next]});
        if (event === "viseme" && viseme !== null) current = viseme;
        if (event === "ended") current = names.length - 1;
      }
      node.update(1000 / 60);
      told.push([round(k / 60 - pause), ...names.map((n) => round(weights.get(n)))]);
      decided.push([round(k / 60 - pause), ...names.map((_, i) => Number(i === current))]);
    }
    return {columns: names.map((n) => n.replace("viseme_", "")), weights: told, decisions: decided, events: events.length};
  };

  window.wlipsync = async (clip, profile, pause, volumes, lazy) => {
    const messages = [], rate = 48000;
    // One to a context: its instances share their memory.
    const {nodes: [node], seconds} = await render(clip, rate, pause, async (context) => {
      const made = await createWLipSyncNode(context, profile);
      made.replay = made.port.onmessage;
      made.port.onmessage = (message) => messages.push(message.data);
      return [made];
    }, () => messages.at(-1)?.timestamp ?? 0);
    const names = Object.keys(node.weights), settings = [];
    for (const [min, max] of volumes) for (const smoothness of lazy) {
      Object.assign(node, {minVolume: min, maxVolume: max, smoothness, volume: 0, lastTimestamp: 0, openCloseVelocity: 0});
      for (const n of names) { node.weights[n] = 0; node.weightVelocities[n] = 0; }
      const rows = [];
      let next = 0;
      for (let k = 0; k < Math.ceil((seconds + pause + 0.5) * 60); k += 1) {
        for (; next < messages.length && messages[next].timestamp <= k / 60; next += 1) node.replay({data: messages[next]});
        // As its example draws it: weight times volume. What volume leaves over is a shut mouth.
        const open = names.filter((n) => n !== "sil").map((n) => round(node.weights[n] * node.volume));
        rows.push([round(k / 60 - pause), round(1 - node.volume + (node.weights.sil ?? 0) * node.volume), ...open]);
      }
      settings.push({min, max, smoothness, rows});
    }
    return {columns: ["sil", ...names.filter((n) => n !== "sil")], settings, first_message_s: messages[0]?.timestamp, messages: messages.length};
  };
}

function write(peer, setting, clip, columns, rows) {
  const folder = `${root}/visemes/frames/${peer}/${setting}`;
  fs.mkdirSync(folder, {recursive: true});
  fs.writeFileSync(`${folder}/${clip}.csv`, [["t_s", ...columns], ...rows].map((r) => r.join(",")).join("\n") + "\n");
}

const TYPES = {".mjs": "text/javascript", ".js": "text/javascript", ".wav": "audio/wav"};
// Answers once the audio thread has compiled and run something of its own.
const ECHO = `registerProcessor("echo", class extends AudioWorkletProcessor {
  constructor() { super(); this.port.onmessage = async ({data}) => {
    await WebAssembly.instantiate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
    data.postMessage("ready");
  }; }
  process() { return false; }
});`;
const server = http.createServer((request, response) => {
  const asked = decodeURIComponent(new URL(request.url, "http://x").pathname);
  const file = asked.startsWith("/modules/") ? path.join(modules, asked.slice(9)) : asked.startsWith("/audio/") ? path.join(root, asked) : null;
  if (asked === "/echo.js") {
    response.writeHead(200, {"content-type": "text/javascript"}).end(ECHO);
    return;
  }
  if (file === null || !fs.existsSync(file)) {
    response.writeHead(asked === "/" ? 200 : 404, {"content-type": "text/html"}).end("<!doctype html>");
    return;
  }
  response.writeHead(200, {"content-type": TYPES[path.extname(file)] ?? "application/octet-stream"}).end(fs.readFileSync(file));
}).listen(0, "127.0.0.1");
await new Promise((done) => server.on("listening", done));

const vowels = await fromVowels(root, wasm), speakers = await fromSpeakers(root, wasm, clips);
const browser = await chromium.launch({executablePath: opt("--chromium", "/usr/bin/chromium"), headless: true, args: ["--no-sandbox", "--disable-dev-shm-usage"]});
try {
  fs.rmSync(`${root}/visemes/frames/headaudio`, {recursive: true, force: true});
  fs.rmSync(`${root}/visemes/frames/wlipsync`, {recursive: true, force: true});
  const page = await browser.newPage();
  await page.goto(`http://localhost:${server.address().port}/`);
  await page.evaluate(inPage);
  let events = 0, latest = 0;
  for (const clip of clips) {
    for (const rate of RATES) {
      const got = await page.evaluate((a) => window.headaudio(...a), [clip, rate, HEADAUDIO, PAUSE_S]);
      HEADAUDIO.forEach(({name}, i) => {
        events += got[i].events;
        for (const what of ["weights", "decisions"]) write("headaudio", `${what}-${name}-${rate / 1000}k`, clip, got[i].columns, got[i][what]);
      });
    }
    for (const [kind, profiles] of [["vowels", vowels], ["speaker", speakers[clip]]]) for (const method of Object.keys(METHODS)) {
      const got = await page.evaluate((a) => window.wlipsync(...a), [clip, profiles[method], PAUSE_S, VOLUMES, LAZY]);
      latest = Math.max(latest, got.first_message_s ?? Infinity);
      for (const {min, max, smoothness, rows} of got.settings) write("wlipsync", `${kind}-${method}-volume${min}to${max}-smooth${smoothness}`, clip, got.columns, rows);
    }
    process.stderr.write(`${clip} `);
  }
  if (events === 0 || !(latest < PAUSE_S)) throw new Error(`a peer was not ready: ${events} events, wLipSync's first at ${latest} s`);
  const version = (name) => JSON.parse(fs.readFileSync(`${modules}/${name}/package.json`)).version;
  console.log(JSON.stringify({clips: clips.length, headaudio_events: events, wlipsync_first_message_s: latest, chromium: browser.version(),
    packages: {"@met4citizen/headaudio": version("@met4citizen/headaudio"), wlipsync: version("wlipsync")}}, null, argv.includes("--json") ? 0 : 1));
} finally {
  await browser.close();
  server.close();
}
