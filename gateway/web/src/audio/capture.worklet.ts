/**
 * The microphone, in the audio thread: mixes to mono, resamples to the wire's rate, cuts 20 ms
 * frames. With no input it makes silence, so that the server's clock goes on and it can hear that
 * nobody speaks.
 */
import { encodePcm16 } from '../protocol/frames.js';
import type { CaptureOptions, FromCapture, ToCapture } from './capture-messages.js';
import { Resampler } from './resample.js';

const FRAME_S = 0.02;
/** One render quantum of silence. */
const QUANTUM = new Float32Array(128);

class CaptureProcessor extends AudioWorkletProcessor {
  private readonly resampler: Resampler;
  private readonly frame: Float32Array;
  private filled = 0;
  private sending = false;

  constructor(options: { processorOptions: CaptureOptions }) {
    super();
    const { rateHz } = options.processorOptions;
    this.resampler = new Resampler(sampleRate, rateHz);
    this.frame = new Float32Array(Math.round(rateHz * FRAME_S));
    this.port.onmessage = (event: MessageEvent<ToCapture>) => {
      this.sending = event.data.sending;
      this.filled = 0;
    };
  }

  process(inputs: Float32Array[][]): boolean {
    const samples = this.resampler.push(mono(inputs[0] ?? []));
    for (const x of samples) {
      this.frame[this.filled] = x;
      this.filled += 1;
      if (this.filled === this.frame.length) this.emit();
    }
    return true;
  }

  private emit(): void {
    this.filled = 0;
    let peak = 0;
    for (const x of this.frame) peak = Math.max(peak, Math.abs(x));
    const pcm = this.sending ? encodePcm16(this.frame) : null;
    const message: FromCapture = { pcm, peak };
    this.port.postMessage(message, pcm === null ? [] : [pcm]);
  }
}

function mono(channels: Float32Array[]): Float32Array {
  const [first, ...others] = channels;
  if (first === undefined) return QUANTUM;
  if (others.length === 0) return first;
  return first.map((x, i) => others.reduce((sum, c) => sum + (c[i] as number), x) / channels.length);
}

registerProcessor('janet-capture', CaptureProcessor);
