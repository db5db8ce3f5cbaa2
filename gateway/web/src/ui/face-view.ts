/**
 * Her face on the page: when it is loaded, where it stands (on the stage, or in the call that lies over it), and
 * what is said where it cannot be drawn. What draws it is loaded late; without it the page is as it was.
 */
import type { Mood } from '../face/director.js';
import type { FaceFeed } from '../face/feed.js';
import type { FaceShow } from '../face/show.js';
import { activity, ACTIVITY_TEXT, type Activity } from '../state/activity.js';
import type { State } from '../state/model.js';
import type { Settings } from '../state/settings.js';
import type { FaceStats } from '../stats.js';
import { byId, setText } from './dom.js';

const MOODS: Partial<Record<Activity, Mood>> = { listening: 'listening', hearing: 'listening', thinking: 'thinking', speaking: 'speaking', held: 'listening' };

const ABOUT = 'Her mouth moves with her voice. Less moves where the system asks for less motion.';
const LOST = 'The browser took the graphics away. Her face comes back when it can be drawn again.';
const NOT_LOADED = 'Her face could not be loaded; reload the page to try again.';
const NO_GRAPHICS = 'This browser cannot draw her face: it has no WebGL 2.';

/** How far it is. `none`: this browser cannot. */
type Phase = { kind: 'unloaded' } | { kind: 'loading' } | { kind: 'there'; show: FaceShow; lost: boolean } | { kind: 'none'; why: string };

export class FaceView {
  private readonly onStage = byId('face');
  private readonly inCall = byId('call-face');
  private readonly note = byId('face-note');
  private readonly canvas = document.createElement('canvas');
  private phase: Phase = { kind: 'unloaded' };
  private rendered: { state: State; settings: Settings } | null = null;
  private readonly darkness = window.matchMedia('(prefers-color-scheme: dark)');

  /** `heard`: the sample of hers (48 kHz) that is heard at a time; null while she is silent. */
  constructor(
    private readonly feed: FaceFeed,
    private readonly heard: (now: number) => number | null,
    private readonly stats: FaceStats,
    /** Her face can be drawn; once. */
    private readonly onThere: (show: FaceShow) => void,
  ) {
    this.canvas.className = 'face-canvas';
    this.canvas.setAttribute('aria-hidden', 'true');
    document.addEventListener('visibilitychange', () => this.again());
    this.darkness.addEventListener('change', () => this.again());
  }

  render(state: State, settings: Settings): void {
    this.rendered = { state, settings };
    // The voice comes first: nothing is loaded before Janet is there, nor in a tab that nobody sees.
    if (settings.face && this.phase.kind === 'unloaded' && state.status !== null && !document.hidden) void this.load();
    const { phase } = this;
    const isShown = settings.face && phase.kind === 'there' && !phase.lost;
    const now = activity(state);
    const isCall = state.phone.state !== 'idle';
    this.place(isShown ? (isCall ? this.inCall : this.onStage) : null);
    this.onStage.setAttribute('aria-label', `Janet: ${ACTIVITY_TEXT[now].title}`);
    const trouble = settings.face && phase.kind === 'there' && phase.lost ? LOST : '';
    setText(this.note, trouble);
    this.note.hidden = trouble === '';
    setText(byId('face-on-note'), phase.kind === 'none' ? phase.why : ABOUT);
    this.stats.state = !settings.face ? 'off' : phase.kind === 'there' ? (phase.lost ? 'lost' : 'shown') : phase.kind;
    if (phase.kind !== 'there') return;
    phase.show.setMood(MOODS[now] ?? 'resting');
    phase.show.stage.setDark(settings.theme === 'dark' || (settings.theme === 'system' && this.darkness.matches));
    phase.show.stage.play(isShown);
  }

  private async load(): Promise<void> {
    this.phase = { kind: 'loading' };
    try {
      await idle();
      const { FaceShow } = await import('../face/show.js');
      const show = await FaceShow.open(this.canvas, this.feed, {
        heard: this.heard,
        onLost: () => this.lose(true),
        onRestored: () => this.lose(false),
        onDrawn: (drawn) => this.count(drawn),
      });
      if (show !== null) this.onThere(show);
      this.phase = show === null ? { kind: 'none', why: NO_GRAPHICS } : { kind: 'there', show, lost: false };
    } catch {
      this.phase = { kind: 'none', why: NOT_LOADED };
    }
    this.again();
  }

  private lose(lost: boolean): void {
    if (this.phase.kind === 'there') this.phase.lost = lost;
    this.again();
  }

  private again(): void {
    if (this.rendered !== null) this.render(this.rendered.state, this.rendered.settings);
  }

  /** Where the canvas is, and nowhere else. A canvas keeps what was drawn when it moves. */
  private place(host: HTMLElement | null): void {
    if (host === null) this.canvas.remove();
    else if (this.canvas.parentElement !== host) host.append(this.canvas);
    this.onStage.hidden = host !== this.onStage;
    this.inCall.toggleAttribute('data-face', host === this.inCall);
  }

  private count(show: FaceShow): void {
    const { stats, feed } = this;
    stats.frames = show.stage.frames;
    stats.animateMs = show.stage.animateMs;
    stats.held = show.stage.held;
    stats.received = feed.received;
    stats.bad = feed.bad;
    stats.names = show.names;
    stats.morphs = show.morphs;
  }
}

/** When the browser has nothing better to do; a browser that does not tell has it soon. */
function idle(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof window.requestIdleCallback === 'function') window.requestIdleCallback(() => resolve(), { timeout: 2_000 });
    else window.setTimeout(resolve, 200);
  });
}
