/**
 * A streaming resampler by windowed sinc, in polyphase form.
 *
 * It runs inside the audio worklets: after construction `push` allocates nothing but the block that
 * it returns.
 */

const ZERO_CROSSINGS = 16;
/** Share of the narrower band that is kept; the rest is the filter's slope. */
const PASS_BAND = 0.94;

/** Converts one mono stream from one whole rate in Hz to another. */
export class Resampler {
  private readonly up: number;
  private readonly down: number;
  private readonly taps: number;
  private readonly table: Float32Array;
  /** The last `taps` input samples, twice in a row, so that any window is one run. */
  private readonly past: Float32Array;
  private head = 0;
  /** Phases that the next output lies behind the newest input sample, in steps of 1/up. */
  private phase = 0;

  constructor(
    readonly fromHz: number,
    readonly toHz: number,
  ) {
    const divisor = gcd(fromHz, toHz);
    this.up = toHz / divisor;
    this.down = fromHz / divisor;
    const narrow = Math.min(1, toHz / fromHz);
    this.taps = this.up === this.down ? 1 : 2 * Math.ceil(ZERO_CROSSINGS / narrow);
    this.table = this.taps === 1 ? Float32Array.of(1) : polyphase(this.up, this.taps, narrow * PASS_BAND);
    this.past = new Float32Array(this.taps * 2);
  }

  /** How far the output lags behind the input, in input samples. */
  get delay(): number {
    return this.taps === 1 ? 0 : this.taps / 2;
  }

  /** Takes the next input samples and gives the output that they complete. */
  push(input: Float32Array): Float32Array<ArrayBuffer> {
    const size = Math.max(0, Math.ceil((input.length * this.up - this.phase) / this.down));
    const out = new Float32Array(size);
    let written = 0;
    for (let i = 0; i < input.length; i += 1) {
      const x = input[i] as number;
      this.past[this.head] = x;
      this.past[this.head + this.taps] = x;
      this.head = this.head + 1 === this.taps ? 0 : this.head + 1;
      while (this.phase < this.up) {
        out[written] = this.at(this.phase);
        written += 1;
        this.phase += this.down;
      }
      this.phase -= this.up;
    }
    return out;
  }

  private at(phase: number): number {
    const row = phase * this.taps;
    let sum = 0;
    for (let k = 0; k < this.taps; k += 1) {
      sum += (this.table[row + k] as number) * (this.past[this.head + k] as number);
    }
    return sum;
  }
}

/** `up` rows of `taps` weights, oldest input first; each row sums to one (no ripple at DC). */
function polyphase(up: number, taps: number, cutoff: number): Float32Array {
  const table = new Float32Array(up * taps);
  const middle = taps / 2;
  for (let phase = 0; phase < up; phase += 1) {
    let sum = 0;
    for (let k = 0; k < taps; k += 1) {
      const t = k + 1 - middle - phase / up;
      const x = Math.PI * cutoff * t;
      const sinc = x === 0 ? 1 : Math.sin(x) / x;
      const window = Math.abs(t) >= middle ? 0 : 0.5 + 0.5 * Math.cos((Math.PI * t) / middle);
      table[phase * taps + k] = sinc * window;
      sum += sinc * window;
    }
    for (let k = 0; k < taps; k += 1) {
      table[phase * taps + k] = (table[phase * taps + k] as number) / sum;
    }
  }
  return table;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
