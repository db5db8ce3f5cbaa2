/**
 * Tells the server what was heard of her over a call: every 100 ms while she speaks, the number of the
 * sample that is at the ear. The reckoning is playout-clock.ts.
 */
import type { VoiceState } from '../protocol/messages.js';
import { PlayoutClock } from './playout-clock.js';

/** As on the WebSocket. */
const REPORT_EVERY_MS = 100;
/** A browser that was asked so short a time ago (ms) says the same again: it plays in pieces of 10 ms. */
const SAME_MS = 4;
/** Times since 1970 are larger than this, times since the page was opened are not. */
const EPOCH_MS = 1e11;

export class Heard {
  private readonly clock = new PlayoutClock();
  private readonly timer: number;
  private frame: number | undefined;
  private speaking = false;
  private lookedAt = -Infinity;
  /** As last told. */
  private told: number | null = null;

  /** `latencyMs`: how long sound takes from the browser to the ear. `report` takes a number modulo 2^32. */
  constructor(
    private readonly receiver: RTCRtpReceiver,
    private readonly latencyMs: () => number,
    private readonly report: (playedSample: number) => void,
  ) {
    // Also in a page that nobody looks at, and before she speaks, so that there is a line by then.
    this.timer = window.setInterval(() => this.tick(), REPORT_EVERY_MS);
  }

  /** `face_clock`. */
  onClock(rtpTimestamp: number, sample: number): void {
    this.clock.onClock(rtpTimestamp, sample);
  }

  /** The sample at the ear at this time (`performance.now()`), modulo 2^32; null where that is not known. */
  sampleAt(now: number): number | null {
    // Where pictures are slow to draw, what was seen at the last one is old.
    this.look();
    return this.clock.sampleAt(now - this.latencyMs());
  }

  /** What her voice does. */
  onSpeaking(state: VoiceState): void {
    const speaking = state === 'started' || state === 'resumed';
    if (!speaking && this.speaking) this.clock.onSilent(performance.now());
    this.speaking = speaking;
    if (speaking) this.follow();
  }

  close(): void {
    this.speaking = false;
    window.clearInterval(this.timer);
    if (this.frame !== undefined) cancelAnimationFrame(this.frame);
  }

  /** Looks at each animation frame while she speaks: ten times a second are few points for a line. */
  private follow(): void {
    if (this.frame !== undefined) return;
    const look = (): void => {
      this.frame = undefined;
      this.look();
      if (this.speaking) this.follow();
    };
    this.frame = requestAnimationFrame(look);
  }

  private tick(): void {
    if (!this.speaking) {
      this.look();
      return;
    }
    const sample = this.sampleAt(performance.now());
    if (sample === null || (this.told !== null && isBefore(sample, this.told))) return;
    this.told = sample;
    this.report(sample);
  }

  private look(): void {
    const now = performance.now();
    if (now - this.lookedAt < SAME_MS) return;
    this.lookedAt = now;
    for (const { rtpTimestamp, timestamp } of this.receiver.getSynchronizationSources()) {
      // The specification and the browsers disagree about the origin of this time.
      const at = timestamp > EPOCH_MS ? timestamp - performance.timeOrigin : timestamp;
      this.clock.onPlayed(rtpTimestamp, at);
    }
  }
}

/** Of two numbers modulo 2^32. */
function isBefore(one: number, other: number): boolean {
  return ((one - other) | 0) < 0;
}
