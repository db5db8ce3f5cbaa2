/**
 * Hears what a page plays, and sees what its face draws, on one clock: `performance.now()`.
 *
 * What goes to a context's loudspeaker goes to a worklet, too, which says how loud each 2 ms were and at which sample
 * of the context. `getOutputTimestamp()` says when a sample sounds. What is drawn the page counts in `window.__janet.face`: when `frames` goes up a picture is being
 * drawn, and `morphs` (called `names`) are those of the one before. Wants a page whose policy is bypassed
 * (`options: { bypassCSP: true }`): the worklet is made of text.
 */

const STEP_MS = 2;

/** Goes into the page before its own code. */
export async function listen(page) {
  await page.addInitScript(inPage, STEP_MS);
}

/** What was heard, per context, and drawn, until now; `{ step, contexts: [{ start, power }], frames: [{ at, weights }] }`. */
export async function heard(page) {
  const told = await page.evaluate(() => window.__heard());
  return { step: STEP_MS, ...told };
}

function inPage(stepMs) {
  const taps = new Map();
  const frames = [];
  const WORKLET = `registerProcessor('tap', class extends AudioWorkletProcessor {
    constructor() { super(); this.step = Math.round(sampleRate * ${stepMs / 1000}); this.sum = 0; this.count = 0; this.first = null; this.power = []; }
    process([input]) {
      const sound = input[0];
      this.first ??= currentFrame;
      for (let i = 0; i < 128; i += 1) {
        this.sum += sound === undefined ? 0 : sound[i] * sound[i];
        if ((this.count += 1) === this.step) { this.power.push(this.sum / this.step); this.sum = this.count = 0; }
      }
      if (this.power.length >= 50) { this.port.postMessage({ first: this.first, power: this.power }); this.power = []; }
      return true;
    }
  });`;
  const connect = AudioNode.prototype.connect;

  async function tapOf(context) {
    const tap = { context, first: null, power: [], offsets: [], node: null };
    taps.set(context, tap);
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([WORKLET], { type: 'text/javascript' })));
    tap.node = new AudioWorkletNode(context, 'tap');
    tap.node.port.onmessage = ({ data }) => {
      tap.first ??= data.first;
      for (const x of data.power) tap.power.push(x);
    };
    // It gives silence, and is run because it is heard.
    connect.call(tap.node, context.destination);
    return tap;
  }

  AudioNode.prototype.connect = function (target, ...rest) {
    if (target === this.context.destination && this.context instanceof AudioContext) {
      const ready = taps.has(this.context) ? Promise.resolve(taps.get(this.context)) : tapOf(this.context);
      void ready.then((tap) => connect.call(this, tap.node));
    }
    return connect.call(this, target, ...rest);
  };

  const VISEMES = ['sil', 'A', 'E', 'I', 'O', 'U', 'M', 'F', 'Th', 'P'];
  let drawing = null; // the picture under way: its number, and when it was begun
  const see = (begun) => {
    const face = window.__janet?.face;
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

  // When a sample sounds is told in steps, up to one of the output's buffers off: the mean of many is right.
  const look = () => {
    for (const tap of taps.values()) {
      const { contextTime, performanceTime } = tap.context.getOutputTimestamp();
      if (contextTime > 0 && performanceTime > 0) tap.offsets.push(performanceTime - contextTime * 1000);
    }
    after.port2.postMessage(performance.now());
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);

  // Without the outermost: a context that has just begun says what it likes.
  const mean = (values) => {
    const kept = [...values].sort((a, b) => a - b).slice(Math.floor(values.length / 20), Math.ceil(values.length * 0.95));
    return kept.reduce((sum, x) => sum + x, 0) / kept.length;
  };
  window.__heard = () => ({
    contexts: [...taps.values()].filter((tap) => tap.first !== null && tap.offsets.length > 0).map((tap) => ({
      start: (tap.first / tap.context.sampleRate) * 1000 + mean(tap.offsets),
      wander: Math.max(...tap.offsets) - Math.min(...tap.offsets),
      latency: tap.context.outputLatency * 1000,
      power: tap.power,
    })),
    frames,
  });
}
