/** The numbers of the animation, as janet-face exports them; what they mean and where they come from stands there. */
import data from '../../../../../engine/face/data/animator.json';

export type Activity = 'idle' | 'listening' | 'thinking' | 'speaking';
export type ByActivity<T> = Readonly<Record<Activity, T>>;

/** A time that chance makes longer or shorter, in seconds. */
export interface Spread {
  readonly mean_s: number;
  readonly deviation_s: number;
  readonly min_s: number;
  readonly max_s: number;
}

/** How a gesture goes. */
export interface GestureShape {
  readonly seconds: number;
  readonly amount: number;
  readonly cycles: number;
  readonly attack_s: number;
  readonly release_s: number;
}

export const TABLE = data;
