/**
 * Her voice, in the audio thread: takes frames, plays them, says what was heard.
 *
 * Decides nothing: what to drop and when comes from the server. The sample counter here is the
 * playout clock of the whole program.
 */
import type { FromPlayer, PlayerOptions, ToPlayer } from './player-messages.js';
import { PlayQueue } from './play-queue.js';
import { Resampler } from './resample.js';

const REPORT_EVERY_S = 0.1;
const LEVEL_EVERY_S = 0.02;

class PlayerProcessor extends AudioWorkletProcessor {
  private readonly queue: PlayQueue;
  private readonly rateHz: number;
  /** Null where the context runs at the voice's own rate. */
  private readonly resampler: Resampler | null;
  /** Resampled sound that did not fit into the last block. */
  private rest: Float32Array = new Float32Array(0);
  private sinceReport = 0;
  private sinceLevel = 0;
  private peak = 0;
  private wasPlaying = false;

  constructor(options: { processorOptions: PlayerOptions }) {
    super();
    this.rateHz = options.processorOptions.rateHz;
    this.queue = new PlayQueue(this.rateHz);
    this.resampler = sampleRate === this.rateHz ? null : new Resampler(this.rateHz, sampleRate);
    this.port.onmessage = (event: MessageEvent<ToPlayer>) => this.handle(event.data);
  }

  private handle(message: ToPlayer): void {
    switch (message.type) {
      case 'frame':
        this.queue.push(message.first, message.samples);
        break;
      case 'flush':
        this.queue.flush(message.from);
        this.report(true, 0);
        break;
      case 'restart':
        this.queue.restart();
        break;
    }
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const out = outputs[0]?.[0];
    if (out === undefined) return true;
    if (this.resampler === null) this.queue.pull(out);
    else this.pullResampled(out, this.resampler);

    for (const x of out) this.peak = Math.max(this.peak, Math.abs(x));
    this.sinceReport += out.length;
    this.sinceLevel += out.length;
    if (this.sinceLevel >= sampleRate * LEVEL_EVERY_S) {
      this.post({ type: 'level', peak: this.peak });
      this.peak = 0;
      this.sinceLevel = 0;
    }
    const playing = this.queue.playing;
    if (playing ? !this.wasPlaying || this.sinceReport >= sampleRate * REPORT_EVERY_S : this.wasPlaying) {
      this.report(false, out.length);
    }
    this.wasPlaying = playing;
    return true;
  }

  private pullResampled(out: Float32Array, resampler: Resampler): void {
    while (this.rest.length < out.length) {
      const missing = out.length - this.rest.length;
      const block = new Float32Array(Math.ceil((missing * this.rateHz) / sampleRate));
      this.queue.pull(block);
      const more = resampler.push(block);
      const joined = new Float32Array(this.rest.length + more.length);
      joined.set(this.rest);
      joined.set(more, this.rest.length);
      this.rest = joined;
    }
    out.set(this.rest.subarray(0, out.length));
    this.rest = this.rest.slice(out.length);
  }

  /** `ahead`: samples of the output that lie between now and the last one pulled. */
  private report(flushed: boolean, ahead: number): void {
    this.sinceReport = 0;
    this.post({
      type: 'playout',
      playedSample: this.queue.playedSample,
      at: currentTime + ahead / sampleRate,
      playing: this.queue.playing,
      flushed,
      counters: { ...this.queue.counters },
    });
  }

  private post(message: FromPlayer): void {
    this.port.postMessage(message);
  }
}

registerProcessor('janet-player', PlayerProcessor);
