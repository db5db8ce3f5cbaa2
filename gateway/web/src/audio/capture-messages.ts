/** What the page and its capture worklet tell each other. */

export interface CaptureOptions {
  /** Rate of the frames, in Hz. */
  rateHz: number;
}

/** Whether frames go out; levels come in any case. */
export interface ToCapture {
  sending: boolean;
}

export interface FromCapture {
  /** 20 ms of s16le mono, or null while nothing is to be sent. */
  pcm: ArrayBuffer | null;
  /** Loudest sample of the frame, 0 to 1. */
  peak: number;
}
