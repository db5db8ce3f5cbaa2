/** The page's side of her voice: owns the playback context and the player worklet. */
import type { FromPlayer, ToPlayer } from './player-messages.js';
import type { VoiceFrame } from '../protocol/frames.js';
import { PlacedOutput, type SoundPlace } from './placed.js';
import { useSpeaker } from './speaker.js';
import workletUrl from './player.worklet.ts?worker&url';

/** Rate of her voice on the wire, in Hz. */
export const PLAY_RATE_HZ = 24_000;

export type Playout = Extract<FromPlayer, { type: 'playout' }>;

export interface PlayerEvents {
  onPlayout(report: Playout): void;
  onLevel(peak: number): void;
}

export class Player {
  /** Null while she is heard as any sound is. */
  private placed: PlacedOutput | null = null;

  private constructor(
    private readonly context: AudioContext,
    private readonly node: AudioWorkletNode,
  ) {}

  /** Needs a user's gesture before it, or the browser keeps the context silent. */
  static async open(events: PlayerEvents): Promise<Player> {
    const context = playbackContext();
    await context.audioWorklet.addModule(workletUrl);
    const node = new AudioWorkletNode(context, 'janet-player', {
      numberOfInputs: 0,
      outputChannelCount: [1],
      processorOptions: { rateHz: PLAY_RATE_HZ },
    });
    node.connect(context.destination);
    node.port.onmessage = (event: MessageEvent<FromPlayer>) => {
      if (event.data.type === 'playout') events.onPlayout(event.data);
      else events.onLevel(event.data.peak);
    };
    return new Player(context, node);
  }

  /** Rate the context runs at, in Hz. */
  get contextRateHz(): number {
    return this.context.sampleRate;
  }

  /** Wakes the context after a gesture. */
  async resume(): Promise<void> {
    if (this.context.state !== 'running') await this.context.resume();
  }

  /** Through which speaker; false where only the system's can be had. */
  setSpeaker(id: string): Promise<boolean> {
    return useSpeaker(this.context, id);
  }

  /** From where she is heard, seen from the listener; null: from nowhere. */
  place(place: SoundPlace | null): void {
    if (place !== null && this.placed === null) {
      this.node.disconnect();
      this.placed = new PlacedOutput(this.context, this.node);
    } else if (place === null && this.placed !== null) {
      this.placed.close();
      this.placed = null;
      this.node.connect(this.context.destination);
    }
    if (place !== null) this.placed?.move(place);
  }

  frame(frame: VoiceFrame): void {
    this.post({ type: 'frame', ...frame }, [frame.samples.buffer]);
  }

  flush(from: number): void {
    this.post({ type: 'flush', from });
  }

  /** Samples are counted from 0 again. */
  restart(): void {
    this.post({ type: 'restart' });
  }

  /** Plays a whole WAV file, for answers that came in one piece. */
  async playFile(file: ArrayBuffer): Promise<void> {
    const source = this.context.createBufferSource();
    source.buffer = await this.context.decodeAudioData(file);
    source.connect(this.context.destination);
    source.start();
  }

  private post(message: ToPlayer, transfer: Transferable[] = []): void {
    this.node.port.postMessage(message, transfer);
  }
}

/** A context at the voice's own rate, so that nothing is resampled; else the device's rate. */
function playbackContext(): AudioContext {
  try {
    return new AudioContext({ sampleRate: PLAY_RATE_HZ, latencyHint: 'interactive' });
  } catch {
    return new AudioContext({ latencyHint: 'interactive' });
  }
}
