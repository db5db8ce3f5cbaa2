/** Her face on a canvas, alive: figure, stage, and what moves them. This is what is loaded late. */
import { Quaternion, Vector3, type Object3D } from 'three';
import { Director, type Mood } from './director.js';
import type { FacePose, Figure } from './figure.js';
import type { FaceFeed } from './feed.js';
import { Head } from './head.js';
import { MORPHS } from './head/shape.js';
import { Stage3d } from './stage3d.js';

export interface ShowEvents {
  /** The sample of hers (48 kHz) that is heard at this time; null while she is silent. */
  heard(now: number): number | null;
  /** The browser took the graphics away, or gave them back. */
  onLost(): void;
  onRestored(): void;
  /** A picture was drawn. */
  onDrawn(show: FaceShow): void;
}

/** So long, in ms, one step may keep the page from its voice. */
const STEP_MS = 6;
/** Whoever waits for a picture waits no longer than this (ms). */
const UNSEEN_MS = 2_000;

export class FaceShow {
  readonly stage: Stage3d;
  private readonly director = new Director(crypto.getRandomValues(new Uint32Array(1))[0] ?? 0);
  private readonly reduced = window.matchMedia('(prefers-reduced-motion: reduce)');
  private readonly viewer = new Vector3();
  private readonly eyes = new Vector3();
  private readonly stands = new Quaternion();
  private readonly own: Figure;
  private mood: Mood = 'resting';
  private onBattery = false;

  private constructor(
    stage: Stage3d,
    private readonly feed: FaceFeed,
    private readonly events: ShowEvents,
    private figure: Figure,
  ) {
    this.stage = stage;
    this.own = figure;
    stage.setFigure(figure);
    void this.watchBattery();
  }

  /** Her face on this canvas; null where the browser has no WebGL 2. */
  static async open(canvas: HTMLCanvasElement, feed: FaceFeed, events: ShowEvents): Promise<FaceShow | null> {
    // The stage asks only once it is drawn.
    let show: FaceShow | null = null;
    const stage = Stage3d.open(canvas, {
      pose: (now) => (show as FaceShow).pose(now),
      calm: () => (show as FaceShow).calm,
      onLost: () => events.onLost(),
      onRestored: () => events.onRestored(),
    });
    if (stage === null) return null;
    show = new FaceShow(stage, feed, events, await inSteps(Head.steps()));
    return show;
  }

  /** What each of `names` is at on the figure; empty for a figure that does not say. */
  get morphs(): number[] {
    const { figure } = this;
    return figure instanceof Head ? [...figure.rendered()] : [];
  }

  /** Names for `morphs`. */
  readonly names: readonly string[] = MORPHS;

  private waiting: Array<{ pictures: number; readonly done: () => void }> = [];

  setMood(mood: Mood): void {
    if (mood !== this.mood) this.director.setMood(performance.now(), mood);
    this.mood = mood;
  }

  /** Between the eyes of whoever is shown. */
  get head(): Object3D {
    return this.figure.head;
  }

  /** Resolves once what is shown now was drawn; soon where nobody looks, and nothing is. */
  drawn(): Promise<void> {
    return new Promise((done) => {
      this.waiting.push({ pictures: 2, done });
      setTimeout(done, UNSEEN_MS);
    });
  }

  /** Another figure in place of the one that is shown, which is gone; null: her own head. */
  setFigure(figure: Figure | null): void {
    this.figure = figure ?? this.own;
    const before = this.stage.setFigure(this.figure);
    // Her own head waits until it is wanted again.
    if (before !== null && before !== this.own) before.dispose();
  }

  private get calm(): boolean {
    return this.onBattery || this.reduced.matches || this.mood === 'resting' || this.mood === 'listening';
  }

  private pose(now: number): FacePose {
    const position = this.events.heard(now);
    const pose = this.director.pose(now, {
      weights: this.feed.weights(now, position),
      position,
      cues: this.feed.due(position),
      viewer: this.stage.viewer(this.viewer),
      eyes: this.figure.head.getWorldPosition(this.eyes),
      stands: this.figure.object.getWorldQuaternion(this.stands),
      reduced: this.reduced.matches,
    });
    this.events.onDrawn(this);
    // Called before a picture is drawn: with the second one the first has been.
    this.waiting = this.waiting.filter((wait) => {
      wait.pictures -= 1;
      if (wait.pictures === 0) wait.done();
      return wait.pictures > 0;
    });
    return pose;
  }

  /** Where the browser says whether it runs on a battery. */
  private async watchBattery(): Promise<void> {
    const battery = await (navigator as Navigator & { getBattery?: () => Promise<EventTarget & { charging: boolean }> }).getBattery?.().catch(() => undefined);
    if (battery === undefined) return;
    this.onBattery = !battery.charging;
    battery.addEventListener('chargingchange', () => (this.onBattery = !battery.charging));
  }
}

/** Goes through the steps, and lets the page have its turn between them. */
async function inSteps<T>(steps: Generator<void, T>): Promise<T> {
  let begun = performance.now();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() - begun < STEP_MS) continue;
    await new Promise((resolve) => setTimeout(resolve));
    begun = performance.now();
  }
}
