/**
 * Voice over the WebSocket: speaks `audio_start` and its family, and plays the frames of her voice.
 * What goes up is the capture's business.
 */
import type { ClientMessage, MicMode } from '../protocol/messages.js';
import { decodeVoiceFrame } from '../protocol/frames.js';
import { POSITION_HZ } from '../face/weights.js';
import { voiceRequest } from '../protocol/requests.js';
import { CAPTURE_RATE_HZ } from './capture.js';
import type { SoundPlace } from './placed.js';
import { Player, PLAY_RATE_HZ, type Playout } from './player.js';

export interface SocketStreamEvents {
  send(message: ClientMessage): boolean;
  onHerLevel(peak: number): void;
  onPlayout(report: Playout): void;
  onBadFrame(): void;
  /** The chosen speaker cannot be used; the system's is. */
  onSpeakerLost(): void;
}

/** What came of an `audio_start`; `no_output`: it was not sent, she could not be heard. */
export type Opened = 'ready' | 'refused' | 'lost' | 'silent' | 'no_output';

const READY_WITHIN_MS = 5_000;

export class SocketStream {
  private state: 'closed' | 'opening' | 'open' = 'closed';
  private player: Player | null = null;
  private requests = 0;
  private speaker = '';
  private placed: SoundPlace | null = null;
  private readonly opening = new Map<string, (opened: Opened) => void>();

  constructor(private readonly events: SocketStreamEvents) {}

  /** Rate that the playback context runs at, in Hz; 0 before it was opened. */
  get contextRateHz(): number {
    return this.player?.contextRateHz ?? 0;
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  /** The sample of hers that is heard at this time (`performance.now()`), counted at 48 kHz; null while she is silent. */
  heard(now: number): number | null {
    const sample = this.player?.heard(now) ?? null;
    return sample === null ? null : sample * (POSITION_HZ / PLAY_RATE_HZ);
  }

  /** Throws where the browser gives no sound output. */
  async openPlayer(): Promise<Player> {
    if (this.player === null) {
      this.player = await Player.open({
        onLevel: (peak) => this.events.onHerLevel(peak),
        onPlayout: (report) => {
          this.events.send({ type: 'playout', played_sample: report.playedSample % 2 ** 32 });
          this.events.onPlayout(report);
        },
      });
      await this.applySpeaker();
      this.player.place(this.placed);
    }
    await this.player.resume();
    return this.player;
  }

  /** `audio_start`; resolves once the server has answered, or does not. One at a time. */
  async open(mode: MicMode): Promise<Opened> {
    this.state = 'opening';
    this.requests += 1;
    const request = voiceRequest(this.requests);
    const opened = new Promise<Opened>((resolve) => {
      this.opening.set(request, resolve);
      window.setTimeout(() => resolve('silent'), READY_WITHIN_MS);
    });
    const sent = this.events.send({
      type: 'audio_start',
      rate_hz: CAPTURE_RATE_HZ,
      play_rate_hz: PLAY_RATE_HZ,
      mode,
      request_id: request,
    });
    const outcome = sent ? await opened : 'lost';
    this.opening.delete(request);
    if (outcome !== 'ready') this.state = 'closed';
    return outcome;
  }

  /** Ends the stream, and with it what she says. */
  close(): void {
    if (this.state !== 'closed') this.events.send({ type: 'audio_stop' });
    this.state = 'closed';
  }

  /** The server answered `audio_start`. Samples are numbered on; what was cut is flushed. */
  onReady(): void {
    this.state = 'open';
    this.settle('ready');
  }

  /** The server refused a request, which it has said why; of those that are not of the voice, nothing is known here. */
  onRefused(requestId: string | null): void {
    this.opening.get(requestId ?? '')?.('refused');
  }

  onBinary(frame: ArrayBuffer): void {
    const voice = decodeVoiceFrame(frame);
    if (voice === null) this.events.onBadFrame();
    else this.player?.frame(voice);
  }

  onFlush(from: number): void {
    if (this.player !== null) this.player.flush(from);
    else this.events.send({ type: 'playout', played_sample: 0 });
  }

  /** From where she is heard, seen from the listener; null: from nowhere. A player that is opened later begins there. */
  place(place: SoundPlace | null): void {
    this.placed = place;
    this.player?.place(place);
  }

  /** The connection is gone: samples will be counted from 0 again. */
  onLost(): void {
    this.player?.restart();
    this.state = 'closed';
    this.settle('lost');
  }

  /** Through which speaker she is heard; empty: the system's. */
  async setSpeaker(id: string): Promise<void> {
    this.speaker = id;
    if (this.player !== null) await this.applySpeaker();
  }

  private async applySpeaker(): Promise<void> {
    if (!(await this.player?.setSpeaker(this.speaker))) this.events.onSpeakerLost();
  }

  private settle(opened: Opened): void {
    for (const resolve of this.opening.values()) resolve(opened);
  }
}
