/** What the page and its player worklet tell each other. */
import type { QueueCounters } from './play-queue.js';

export interface PlayerOptions {
  /** Rate of her voice on the wire, in Hz. */
  rateHz: number;
}

export type ToPlayer =
  | { type: 'frame'; first: number; samples: Float32Array }
  /** Drop everything from this sample on. */
  | { type: 'flush'; from: number }
  /** A new stream: samples are counted from 0 again. */
  | { type: 'restart' };

export type FromPlayer =
  | {
      type: 'playout';
      /** Samples of the connection heard so far. */
      playedSample: number;
      /** When the last of them leaves, in seconds of the context's clock. */
      at: number;
      playing: boolean;
      /** Whether this answers a flush. */
      flushed: boolean;
      counters: QueueCounters;
    }
  /** Loudest sample (0 to 1) of the last 20 ms. */
  | { type: 'level'; peak: number };
