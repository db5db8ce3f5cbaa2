/** Her face on a canvas, alive: figure, stage, and what moves them. This is what is loaded late. */
import { Vector3, type Object3D } from 'three';
import { TONES, type FacePose, type Figure, type ToneName } from './figure.js';
import type { FaceFeed } from './feed.js';
import { Head } from './head.js';
import { MORPHS } from './head/shape.js';
import { IdleDriver, type Mood } from './idle.js';
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
/** A tone goes over into another in about so long, in ms. */
const TONE_MS = 220;

export class FaceShow {
  readonly stage: Stage3d;
  private readonly driver = new IdleDriver(Math.random);
  private readonly reduced = window.matchMedia('(prefers-reduced-motion: reduce)');
  private readonly viewer = new Vector3();
  private readonly own: Figure;
  private mood: Mood = 'resting';
  private onBattery = false;
  private cued: { tone: ToneName; intensity: number } = { tone: 'neutral', intensity: 0 };
  private shown: { tone: ToneName; intensity: number; at: number } = { tone: 'neutral', intensity: 0, at: 0 };
  private gesture: string | null = null;

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

  setMood(mood: Mood): void {
    if (mood !== 'speaking' && this.mood === 'speaking') {
      this.cued = { tone: 'neutral', intensity: 0 };
      this.gesture = null;
    }
    this.mood = mood;
  }

  /** Between the eyes of whoever is shown. */
  get head(): Object3D {
    return this.figure.head;
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
    const weights = this.feed.weights(now, position);
    if (position !== null) this.follow(position);
    const pose = this.driver.pose(now, {
      weights,
      mood: this.mood,
      ...this.tone(now),
      gesture: this.gesture,
      viewer: this.stage.viewer(this.viewer),
      reduced: this.reduced.matches,
    });
    this.events.onDrawn(this);
    return pose;
  }

  private follow(position: number): void {
    for (const cue of this.feed.due(position)) {
      if (cue.kind === 'gesture') this.gesture = cue.name;
      else this.cued = { tone: TONES.find((tone) => tone === cue.name) ?? 'neutral', intensity: cue.intensity };
    }
  }

  /** One tone fades before another comes. */
  private tone(now: number): { tone: ToneName; toneIntensity: number } {
    const thinking = this.mood === 'thinking' ? ({ tone: 'thinking', intensity: 0.7 } as const) : null;
    const wished = thinking ?? this.cued;
    const { shown } = this;
    const share = 1 - Math.exp(-Math.min(200, now - shown.at) / TONE_MS);
    shown.at = now;
    const goal = shown.tone === wished.tone ? wished.intensity : 0;
    shown.intensity += (goal - shown.intensity) * share;
    if (shown.tone !== wished.tone && shown.intensity < 0.05) shown.tone = wished.tone;
    return { tone: shown.tone, toneIntensity: shown.intensity };
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
