/** The page's side of her voice: owns the playback context and the player worklet. */
import type { FromPlayer, ToPlayer } from './player-messages.js';
import type { VoiceFrame } from '../protocol/frames.js';
import { PlacedOutput, type SoundPlace } from './placed.js';
import { PlayoutTrack } from './playout-track.js';
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
  private readonly track = new PlayoutTrack(PLAY_RATE_HZ);

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
    const player = new Player(context, node);
    node.port.onmessage = (event: MessageEvent<FromPlayer>) => {
      if (event.data.type === 'playout') {
        player.track.report({ at: event.data.at, sample: event.data.playedSample, playing: event.data.playing });
        events.onPlayout(event.data);
      } else events.onLevel(event.data.peak);
    };
    return player;
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

  /** The sample that is at the ear at this time (`performance.now()`), after the output's latency; null while she is silent. */
  heard(now: number): number | null {
    const { contextTime = 0, performanceTime = 0 } = this.context.getOutputTimestamp();
    // A browser that does not know what leaves right now knows at least what it has made.
    if (performanceTime === 0) return this.track.heard(this.context.currentTime - (this.context.outputLatency || this.context.baseLatency || 0));
    return this.track.heard(contextTime + (now - performanceTime) / 1_000);
  }

  /** Samples are counted from 0 again. */
  restart(): void {
    this.track.restart();
    this.post({ type: 'restart' });
  }

  /** Plays a whole WAV file, for what came in one piece; what it gives silences it. */
  async playFile(file: ArrayBuffer): Promise<() => void> {
    const source = this.context.createBufferSource();
    source.buffer = await this.context.decodeAudioData(file);
    source.connect(this.context.destination);
    source.start();
    return () => source.stop();
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
