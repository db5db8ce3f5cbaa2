/**
 * The face of an avatar, whatever moves it: what her own vocabulary says becomes values of shapes. A shape
 * is a morph target on every mesh that has it, or an expression.
 */
import { VISEMES } from '../weights.js';
import type { FacePose, ToneName } from '../figure.js';
import { MAPPING, WAYS, type FaceRows, type Row, type Way } from './mapping.js';

/** Sets what it stands for to a value from 0 to 1. */
export type Shape = (value: number) => void;

/** Gives the shapes that a name of the table stands for, if the avatar has them. */
export type Find = (name: string) => readonly Shape[];

/** Places of values, and how much of each. */
type Mix = ReadonlyArray<readonly [at: number, weight: number]>;

/** How long a gesture of the face takes to come and to go, in seconds. */
const GESTURE_S = 0.25;

export interface FaceTables {
  readonly mouth: readonly [Find, FaceRows['visemes']];
  readonly rest: readonly [Find, FaceRows];
  /** Whether the eyes are turned by shapes. */
  readonly eyes: boolean;
}

export class Face {
  private readonly shapes: Shape[] = [];
  private readonly places = new Map<Shape, number>();
  private readonly mouth: readonly Mix[];
  private readonly tones: Readonly<Record<ToneName, Mix>>;
  private readonly gestures: ReadonlyMap<string, Mix>;
  private readonly looking: Readonly<Record<Way, Mix>>;
  private readonly lids: Mix;
  private readonly values: Float32Array;
  private gesture: Mix = [];
  private gestureShare = 0;

  constructor({ mouth: [findMouth, visemes], rest: [find, rows], eyes }: FaceTables) {
    this.mouth = VISEMES.map((name) => this.mix(visemes[name] ?? {}, findMouth));
    this.tones = {
      neutral: this.mix(rows.tones.neutral, find),
      happy: this.mix(rows.tones.happy, find),
      thinking: this.mix(rows.tones.thinking, find),
      concerned: this.mix(rows.tones.concerned, find),
    };
    this.gestures = new Map(Object.entries(rows.gestures).map(([name, row]) => [name, this.mix(row, find)]));
    const looks = (way: Way): Mix => (eyes ? this.mix(rows.looking[way], find) : []);
    this.looking = { up: looks('up'), down: looks('down'), left: looks('left'), right: looks('right') };
    this.lids = this.mix(rows.blink, find);
    this.values = new Float32Array(this.shapes.length);
  }

  /** Whether any shape moves for her speech. */
  get speaks(): boolean {
    return this.mouth.some((mix) => mix.length > 0);
  }

  get blinks(): boolean {
    return this.lids.length > 0;
  }

  get looks(): boolean {
    return WAYS.some((way) => this.looking[way].length > 0);
  }

  /** `pitch` down and `yaw` to her left: where the eyes look, in radians. */
  apply(pose: FacePose, pitch: number, yaw: number, dtSeconds: number): void {
    this.values.fill(0);
    for (let at = 0; at < this.mouth.length; at += 1) this.add(this.mouth[at], pose.weights[at]);
    this.add(this.tones[pose.tone], pose.toneIntensity);
    this.add(this.lids, pose.blink);
    this.addGesture(pose.gesture, dtSeconds);
    const full = MAPPING.looking_full_rad;
    this.add(this.looking.up, -pitch / full);
    this.add(this.looking.down, pitch / full);
    this.add(this.looking.left, yaw / full);
    this.add(this.looking.right, -yaw / full);
    for (let at = 0; at < this.shapes.length; at += 1) this.shapes[at]?.(Math.min(1, this.values[at] ?? 0));
  }

  private addGesture(name: string | null, dtSeconds: number): void {
    const wanted = name === null ? undefined : this.gestures.get(name);
    const step = dtSeconds / GESTURE_S;
    // One goes before another comes.
    if (wanted !== undefined && (wanted === this.gesture || this.gestureShare === 0)) {
      this.gesture = wanted;
      this.gestureShare = Math.min(1, this.gestureShare + step);
    } else this.gestureShare = Math.max(0, this.gestureShare - step);
    this.add(this.gesture, this.gestureShare);
  }

  /** No weight above 1, nothing for what is no number. */
  private add(mix: Mix | undefined, weight: number | undefined): void {
    if (mix === undefined || weight === undefined || !(weight > 0)) return;
    const much = Math.min(1, weight);
    for (const [at, share] of mix) this.values[at] = (this.values[at] ?? 0) + share * much;
  }

  private mix(row: Row, find: Find): Mix {
    const shares = new Map<number, number>();
    for (const [name, weight] of Object.entries(row)) {
      for (const shape of find(name)) {
        const at = this.place(shape);
        // One that stands for both sides moves as far as one side would.
        shares.set(at, Math.max(shares.get(at) ?? 0, weight));
      }
    }
    return [...shares];
  }

  private place(shape: Shape): number {
    let at = this.places.get(shape);
    if (at === undefined) {
      at = this.shapes.length;
      this.shapes.push(shape);
      this.places.set(shape, at);
    }
    return at;
  }
}
