/**
 * The room around the page: what comes out of the loudspeaker is measured, and may come back into the microphone of
 * `microphone.mjs`. Her voice over the WebSocket alone: a call's goes another way.
 */

/** To be run in the page before its own code, behind the microphone's. */
function install() {
  /** A busy page looks late: it finds as much sound as has come meanwhile. */
  const [LOOK_MS, KEPT] = [50, 32_768];
  const BLOCK_MS = 20;
  /** Quieter is silence. */
  const LOUD = 0.01;
  const connect = AudioNode.prototype.connect;
  const speakers = new Map();
  let gain = 0;

  function speakerOf(context) {
    const meter = new AnalyserNode(context, { fftSize: KEPT });
    const line = context.createMediaStreamDestination();
    connect.call(meter, line);
    const { context: there, mouth } = window.__mouth;
    const air = there.createGain();
    air.gain.value = gain;
    there.createMediaStreamSource(line.stream).connect(air).connect(mouth);
    return { meter, air };
  }

  AudioNode.prototype.connect = function (target, ...rest) {
    if (target === this.context.destination && this.context instanceof AudioContext && this.context !== window.__mouth.context) {
      const { context } = this;
      if (!speakers.has(context)) speakers.set(context, speakerOf(context));
      connect.call(this, speakers.get(context).meter);
    }
    return connect.call(this, target, ...rest);
  };

  const looked = new Map();
  /** The levels (RMS) of what came since the last look, block by block. */
  function levels(meter) {
    const { currentTime, sampleRate } = meter.context;
    const block = Math.round((sampleRate * BLOCK_MS) / 1000);
    const came = Math.min(KEPT, Math.round((currentTime - (looked.get(meter) ?? currentTime)) * sampleRate));
    looked.set(meter, currentTime);
    const samples = new Float32Array(KEPT);
    meter.getFloatTimeDomainData(samples);
    const blocks = [];
    for (let at = KEPT - came; at + block <= KEPT; at += block) blocks.push(Math.sqrt(samples.subarray(at, at + block).reduce((sum, x) => sum + x * x, 0) / block));
    return blocks;
  }
  const room = { loudest: 0, loudMs: 0, loudestAtMic: 0 };
  let ear = null;
  setInterval(() => {
    if (ear === null) {
      ear = new AnalyserNode(window.__mouth.context, { fftSize: KEPT });
      connect.call(window.__mouth.mouth, ear);
    }
    for (const { meter } of speakers.values()) {
      for (const level of levels(meter)) {
        room.loudest = Math.max(room.loudest, level);
        if (level > LOUD) room.loudMs += BLOCK_MS;
      }
    }
    room.loudestAtMic = Math.max(room.loudestAtMic, ...levels(ear));
  }, LOOK_MS);

  window.__room = {
    heard: () => ({ ...room }),
    forget: () => Object.assign(room, { loudest: 0, loudMs: 0, loudestAtMic: 0 }),
    loop: (to) => {
      gain = to;
      for (const { air } of speakers.values()) air.gain.value = to;
    },
  };
}

/** Give this to `openPage` as `before`, behind `installMicrophone`. */
export async function installRoom(page) {
  await page.addInitScript(install);
}

/** What was heard since it was asked last: the loudest 20 ms (RMS) at the loudspeaker and at the microphone, and for how long. */
export async function heardInRoom(janet) {
  const heard = await janet.page.evaluate(() => {
    const now = window.__room.heard();
    window.__room.forget();
    return now;
  });
  return heard;
}

/** From now on so much of what the loudspeaker plays comes to the microphone. */
export function loopBack(janet, gain) {
  return janet.page.evaluate((to) => window.__room.loop(to), gain);
}
