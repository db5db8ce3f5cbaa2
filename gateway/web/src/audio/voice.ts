/**
 * The voice stream of one page: opens the player and the capture, speaks `audio_start` and its
 * family, and carries frames both ways. What the page shows of it goes out as `mic` values.
 */
import type { ClientMessage, MicMode } from '../protocol/messages.js';
import { decodeVoiceFrame } from '../protocol/frames.js';
import { voiceRequest } from '../protocol/requests.js';
import type { Mic } from '../state/model.js';
import { Capture, CAPTURE_RATE_HZ } from './capture.js';
import { MicError } from './microphone.js';
import { Player, PLAY_RATE_HZ, type Playout } from './player.js';

export interface VoiceEvents {
  send(message: ClientMessage): boolean;
  sendFrame(pcm: ArrayBuffer): void;
  onMic(mic: Mic): void;
  onMicLevel(peak: number): void;
  onHerLevel(peak: number): void;
  onPlayout(report: Playout): void;
  onBadFrame(): void;
  onFault(title: string, todo: string): void;
}

type Stream = 'closed' | 'opening' | 'open';

/** What came of an `audio_start`. */
type Opened = 'ready' | 'refused' | 'lost' | 'silent';

const READY_WITHIN_MS = 5_000;
/** Beside the page, wherever that is served. */
const SAMPLE_FILE = 'sample-question.wav';

export class Voice {
  private stream: Stream = 'closed';
  private mode: MicMode = 'hands_free';
  private player: Player | null = null;
  private capture: Capture | null = null;
  private mic: Mic = { kind: 'off' };
  private requests = 0;
  /** The `audio_start` before: one at a time, so that each answer has its question. */
  private before: Promise<boolean> = Promise.resolve(true);
  private readonly opening = new Map<string, (opened: Opened) => void>();

  constructor(private readonly events: VoiceEvents) {}

  /** Rate that the playback context runs at, in Hz; 0 before it was opened. */
  get contextRateHz(): number {
    return this.player?.contextRateHz ?? 0;
  }

  /** Whether her voice comes through the stream, so that no message need carry it. */
  get streaming(): boolean {
    return this.stream === 'open';
  }

  /** Microphone on, in this mode. Needs a user's gesture. */
  async start(mode: MicMode): Promise<void> {
    this.show({ kind: 'opening' });
    try {
      const capture = await this.openCapture();
      await capture.connectMicrophone();
    } catch (error) {
      await this.closeCapture();
      this.show({ kind: 'trouble', trouble: error instanceof MicError ? error.trouble : 'failed' });
      return;
    }
    if (await this.openStream(mode)) this.show({ kind: 'on', mode, held: false });
    else await this.close();
  }

  /**
   * Microphone off: the device is let go at once. The stream goes on with silence, so that what was
   * said is answered and the answer is heard; `close` ends it.
   */
  stop(): void {
    this.capture?.disconnectMicrophone();
    this.show({ kind: 'off' });
  }

  /** Whether the stream is open with nobody at the microphone. */
  get lingering(): boolean {
    return this.capture !== null && this.mic.kind === 'off';
  }

  /** Ends the stream, and with it what she says. */
  async close(): Promise<void> {
    if (this.stream !== 'closed') this.events.send({ type: 'audio_stop' });
    this.stream = 'closed';
    await this.closeCapture();
    if (this.mic.kind !== 'trouble') this.show({ kind: 'off' });
  }

  /** Changes the mode of a running microphone. */
  async setMode(mode: MicMode): Promise<void> {
    if (this.mic.kind !== 'on' || this.mic.mode === mode) return;
    this.setSending(false);
    if (await this.openStream(mode)) this.show({ kind: 'on', mode, held: false });
    else await this.close();
  }

  /** Push-to-talk down or up; true when a turn was given to Janet. */
  hold(held: boolean): boolean {
    if (this.stream !== 'open') return false;
    if (this.mic.kind !== 'on' || this.mic.mode !== 'push_to_talk' || this.mic.held === held) return false;
    this.show({ kind: 'on', mode: 'push_to_talk', held });
    return held ? false : this.events.send({ type: 'audio_end' });
  }

  /** Opens the stream for her voice only, so that an answer to typed text can be heard. */
  async listen(): Promise<boolean> {
    return this.stream === 'open' || this.openStream('push_to_talk');
  }

  /**
   * Sends the recorded question as if it came from the microphone. With none, silence follows, so
   * that Janet can hear that the question has ended.
   */
  async playSample(): Promise<void> {
    const before = this.mic;
    const mode = before.kind === 'on' ? before.mode : 'hands_free';
    this.show({ kind: 'sample' });
    try {
      const response = await fetch(new URL(SAMPLE_FILE, document.baseURI));
      if (!response.ok) throw new Error(`${SAMPLE_FILE}: HTTP ${response.status}`);
      const file = await response.arrayBuffer();
      const capture = await this.openCapture();
      if (!(await this.openStream(mode))) {
        await this.close();
        return;
      }
      this.setSending(true);
      await capture.playSample(file);
    } catch {
      this.events.onFault('The sample question could not be played.', 'Reload the page and try again.');
      await this.close();
      return;
    }
    // Lost in mid-question: `onLost` has cleared up.
    if (this.stream !== 'open') return;
    if (mode === 'push_to_talk') this.events.send({ type: 'audio_end' });
    if (before.kind === 'on') this.show({ ...before, held: false });
    else this.stop();
  }

  /** The server answered `audio_start`. Samples are numbered on; what was cut is flushed. */
  onReady(): void {
    this.stream = 'open';
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

  /** The connection is gone: samples will be counted from 0 again. */
  onLost(): void {
    this.player?.restart();
    this.stream = 'closed';
    this.settle('lost');
    if (this.mic.kind === 'on') this.setSending(false);
    else void this.closeCapture().then(() => this.show({ kind: 'off' }));
  }

  /** A new connection is ready: a microphone that was on goes on. */
  async onConnected(): Promise<void> {
    if (this.mic.kind !== 'on' || this.stream !== 'closed') return;
    const { mode } = this.mic;
    if (await this.openStream(mode)) this.show({ kind: 'on', mode, held: false });
    else await this.close();
  }

  /** An answer that came in one piece. */
  async playFile(file: ArrayBuffer): Promise<void> {
    try {
      const player = await this.openPlayer();
      await player.playFile(file);
    } catch {
      this.events.onFault('The spoken answer could not be played.', 'Its text is above.');
    }
  }

  private async openPlayer(): Promise<Player> {
    this.player ??= await Player.open({
      onLevel: (peak) => this.events.onHerLevel(peak),
      onPlayout: (report) => {
        this.events.send({ type: 'playout', played_sample: report.playedSample % 2 ** 32 });
        this.events.onPlayout(report);
      },
    });
    await this.player.resume();
    return this.player;
  }

  private async openCapture(): Promise<Capture> {
    this.capture ??= await Capture.open({
      onFrame: (pcm) => this.events.sendFrame(pcm),
      onLevel: (peak) => this.events.onMicLevel(peak),
      onEnded: () => void this.close().then(() => this.show({ kind: 'trouble', trouble: 'missing' })),
    });
    return this.capture;
  }

  private async closeCapture(): Promise<void> {
    const capture = this.capture;
    this.capture = null;
    await capture?.close();
  }

  /** `audio_start`, unless the stream is open already in this mode; true once the server is ready. */
  private openStream(mode: MicMode): Promise<boolean> {
    this.before = this.before.then(() => this.openNow(mode));
    return this.before;
  }

  private async openNow(mode: MicMode): Promise<boolean> {
    if (this.stream === 'open' && this.mode === mode) return true;
    try {
      await this.openPlayer();
    } catch {
      this.events.onFault('The browser gave no sound output.', 'Check the speakers, then try again.');
      return false;
    }
    if (this.stream === 'open') this.events.send({ type: 'audio_stop' });
    this.mode = mode;
    this.stream = 'opening';
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
    if (outcome === 'ready') return true;
    this.stream = 'closed';
    // A refusal has said why already.
    if (outcome !== 'refused') this.events.onFault('Janet did not open the voice stream.', 'Try again; if it stays, reload the page.');
    return false;
  }

  private settle(opened: Opened): void {
    for (const resolve of this.opening.values()) resolve(opened);
  }

  /** Says what the microphone does, and lets frames go out exactly when it should. */
  private show(mic: Mic): void {
    this.mic = mic;
    this.setSending(mic.kind === 'sample' || this.mode === 'hands_free' || (mic.kind === 'on' && mic.held));
    this.events.onMic(mic);
  }

  private setSending(on: boolean): void {
    if (this.capture !== null) this.capture.sending = on && this.stream === 'open';
  }
}
