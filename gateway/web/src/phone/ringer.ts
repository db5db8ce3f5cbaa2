/** The ring that is heard: two soft tones, again and again. A browser may keep it silent until somebody has touched the page. */
import { useSpeaker } from '../audio/speaker.js';

/** One ring and the pause behind it, in ms. */
const EVERY_MS = 3_000;
/** Frequencies in Hz, when each begins and how long it is, in s. */
const TONES = [
  { hz: 523.25, at: 0, for: 0.45 },
  { hz: 659.25, at: 0.22, for: 0.6 },
  { hz: 523.25, at: 0.9, for: 0.45 },
  { hz: 659.25, at: 1.12, for: 0.6 },
] as const;
const LOUDNESS = 0.18;
/** A browser that allows sound begins with it sooner. */
const ALLOWED_WITHIN_MS = 400;

export class Ringer {
  private context: AudioContext | null = null;
  private timer: number | undefined;
  private silence: number | undefined;
  private speaker = '';

  /** `onSilent`: whether the browser keeps it silent. */
  constructor(private readonly onSilent: (silent: boolean) => void) {}

  /** Rings until `stop`. Without sound output it does so silently. */
  async start(): Promise<void> {
    if (this.context !== null) return;
    let context: AudioContext;
    try {
      context = new AudioContext();
    } catch {
      this.onSilent(true);
      return;
    }
    this.context = context;
    document.addEventListener('pointerdown', this.wake);
    document.addEventListener('keydown', this.wake);
    context.onstatechange = () => {
      if (context.state !== 'running') return;
      window.clearTimeout(this.silence);
      this.onSilent(false);
      this.ring(context);
    };
    this.silence = window.setTimeout(() => this.onSilent(true), ALLOWED_WITHIN_MS);
    this.timer = window.setInterval(() => this.ring(context), EVERY_MS);
    await useSpeaker(context, this.speaker);
    this.wake();
  }

  stop(): void {
    const { context } = this;
    if (context === null) return;
    this.context = null;
    window.clearInterval(this.timer);
    window.clearTimeout(this.silence);
    document.removeEventListener('pointerdown', this.wake);
    document.removeEventListener('keydown', this.wake);
    context.onstatechange = null;
    this.onSilent(false);
    void context.close();
  }

  /** Through which speaker it rings; empty: the system's. */
  async setSpeaker(id: string): Promise<void> {
    this.speaker = id;
    if (this.context !== null) await useSpeaker(this.context, id);
  }

  private readonly wake = (): void => {
    // Where it is not allowed it stays pending, which is no error.
    if (this.context?.state === 'suspended') this.context.resume().catch(() => undefined);
  };

  private ring(context: AudioContext): void {
    if (context.state !== 'running' || context !== this.context) return;
    for (const { hz, at, for: length } of TONES) {
      const begin = context.currentTime + at;
      const tone = new OscillatorNode(context, { frequency: hz });
      const level = new GainNode(context, { gain: 0 });
      // Struck like a bell: no click at either end.
      level.gain.setValueAtTime(0, begin);
      level.gain.linearRampToValueAtTime(LOUDNESS, begin + 0.02);
      level.gain.exponentialRampToValueAtTime(0.001, begin + length);
      tone.connect(level).connect(context.destination);
      tone.start(begin);
      tone.stop(begin + length);
    }
  }
}
