/**
 * What comes for her face, by whatever way, until its sample is heard: frames of her mouth, and cues (tones and
 * gestures). Pure: the position that is heard is an argument.
 */
import type { ServerMessage } from '../protocol/messages.js';
import { BadFrame, closedMouth, decodeFrame, FaceTimeline, weightsOf, type Weights } from './weights.js';

type FaceMessage = Extract<ServerMessage, { type: 'viseme' | 'tone' | 'gesture' }>;

/** Something to be done when a sample (48 kHz) is heard. */
export type FaceCue = { readonly at: number } & ({ readonly kind: 'tone'; readonly name: string; readonly intensity: number } | { readonly kind: 'gesture'; readonly name: string });

/** More than that in eight seconds is no expression. The oldest goes. */
const MOST_CUES = 32;
/** With no sample heard a mouth closes by half in this time (ms). */
const HALF_CLOSED_MS = 35;

/** So far behind the last sample that was seen to be heard her voice may end (48 kHz): half a second. */
const AT_ITS_END = 24_000;
const NEUTRAL: FaceCue = { at: 0, kind: 'tone', name: 'neutral', intensity: 0 };

export class FaceFeed {
  /** Frames that could not be read. */
  bad = 0;
  /** Frames that came. */
  received = 0;
  private readonly timeline = new FaceTimeline();
  private readonly mouth = closedMouth();
  private cues: FaceCue[] = [];
  /** What was heard last; null while she is silent. */
  private heard: number | null = null;
  /** Whether a voice is over whose tone she may still have. */
  private isOver = false;
  private drawnAt: number | null = null;

  /** From the data channel. */
  onFrame(bytes: Uint8Array): void {
    this.take(() => decodeFrame(bytes));
  }

  onMessage(message: FaceMessage): void {
    switch (message.type) {
      case 'viseme':
        for (const { atSample, weights } of message.frames) this.take(() => ({ at: atSample, weights: weightsOf(weights) }));
        break;
      case 'tone':
        this.cue({ at: message.atSample, kind: 'tone', name: message.name, intensity: message.intensity });
        break;
      case 'gesture':
        this.cue({ at: message.atSample, kind: 'gesture', name: message.name });
        break;
    }
  }

  /** Nothing from this sample on will be heard. What belongs to this very place is how she is from here on. */
  flush(sample: number): void {
    this.timeline.flush(sample);
    this.cues = this.cues.filter((cue) => after(cue.at, sample) <= 0);
  }

  /**
   * Her voice stops before its end, or is held: what was to be done at samples that nobody has heard is not. Over a
   * call no flush says where that is, and the next answer's samples follow at once.
   */
  cut(how: 'stopped' | 'paused'): void {
    // One that is held goes on in its tone, and its gestures are told again.
    if (how === 'stopped') this.isOver = true;
    this.cues = how === 'stopped' ? [] : this.cues.filter((cue) => cue.kind === 'tone');
  }

  /** Samples are counted anew. */
  restart(): void {
    this.timeline.restart();
    this.cues = [];
    // Whatever tone she was in belonged to a voice that is over.
    this.isOver = true;
    this.heard = null;
  }

  /** Her mouth now (ms), where this sample is heard; null: she is silent. The same array each time. */
  weights(now: number, position: number | null): Weights {
    const since = this.drawnAt === null ? 0 : now - this.drawnAt;
    this.drawnAt = now;
    if (position !== null) return this.timeline.sample(position, this.mouth);
    const open = 0.5 ** (Math.max(0, since) / HALF_CLOSED_MS);
    for (let i = 1; i < this.mouth.length; i += 1) this.mouth[i] = (this.mouth[i] as number) * open;
    this.mouth[0] = 1 - open * (1 - (this.mouth[0] as number));
    return this.mouth;
  }

  /**
   * The cues that are due at this sample, in order; each once. Null: she is silent. Where she falls silent, the tone
   * of the place behind it counts at once, and gestures that nobody saw are over.
   */
  due(position: number | null): FaceCue[] {
    const over = this.isOver ? [NEUTRAL] : [];
    this.isOver = false;
    const before = this.heard;
    this.heard = position;
    if (position === null && before === null) return over;
    const upTo = position ?? (before as number) + AT_ITS_END;
    const due = this.cues.filter((cue) => after(cue.at, upTo) <= 0);
    if (due.length > 0) this.cues = this.cues.filter((cue) => !due.includes(cue));
    return [...over, ...(position === null ? due.filter((cue) => cue.kind === 'tone') : due)];
  }

  private cue(cue: FaceCue): void {
    this.cues.push(cue);
    if (this.cues.length > MOST_CUES) this.cues.shift();
  }

  private take(read: () => Parameters<FaceTimeline['push']>[0]): void {
    this.received += 1;
    try {
      this.timeline.push(read());
    } catch (error) {
      if (!(error instanceof BadFrame)) throw error;
      this.bad += 1;
    }
  }
}

/** By how many samples one position lies after another, modulo 2^32. */
function after(one: number, other: number): number {
  return (one - other) | 0;
}
