/**
 * Which of her samples is heard now, where the browser plays her.
 *
 * A browser stretches and squeezes time to bridge its network's moods, so neither the arrival of
 * packets nor an element's `currentTime` says what sounds. `getSynchronizationSources()` does, in steps
 * of a packet: which RTP timestamp went to the speaker when. A line is fitted through the last second
 * of that, and `face_clock` says which of her samples has which timestamp.
 *
 * Pure: every time is an argument, in ms of one clock.
 */
import { unwrapSample } from '../protocol/frames.js';

const WRAP = 2 ** 32;
/** Ticks of an RTP timestamp in a millisecond (RFC 7587 §4.1: always 48 kHz). */
const TICKS_PER_MS = 48;
/** What the line goes through, in ms. */
const WINDOW_MS = 1_000;
/** At sixty frames a second, and more than that on some screens. */
const POINTS = 256;
/** A time shorter than this, in ms, says nothing about the pace. */
const SHORTEST_SPAN_MS = 200;
/** How far a browser's pace may be from the nominal one: more is an error of measurement. */
const PACE = { slowest: 0.8, fastest: 1.25 } as const;
/** Further off the line than this, in ticks, time has jumped: 150 ms. */
const JUMP = 150 * TICKS_PER_MS;
/** So far, in ms, the line goes on behind its last point: a browser that plays says so every 10 ms. */
const AHEAD_MS = 50;
/** Without a new point for so long, in ms, nothing is being played. */
const STALE_MS = 1_000;
/** Clocks that are kept; a call has one for each stretch of her voice, and two at a time matter. */
const CLOCKS = 16;

interface Point {
  at: number;
  /** Unwrapped. */
  rtp: number;
}

interface Clock {
  rtp: number;
  sample: number;
  /** Where her voice ended, in samples since the clock began, as far as it is known. */
  length: number | null;
}

export class PlayoutClock {
  private points: Point[] = [];
  private clocks: Clock[] = [];

  /** What `face_clock` says: this sample is at this timestamp, and so on until the next. */
  onClock(rtpTimestamp: number, sample: number): void {
    this.clocks.push({ rtp: rtpTimestamp, sample, length: null });
    if (this.clocks.length > CLOCKS) this.clocks.shift();
  }

  /** What was just played: this timestamp left for the speaker at this time. */
  onPlayed(rtpTimestamp: number, at: number): void {
    const last = this.points.at(-1);
    if (last !== undefined && at <= last.at) return;
    // One wrap ahead, so that there is room before the first point, too.
    const rtp = unwrapSample(rtpTimestamp, last?.rtp ?? WRAP + rtpTimestamp);
    const expected = this.rtpAt(at);
    if (expected !== null && Math.abs(rtp - expected) > JUMP) this.points = [];
    this.points.push({ at, rtp });
    const oldest = at - WINDOW_MS;
    const first = this.points.findIndex((point) => point.at >= oldest);
    this.points.splice(0, Math.max(first, this.points.length - POINTS));
  }

  /**
   * She is silent from `at` on, held or at an end: what the present clock says of later times was
   * never said.
   */
  onSilent(at: number): void {
    const here = this.find(at);
    if (here !== null && here.clock.length === null) here.clock.length = here.since;
  }

  /**
   * Number of the sample that leaves at this time, modulo 2^32; null where that is not known: before
   * the first clock, in silence, or with nothing played of late.
   */
  sampleAt(at: number): number | null {
    const last = this.points.at(-1);
    if (last === undefined || at - last.at > STALE_MS) return null;
    // A browser with nothing to play stands still.
    const here = this.find(Math.min(at, last.at + AHEAD_MS));
    if (here === null) return null;
    const { clock, next, since } = here;
    if (clock.length !== null && since > clock.length) return null;
    // Where the next clock begins this one has ended; its numbers go on from there.
    const most = next === null ? since : Math.min(since, modulo(next.sample - clock.sample));
    return modulo(clock.sample + Math.round(most));
  }

  /** The clock that holds at this time, the one after it, and for how many samples it has held. */
  private find(at: number): { clock: Clock; next: Clock | null; since: number } | null {
    const rtp = this.rtpAt(at);
    if (rtp === null) return null;
    for (let i = this.clocks.length - 1; i >= 0; i -= 1) {
      const clock = this.clocks[i] as Clock;
      const since = modulo(rtp - clock.rtp);
      // A clock of a time to come seems to lie far back.
      if (since < WRAP / 2) return { clock, next: this.clocks[i + 1] ?? null, since };
    }
    return null;
  }

  /** The line, at this time: unwrapped, and between two ticks. */
  private rtpAt(at: number): number | null {
    const { points } = this;
    const first = points[0];
    const last = points.at(-1);
    if (first === undefined || last === undefined) return null;
    const mean = { at: 0, rtp: 0 };
    for (const point of points) {
      // From the first on, or the squares would lose their last digits.
      mean.at += (point.at - first.at) / points.length;
      mean.rtp += (point.rtp - first.rtp) / points.length;
    }
    let pace: number = TICKS_PER_MS;
    if (last.at - first.at >= SHORTEST_SPAN_MS) {
      let over = 0;
      let under = 0;
      for (const point of points) {
        const away = point.at - first.at - mean.at;
        over += away * (point.rtp - first.rtp - mean.rtp);
        under += away * away;
      }
      pace = Math.min(PACE.fastest * TICKS_PER_MS, Math.max(PACE.slowest * TICKS_PER_MS, over / under));
    }
    return first.rtp + mean.rtp + pace * (at - first.at - mean.at);
  }
}

function modulo(n: number): number {
  return ((n % WRAP) + WRAP) % WRAP;
}
