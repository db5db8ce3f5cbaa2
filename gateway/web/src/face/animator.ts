/**
 * What her face does beside speaking: blinks, breath, where she looks, how she holds her head, and the
 * expressions of her tone.
 *
 * The twin of janet-face's `animator` (`engine/face/src/animator`), over the same numbers and held to its
 * vectors. Pure: it is given what happens, each with its time in microseconds, and asked for a pose
 * whenever a frame is drawn. A pose follows from the seed, from what happened and from its moment alone,
 * so the display's rate changes nothing. Angles are radians about the axes of glTF: pitch is positive
 * down, yaw to her left, roll towards her right shoulder.
 */
import { directionOf, type Place } from './animation/angles.js';
import { Blink } from './animation/blink.js';
import { Breath } from './animation/breath.js';
import { Cues, VoiceClock, type Cue } from './animation/cues.js';
import { Expression, strongest, type ToneName } from './animation/expression.js';
import { Gaze, Target } from './animation/gaze.js';
import { Gestures, type Gesture } from './animation/gesture.js';
import { Head } from './animation/head.js';
import { Mouth } from './animation/mouth.js';
import { micros, Random } from './animation/random.js';
import { TABLE, type Activity } from './animation/table.js';

export type { Place } from './animation/angles.js';
export type { Cue } from './animation/cues.js';
export type { ToneName } from './animation/expression.js';
export { GESTURES, isGesture, type Gesture } from './animation/gesture.js';
export type { Activity } from './animation/table.js';

/** Something that happened. */
export type Input =
  | { readonly type: 'activity'; readonly activity: Activity }
  | { readonly type: 'tone'; readonly tone: ToneName; readonly intensity: number }
  /** Somebody's head is there as seen from between her eyes; null: nobody is. */
  | { readonly type: 'look_at'; readonly place: Place | null }
  /** This sample of her voice stream (48 kHz) is being heard, and the next ones are (or are not). */
  | { readonly type: 'playout'; readonly sample: number; readonly playing: boolean }
  /** At this sample something is to be done. */
  | { readonly type: 'at'; readonly sample: number; readonly cue: Cue }
  | { readonly type: 'mouth'; readonly weights: ArrayLike<number> }
  /** What was to be done at later samples is not. */
  | { readonly type: 'flush' };

/** A face at one moment. */
export interface AnimatorPose {
  readonly weights: Float32Array;
  /** The tone that shows most, and how much of it and of each: one may come while another goes. */
  readonly tone: ToneName;
  readonly toneIntensity: number;
  readonly tones: Readonly<Record<ToneName, number>>;
  /** 0 open, 1 shut. */
  readonly blink: number;
  /** In the head. */
  readonly eyePitch: number;
  readonly eyeYaw: number;
  /** Where she looks: a unit vector in the figure's own axes, head and eyes together. */
  readonly gaze: Place;
  readonly headPitch: number;
  readonly headYaw: number;
  readonly headRoll: number;
  readonly breath: number;
  /** Beside her tone. */
  readonly smile: number;
  readonly brow: number;
  /** The gesture under way that began last; its movement is in the angles and weights already. */
  readonly gesture: Gesture | null;
}

/** Later moments are taken for this one. */
const LAST = Number.MAX_SAFE_INTEGER;

export class Animator {
  /** The latest moment that was named. */
  private now: number | null = null;
  private activity: Activity = 'idle';
  private readonly blink: Blink;
  private readonly breath: Breath;
  private readonly gaze: Gaze;
  private readonly target = new Target();
  private readonly head: Head;
  private readonly gestures: Gestures;
  private readonly cues = new Cues();
  private readonly clock = new VoiceClock();
  private readonly expression = new Expression();
  private readonly mouth = new Mouth();

  /** One whose chances follow from `seed`, an integer of 32 bits. Its time begins with the first call. */
  constructor(seed: number) {
    this.blink = new Blink(new Random(seed, 1));
    this.breath = new Breath(new Random(seed, 2));
    this.gaze = new Gaze(new Random(seed, 3), new Random(seed, 4));
    this.head = new Head(seed);
    this.gestures = new Gestures(new Random(seed, 5));
  }

  /** Takes in what happened at `at`. A time that has been, or is none, is taken for the latest one. */
  handle(at: number, input: Input): void {
    const now = this.advance(at);
    switch (input.type) {
      case 'activity':
        this.change(now, input.activity);
        break;
      case 'tone':
        this.expression.set(now, input.tone, input.intensity);
        break;
      case 'look_at':
        this.target.aim(now, input.place);
        this.turnHead(now);
        break;
      case 'playout':
        if (isPosition(input.sample)) this.clock.tell(now, input.sample, input.playing);
        break;
      case 'at':
        if (isPosition(input.sample)) this.cues.put(now, input.sample, input.cue);
        break;
      case 'mouth':
        this.mouth.set(now, input.weights);
        break;
      case 'flush':
        this.cues.flush();
        break;
    }
    this.doCues(now);
  }

  /** Her face at `at`. A time that has been, or is none, is taken for the latest one. */
  pose(at: number): AnimatorPose {
    const now = this.advance(at);
    const moved = this.gestures.moved(now);
    const target = this.target.value(now);
    const look = this.gaze.value(now);
    const gaze = { pitch: target.pitch + look.pitch, yaw: target.yaw + look.yaw + moved.gazeYaw };
    const { pitch, yaw, roll, eyes } = this.head.value(now, gaze, moved);
    const tones = this.expression.tones(now);
    const { tone, intensity } = strongest(tones);
    return {
      weights: this.mouth.value(now),
      tone,
      toneIntensity: intensity,
      tones,
      blink: this.blink.value(now),
      eyePitch: eyes.pitch,
      eyeYaw: eyes.yaw,
      gaze: directionOf({ pitch: pitch + eyes.pitch, yaw: yaw + eyes.yaw }),
      headPitch: pitch,
      headYaw: yaw,
      headRoll: roll,
      breath: this.breath.value(now),
      smile: moved.smile,
      brow: Math.min(1, this.expression.brow(now) + moved.brow),
      gesture: this.gestures.current(now),
    };
  }

  /** Does all that is due until then, and gives the moment that is now. */
  private advance(at: number): number {
    const now = at >= 0 ? Math.min(LAST, Math.round(at)) : (this.now ?? 0);
    const last = this.now ?? now;
    if (this.now !== null && now <= last) return last;
    if (this.now === null || now - last > micros(TABLE.gap_s)) {
      this.blink.restart(now, this.activity);
      this.breath.begin(now, this.activity);
      this.gaze.restart(now, this.activity);
      this.turnHead(now);
    } else {
      this.blink.advance(now, this.activity);
      this.breath.advance(now, this.activity);
      for (let turned = this.gaze.step(now, this.activity); turned !== null; turned = this.gaze.step(now, this.activity)) {
        this.turnHead(turned);
      }
    }
    this.now = now;
    this.doCues(now);
    return now;
  }

  private turnHead(at: number): void {
    this.head.aim(at, this.target.to, this.gaze.awayTo());
  }

  private doCues(now: number): void {
    for (let due = this.cues.take(now, this.clock); due !== null; due = this.cues.take(now, this.clock)) {
      if ('gesture' in due.cue) this.gestures.begin(due.at, due.cue.gesture);
      else this.expression.set(due.at, due.cue.tone, due.cue.intensity);
    }
  }

  private change(now: number, fresh: Activity): void {
    const old = this.activity;
    if (old === fresh) return;
    this.activity = fresh;
    this.blink.change(now, old, fresh);
    this.gaze.change(now, old, fresh);
    this.head.change(now, fresh);
    this.expression.change(now, fresh);
  }
}

function isPosition(sample: number): boolean {
  return Number.isFinite(sample) && sample >= 0;
}
