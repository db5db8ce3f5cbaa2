/**
 * Hears what a page plays, sees what its face draws, and notes the frames of her mouth that come, all on one clock:
 * `performance.now()`.
 *
 * What is recorded is sound as the browser hands it to the loudspeaker, sample by sample; when it sounds the browser says:
 *
 * - what goes to a context's loudspeaker goes to a worklet, too, each block with its place in the context's time, and
 *   `getOutputTimestamp()` says when that place sounds;
 * - what comes over a call is read off its track (`MediaStreamTrackProcessor`): Chromium stamps each 10 ms with the moment
 *   at which the loudspeaker fetched them, behind its jitter buffer, and the count `totalPlayoutDelay` says how long they
 *   take from there.
 *
 * Both are the browser's word: what it does not know of its device, nobody here sees, and the page goes by that word over
 * the WebSocket, too (over a call by another, `getSynchronizationSources()`). What is drawn the page counts in `window.__janet.face`: when
 * `frames` goes up a picture is being drawn, and `morphs` (called `names`) are those of the one before. Wants a page
 * whose policy is bypassed (`options: { bypassCSP: true }`): the worklet is made of text.
 */

const STEP_MS = 2;
/** Of her voice as it comes over the WebSocket. */
const VOICE_HZ = 24_000;
/** Lower than this, in Hz, is the murmur of shut lips; what lies above comes out of an open mouth. */
const MURMUR_HZ = 700;

/** Goes into the page before its own code. */
export async function listen(page) {
  await page.addInitScript(inPage, { stepMs: STEP_MS, murmurHz: MURMUR_HZ, voiceHz: VOICE_HZ });
}

/**
 * What was heard until now (`sounds`: one for each context and track, mean squares in steps of `step` ms from `start` on),
 * what was sent of her voice over the WebSocket (`voice`: the same, by its own samples), what was drawn (`frames`: when,
 * and the weights), and what came for the mouth (`came`: at which sample of 48 kHz, the weights, and which way).
 */
export async function heard(page) {
  const told = await page.evaluate(() => window.__heard());
  return { step: STEP_MS, ...told };
}

function inPage({ stepMs, murmurHz, voiceHz }) {
  const sounds = [];
  const frames = [];
  const came = [];
  const said = [];
  /** How long a clock that slips is believed to stand, to either side, in ms. */
  const AROUND_MS = 250;

  const WORKLET = `registerProcessor('tap', class extends AudioWorkletProcessor {
    constructor() { super(); this.blocks = []; }
    process([input]) {
      if (input[0] !== undefined) this.blocks.push({ frame: currentFrame, samples: input[0].slice() });
      if (this.blocks.length >= 50) { this.port.postMessage(this.blocks); this.blocks = []; }
      return true;
    }
  });`;
  const connect = AudioNode.prototype.connect;
  const taps = new Map();

  async function tapOf(context) {
    const sound = { way: 'context', rate: context.sampleRate, blocks: [], clock: [], context };
    sounds.push(sound);
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([WORKLET], { type: 'text/javascript' })));
    const node = new AudioWorkletNode(context, 'tap');
    node.port.onmessage = ({ data }) => sound.blocks.push(...data);
    // It gives silence, and is run because it is heard.
    connect.call(node, context.destination);
    return node;
  }

  AudioNode.prototype.connect = function (target, ...rest) {
    if (target === this.context.destination && this.context instanceof AudioContext) {
      const { context } = this;
      if (!taps.has(context)) taps.set(context, tapOf(context));
      void taps.get(context).then((tap) => connect.call(this, tap));
    }
    return connect.call(this, target, ...rest);
  };

  async function read(track, peer) {
    const sound = { way: 'call', rate: 0, blocks: [], clock: [], peer, behind: Infinity };
    sounds.push(sound);
    const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 500 }).readable.getReader();
    for (let frame = 0; ; ) {
      const { value, done } = await reader.read();
      if (done) return;
      const samples = new Float32Array(value.numberOfFrames);
      value.copyTo(samples, { planeIndex: 0, format: 'f32-planar' });
      sound.rate = value.sampleRate;
      sound.blocks.push({ frame, samples });
      sound.clock.push({ at: (frame / value.sampleRate) * 1000, sounds: value.timestamp / 1000 });
      // The stamps count from another beginning: the block that was fastest here says which.
      sound.behind = Math.min(sound.behind, performance.now() - value.timestamp / 1000);
      frame += samples.length;
      value.close();
    }
  }

  const noteFace = (data) => {
    const bytes = new Uint8Array(data);
    came.push({ way: 'call', at: new DataView(data).getUint32(0, true), weights: Array.from({ length: bytes[4] }, (_, i) => [bytes[5 + 2 * i], bytes[6 + 2 * i]]) });
  };
  const Peer = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Peer {
    constructor(...given) {
      super(...given);
      this.addEventListener('track', ({ track }) => {
        if (track.kind === 'audio') void read(track, this);
      });
      this.addEventListener('datachannel', ({ channel }) => this.watch(channel));
    }
    createDataChannel(...given) {
      return this.watch(super.createDataChannel(...given));
    }
    watch(channel) {
      if (channel.label === 'face') channel.addEventListener('message', ({ data }) => noteFace(data));
      return channel;
    }
  };

  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => {
        if (data instanceof ArrayBuffer) said.push({ frame: new DataView(data).getUint32(0, true), samples: Float32Array.from(new Int16Array(data.slice(4)), (x) => x / 32768) });
        if (typeof data !== 'string' || !data.includes('"viseme"')) return;
        const message = JSON.parse(data);
        if (message.type !== 'viseme') return;
        for (const { at_sample: at, weights } of message.frames ?? [message]) came.push({ way: 'context', at, weights });
      });
    }
  };

  const VISEMES = ['sil', 'A', 'E', 'I', 'O', 'U', 'M', 'F', 'Th', 'P'];
  let drawing = null; // the picture under way: its number, and when it was begun
  let turn = 0;
  const see = ({ begun, of }) => {
    const face = window.__janet?.face;
    // The next picture has been begun before this message came: nobody knows which one this is.
    if (of !== turn) {
      drawing = null;
      return;
    }
    if (face === undefined || face.frames === drawing?.number) return;
    if (drawing !== null && face.frames === drawing.number + 1) {
      const weights = VISEMES.map((name) => face.morphs[face.names.indexOf(name)] ?? 0);
      weights[0] = Math.max(0, 1 - weights.reduce((sum, x) => sum + x, 0));
      frames.push({ at: drawing.begun, weights });
    }
    drawing = { number: face.frames, begun };
  };
  // A message comes after all that a picture's callbacks do.
  const after = new MessageChannel();
  after.port1.onmessage = ({ data }) => see(data);
  const look = () => {
    for (const { context, clock } of sounds) {
      const { contextTime, performanceTime } = context?.getOutputTimestamp() ?? {};
      // Without its first moments: a context that has just begun says what it likes.
      if (contextTime > 0.2 && performanceTime > 0) clock.push({ at: contextTime * 1000, sounds: performanceTime });
    }
    turn += 1;
    after.port2.postMessage({ begun: performance.now(), of: turn });
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);

  /** Of a time in a sound, in ms, when it is heard: the clock's median around there. */
  function clockOf({ clock, behind = 0 }, delay) {
    const offsets = clock.map(({ at, sounds: heardAt }) => ({ at, ms: heardAt - at }));
    let [from, to] = [0, 0];
    return (at) => {
      while (from < offsets.length - 1 && offsets[from].at < at - AROUND_MS) from += 1;
      while (to < offsets.length && offsets[to].at <= at + AROUND_MS) to += 1;
      const near = offsets.slice(from, Math.max(to, from + 1)).map(({ ms }) => ms);
      return at + near.sort((a, b) => a - b)[near.length >> 1] + behind + delay;
    };
  }

  /** Mean squares of what is above a murmur, on the page's clock. */
  function powerOf({ rate, blocks }, heardAt) {
    const [start, sums, counts] = [heardAt((blocks[0].frame / rate) * 1000), [], []];
    // A high pass of Butterworth's, as in Web Audio's specification.
    const [w, end] = [(2 * Math.PI * murmurHz) / rate, { x1: 0, x2: 0, y1: 0, y2: 0 }];
    const [alpha, cos] = [Math.sin(w) / Math.SQRT2, Math.cos(w)];
    for (const { frame, samples } of blocks) {
      const begins = heardAt((frame / rate) * 1000) - start;
      samples.forEach((x, i) => {
        const y = (((1 + cos) / 2) * (x - 2 * end.x1 + end.x2) + 2 * cos * end.y1 - (1 - alpha) * end.y2) / (1 + alpha);
        Object.assign(end, { x1: x, x2: end.x1, y1: y, y2: end.y1 });
        const k = Math.floor((begins + (i / rate) * 1000) / stepMs);
        if (k < 0) return;
        sums[k] = (sums[k] ?? 0) + y * y;
        counts[k] = (counts[k] ?? 0) + 1;
      });
    }
    let before = 0;
    // Where a clock slipped there is a hole: it is as loud as what was before it.
    const power = Array.from(sums, (sum, k) => (before = sum === undefined ? before : sum / counts[k]));
    return { start, power };
  }

  /** How long what a peer's sound takes to the loudspeaker, in ms, by the browser's count; null where it does not count. */
  async function delayOf(peer) {
    const counted = [...(await peer.getStats()).values()].find(({ type }) => type === 'media-playout');
    return counted?.totalSamplesCount > 0 ? (counted.totalPlayoutDelay / counted.totalSamplesCount) * 1000 : null;
  }

  window.__heard = async () => {
    const told = sounds.filter(({ blocks, clock }) => blocks.length > 0 && clock.length > 0).map(async (sound) => {
      const delay = sound.way === 'call' ? await delayOf(sound.peer) : 0;
      const offsets = sound.clock.map(({ at, sounds: heardAt }) => heardAt - at);
      return {
        way: sound.way,
        ...powerOf(sound, clockOf(sound, delay ?? 0)),
        wander: Math.max(...offsets) - Math.min(...offsets),
        latency: sound.way === 'call' ? delay : sound.context.outputLatency * 1000,
      };
    });
    const voice = said.length === 0 ? null : powerOf({ rate: voiceHz, blocks: said }, (at) => at);
    return { sounds: await Promise.all(told), voice, frames, came };
  };
}
