/**
 * What her voice's player holds and where it is: samples by number, and the number of the next one
 * to be heard.
 *
 * Pure: no clock, no Web Audio. The worklet calls `pull` for every block; time passes only there.
 * Rules: what is missing is silence; nothing starts, stops or jumps with a click; after a flush the
 * stream may begin again at any sample from the flush's on.
 */
import { unwrapSample } from '../protocol/frames.js';

/** What happened since the connection began. */
export interface QueueCounters {
  /** Samples of her voice that left through `pull`, fades included. */
  played: number;
  /** Times the voice ran dry and went on where it had stopped. */
  underruns: number;
  /** Samples dropped because the queue was full. */
  overrunSamples: number;
  /** Samples dropped because they came after their time. */
  lateSamples: number;
  /** Flushes obeyed. */
  flushes: number;
}

interface Chunk {
  first: number;
  samples: Float32Array;
  /** The first after a flush: what lies between was dropped, not lost. */
  fresh: boolean;
}

/** A dry spell shorter than this, in seconds, within one stretch of sound is an underrun. */
const UNDERRUN_WITHIN_S = 0.4;
/** A hole longer than this, in seconds, is jumped over: the server never sends that far ahead. */
const LONGEST_GAP_S = 0.25;
const CAPACITY_S = 2;

/** The queue of one connection. */
export class PlayQueue {
  readonly counters: QueueCounters = {
    played: 0,
    underruns: 0,
    overrunSamples: 0,
    lateSamples: 0,
    flushes: 0,
  };

  private chunks: Chunk[] = [];
  /** Number of the next sample to take from the chunks. */
  private position = 0;
  private started = false;
  /** Where the stream may go back to: set by a flush, used up by the next samples. */
  private floor = Infinity;
  /** Faded end of cut sound; it leaves before anything else and is already counted as played. */
  private tail: Float32Array = new Float32Array(0);
  private tailAt = 0;
  /** Sample at which sound was cut ahead of the play position; what follows there fades in. */
  private cutAt = -1;
  private fadeIn = 0;
  private last = 0;
  private drySamples = Infinity;
  private waited = 0;
  private readonly fade: number;
  private readonly release: number;
  private readonly prebuffer: number;

  /** `rateHz` is the rate of the samples; the rest of time follows from it. */
  constructor(
    readonly rateHz: number,
    prebufferS = 0.02,
  ) {
    this.fade = Math.round(rateHz * 0.01);
    this.release = Math.exp(-1 / (rateHz * 0.001));
    this.prebuffer = Math.round(rateHz * prebufferS);
  }

  /** Whether sound is leaving. */
  get playing(): boolean {
    return this.started || this.tailAt < this.tail.length;
  }

  /** Number of samples of this connection that were heard, or are committed to be. */
  get playedSample(): number {
    return this.position;
  }

  /** Samples that wait. */
  get queued(): number {
    let sum = 0;
    for (const chunk of this.chunks) sum += chunk.first + chunk.samples.length - Math.max(chunk.first, this.position);
    return sum;
  }

  /** Takes samples whose first has this (32-bit) number. */
  push(firstLow: number, samples: Float32Array): void {
    if (samples.length === 0) return;
    let first = unwrapSample(firstLow, this.position);
    const end = first + samples.length;
    if (this.chunks.length === 0 && first < this.position && first >= this.floor) {
      this.position = first;
      this.started = false;
    }
    const fresh = this.floor !== Infinity;
    this.floor = Infinity;
    const from = Math.max(this.position, this.end());
    if (first < from) {
      const late = Math.min(from - first, samples.length);
      this.counters.lateSamples += late;
      if (end <= from) return;
      samples = samples.subarray(late);
      first = from;
    }
    if (this.chunks.length === 0 && !this.started && first > this.position) this.position = first;
    this.chunks.push({ first, samples, fresh });
    this.trim();
  }

  /** Drops every sample from this (32-bit) number on; the cut is faded. */
  flush(fromLow: number): void {
    this.counters.flushes += 1;
    const from = unwrapSample(fromLow, this.position);
    this.floor = Math.min(from, this.floor);
    if (from > this.position) {
      this.cutAhead(from);
      return;
    }
    if (this.started && this.chunks.length > 0) {
      const tail = this.take(Math.min(this.fade, this.run()));
      for (let i = 0; i < tail.length; i += 1) {
        tail[i] = (tail[i] as number) * this.rampIn() * (1 - (i + 1) / tail.length);
      }
      this.tail = tail;
      this.tailAt = 0;
      this.counters.played += tail.length;
    }
    this.chunks = [];
    this.started = false;
    this.cutAt = -1;
    this.drySamples = Infinity;
  }

  /** Samples are counted from 0 again; what sounds fades, what waits is dropped, counters stay. */
  restart(): void {
    const { flushes } = this.counters;
    this.flush(this.position);
    this.counters.flushes = flushes;
    this.position = 0;
    this.floor = Infinity;
  }

  /** Fills `out` with what is heard next. */
  pull(out: Float32Array): void {
    for (let i = 0; i < out.length; i += 1) out[i] = this.last = this.next();
  }

  private next(): number {
    if (this.tailAt < this.tail.length) {
      this.tailAt += 1;
      return this.tail[this.tailAt - 1] as number;
    }
    if (!this.started && !this.start()) {
      this.drySamples += 1;
      return this.last * this.release;
    }
    const chunk = this.chunks[0];
    if (chunk === undefined) {
      this.started = false;
      this.drySamples = 0;
      return this.last * this.release;
    }
    if (chunk.first > this.position) {
      if (chunk.fresh || chunk.first - this.position > this.rateHz * LONGEST_GAP_S) {
        this.position = chunk.first;
        if (chunk.fresh) this.fadeIn = 0;
      } else {
        this.position += 1;
        this.fadeIn = 0;
        return this.last * this.release;
      }
    }
    if (this.position === this.cutAt) {
      this.fadeIn = 0;
      this.cutAt = -1;
    }
    const value = chunk.samples[this.position - chunk.first] as number;
    this.position += 1;
    this.counters.played += 1;
    if (this.position >= chunk.first + chunk.samples.length) this.chunks.shift();
    return value * this.rampIn();
  }

  /** Whether enough waits to begin; counts an underrun when the same sound goes on. */
  private start(): boolean {
    if (this.chunks.length === 0) {
      this.waited = 0;
      return false;
    }
    this.waited += 1;
    if (this.waited < this.prebuffer && this.queued < this.prebuffer) return false;
    if (this.drySamples < this.rateHz * UNDERRUN_WITHIN_S) this.counters.underruns += 1;
    this.drySamples = Infinity;
    this.started = true;
    this.waited = 0;
    this.fadeIn = 0;
    return true;
  }

  private rampIn(): number {
    if (this.fadeIn >= this.fade) return 1;
    this.fadeIn += 1;
    return this.fadeIn / this.fade;
  }

  /** Keeps what comes before `from` and fades its end, if anything behind it is dropped. */
  private cutAhead(from: number): void {
    if (this.end() <= from) return;
    this.chunks = this.chunks
      .filter((chunk) => chunk.first < from)
      .map((chunk) => ({ ...chunk, samples: chunk.samples.slice(0, from - chunk.first) }));
    const begin = Math.max(this.position, from - this.fade);
    for (const chunk of this.chunks) {
      for (let s = Math.max(begin, chunk.first); s < chunk.first + chunk.samples.length; s += 1) {
        const at = s - chunk.first;
        chunk.samples[at] = ((chunk.samples[at] as number) * (from - 1 - s)) / (from - begin);
      }
    }
    this.cutAt = from;
  }

  /** Number behind the last sample held, or 0. */
  private end(): number {
    const chunk = this.chunks[this.chunks.length - 1];
    return chunk === undefined ? 0 : chunk.first + chunk.samples.length;
  }

  /** Samples that follow the play position with no hole. */
  private run(): number {
    let at = this.position;
    for (const chunk of this.chunks) {
      if (chunk.first > at) break;
      at = chunk.first + chunk.samples.length;
    }
    return at - this.position;
  }

  /** Copies the next `count` samples and moves on behind them. */
  private take(count: number): Float32Array {
    const out = new Float32Array(count);
    let written = 0;
    for (const chunk of this.chunks) {
      const from = this.position + written - chunk.first;
      const part = chunk.samples.subarray(from, from + count - written);
      out.set(part, written);
      written += part.length;
      if (written === count) break;
    }
    this.position += count;
    return out;
  }

  /** Full: the oldest goes, so that what is heard stays current. */
  private trim(): void {
    const excess = this.queued - this.rateHz * CAPACITY_S;
    if (excess <= 0) return;
    this.counters.overrunSamples += excess;
    this.position += excess;
    this.fadeIn = 0;
    while (this.chunks.length > 0) {
      const chunk = this.chunks[0] as Chunk;
      if (chunk.first + chunk.samples.length > this.position) break;
      this.chunks.shift();
    }
  }
}
