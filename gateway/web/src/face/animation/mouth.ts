/** Her mouth as it was told last. */
import { seconds, share } from './curve.js';
import { TABLE } from './table.js';

const VISEMES = 10;

export class Mouth {
  private readonly weights = new Float32Array(VISEMES);
  private at = 0;

  constructor() {
    this.weights[0] = 1;
  }

  set(now: number, weights: ArrayLike<number>): void {
    for (let i = 0; i < VISEMES; i += 1) this.weights[i] = share(weights[i] ?? 0);
    this.at = now;
  }

  /** A mouth of which nothing is heard any more closes. */
  value(now: number): Float32Array {
    const lost = seconds(this.at, now) - TABLE.mouth.lost_s;
    const left = lost <= 0 ? 1 : Math.max(0, 1 - lost / TABLE.mouth.closing_s);
    const value = this.weights.map((weight) => weight * left);
    value[0] = 1 - (1 - (this.weights[0] as number)) * left;
    return value;
  }
}
