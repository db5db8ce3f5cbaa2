/**
 * Which of her samples is at the ear, where the worklet plays her: its own counter is exact, and what lies
 * between its reports and behind them, on the way to the loudspeaker, follows from the audio clock.
 *
 * Pure: times are seconds of the audio context's clock.
 */

export interface PlayoutMark {
  /** When the sample leaves, in seconds of the context's clock. */
  at: number;
  sample: number;
  /** Whether samples follow it without a hole. */
  playing: boolean;
}

/** Marks kept: a report comes every 100 ms, and no loudspeaker is seconds away. */
const MARKS = 48;
/** So long, in seconds, a mark says what follows it: the next report should have come. */
const HOLDS_S = 0.5;

export class PlayoutTrack {
  private marks: PlayoutMark[] = [];

  /** `rateHz`: of the samples. */
  constructor(private readonly rateHz: number) {}

  report(mark: PlayoutMark): void {
    const last = this.marks.at(-1);
    // A context's time does not go back; one that did is another's.
    if (last !== undefined && mark.at < last.at) this.marks = [];
    this.marks.push(mark);
    if (this.marks.length > MARKS) this.marks.shift();
  }

  /** Samples are counted from 0 again. */
  restart(): void {
    this.marks = [];
  }

  /** The sample that leaves at this time; null while none does. */
  heard(at: number): number | null {
    const i = this.marks.findLastIndex((mark) => mark.at <= at);
    const mark = this.marks[i];
    if (mark === undefined || !mark.playing || at - mark.at > HOLDS_S) return null;
    return mark.sample + Math.round((at - mark.at) * this.rateHz);
  }
}
