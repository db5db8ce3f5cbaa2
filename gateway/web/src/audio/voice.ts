/**
 * The voice of one page: the microphone, what stands in for it, and the way by which it reaches Janet.
 * Hands-free goes over a call where there can be one, everything else over the WebSocket: push-to-talk
 * ends its turns by a word of its own, which a call has no room for, and to hear an answer to typed
 * text nobody needs one. What the page shows of it goes out as `mic` and `way` values.
 */
import type { ClientMessage, MicMode, ServerMessage } from '../protocol/messages.js';
import { HUNG_UP } from '../protocol/requests.js';
import { Call } from '../rtc/call.js';
import { isOver } from '../rtc/call-state.js';
import type { CallStats } from '../rtc/call-stats.js';
import { RemoteSound } from '../rtc/remote-sound.js';
import type { Mic, Way } from '../state/model.js';
import { Capture } from './capture.js';
import { MicError } from './microphone.js';
import type { Playout } from './player.js';
import type { SoundPlace } from './placed.js';
import { SocketStream, type Opened } from './socket-stream.js';

export interface VoiceEvents {
  send(message: ClientMessage): boolean;
  sendFrame(pcm: ArrayBuffer): void;
  /** Whether a call may be tried: both ends can, and the user wants it. */
  mayCall(): boolean;
  /** What helps a call through routers. */
  iceServers(): readonly RTCIceServer[];
  onMic(mic: Mic): void;
  onWay(way: Way): void;
  onMicLevel(peak: number): void;
  onHerLevel(peak: number): void;
  onPlayout(report: Playout): void;
  onCallStats(stats: CallStats): void;
  /** A sample of hers was heard over the call. */
  onHeard(playedSample: number): void;
  onBadFrame(): void;
  /** A frame of her face came over the call. */
  onFace(frame: Uint8Array): void;
  /** The chosen device is not there; another is used. */
  onDeviceLost(kind: 'microphone' | 'speaker'): void;
  /** Over a connection that seems to stand no answer comes: it does not stand any more. */
  onSilence(): void;
  onFault(title: string, todo: string): void;
}

/** Beside the page, wherever that is served. */
const SAMPLE_FILE = 'sample-question.wav';
const NO_OUTPUT = ['The browser gave no sound output.', 'Check the speakers, then try again.'] as const;

export class Voice {
  private mode: MicMode = 'hands_free';
  private capture: Capture | null = null;
  private call: Call | null = null;
  private readonly sound: RemoteSound;
  private readonly socket: SocketStream;
  private mic: Mic = { kind: 'off' };
  private way: Way = 'none';
  /** Whether no more calls are tried on this connection: one did not come about. */
  private noCalls = false;
  /** How often the connection was lost. */
  private losses = 0;
  private microphone = '';
  private echo = true;
  /** Which one is in use: the chosen one may not be there. */
  private inUse = '';
  /** The opening before: one at a time, so that each answer has its question. */
  private before: Promise<Opened> = Promise.resolve('ready');

  constructor(private readonly events: VoiceEvents) {
    this.socket = new SocketStream({ ...events, send: (message) => events.send(message), onSpeakerLost: () => events.onDeviceLost('speaker') });
    this.sound = new RemoteSound(() => events.onDeviceLost('speaker'));
  }

  /** Rate that the playback context runs at, in Hz; 0 before it was opened. */
  get contextRateHz(): number {
    return this.socket.contextRateHz;
  }

  /** The sample of hers that is heard at this time (`performance.now()`), counted at 48 kHz; null while she is silent. */
  heard(now: number): number | null {
    return this.call === null ? this.socket.heard(now) : this.call.heard(now);
  }

  /** Whether her voice comes through a stream, so that no message need carry it. */
  get streaming(): boolean {
    return this.socket.isOpen || this.call?.phase === 'connected' || this.call?.phase === 'unsteady';
  }

  /** What the server calls the session of voice in real time; null without one. */
  get sessionId(): string | null {
    return this.call?.phase === 'connected' || this.call?.phase === 'unsteady' ? this.call.id : null;
  }

  /** From where she is heard, seen from the listener; null: from nowhere. */
  place(place: SoundPlace | null): void {
    this.socket.place(place);
    this.sound.place(place);
  }

  /** Microphone on, in this mode. Needs a user's gesture. */
  async start(mode: MicMode): Promise<void> {
    this.show({ kind: 'opening', granted: false });
    try {
      const capture = await this.openCapture();
      await this.connectMicrophone(capture);
    } catch (error) {
      await this.closeCapture();
      this.show({ kind: 'trouble', trouble: error instanceof MicError ? error.trouble : 'failed' });
      return;
    }
    this.show({ kind: 'opening', granted: true });
    if (await this.openStream(mode)) this.show({ kind: 'on', mode, held: false });
    else await this.close();
  }

  /**
   * Microphone off: the device is let go at once. The stream goes on with silence, so that what was
   * said is answered and the answer is heard; `close` ends it.
   */
  stop(): void {
    this.show({ kind: 'off' });
    this.capture?.disconnectMicrophone();
  }

  /** Whether the stream is open with nobody at the microphone. */
  get lingering(): boolean {
    return this.capture !== null && this.mic.kind === 'off';
  }

  /** Ends the stream, and with it what she says. */
  async close(): Promise<void> {
    this.closeStream();
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

  /** Whether calls are made may have changed: a running microphone changes its way. */
  async chooseWay(): Promise<void> {
    this.noCalls = false;
    if (this.mic.kind !== 'on' || this.wayFor(this.mode) === (this.call === null ? 'socket' : 'call')) return;
    this.closeStream();
    await this.reopen();
  }

  /** Push-to-talk down or up; true when a turn was given to Janet. */
  hold(held: boolean): boolean {
    if (!this.socket.isOpen) return false;
    if (this.mic.kind !== 'on' || this.mic.mode !== 'push_to_talk' || this.mic.held === held) return false;
    this.show({ kind: 'on', mode: 'push_to_talk', held });
    return held ? false : this.events.send({ type: 'audio_end' });
  }

  /** Opens a stream for her voice only, so that an answer to typed text can be heard. */
  async listen(): Promise<boolean> {
    return this.streaming || this.openStream('push_to_talk');
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
    if (!this.streaming) return;
    if (mode === 'push_to_talk') this.events.send({ type: 'audio_end' });
    if (before.kind === 'on') this.show({ ...before, held: false });
    else this.stop();
  }

  /** Uses these from now on: ids of the browser's, empty for the system's, and whether it takes echoes out. */
  async setDevices(microphone: string, speaker: string, echo: boolean): Promise<void> {
    const isSame = this.inUse === microphone && this.echo === echo;
    this.microphone = microphone;
    this.echo = echo;
    await Promise.all([this.socket.setSpeaker(speaker), this.sound.setSpeaker(speaker)]);
    const { capture } = this;
    if (capture === null || !capture.hasMicrophone || isSame) return;
    await this.changeMicrophone(capture, false);
  }

  onMessage(message: ServerMessage): void {
    switch (message.type) {
      case 'audio_ready':
        this.socket.onReady();
        break;
      case 'playout_flush':
        this.socket.onFlush(message.fromSample);
        break;
      case 'speaking':
        this.call?.onSpeaking(message.state);
        break;
      case 'error':
        this.socket.onRefused(message.requestId);
        break;
      case 'vr_answer':
      case 'vr_response':
      case 'vr_error':
      case 'vr_ice':
        this.call?.onMessage(message);
        break;
      default:
        break;
    }
  }

  onBinary(frame: ArrayBuffer): void {
    this.socket.onBinary(frame);
  }

  /** The connection is gone, and a call with it. */
  onLost(): void {
    this.losses += 1;
    this.noCalls = false;
    this.socket.onLost();
    this.dropCall();
    this.tellWay('none');
    if (this.mic.kind === 'on') this.setSending(false);
    else void this.closeCapture().then(() => this.show({ kind: 'off' }));
  }

  /** There may be another way for voice by now, and the present one may be dead. */
  onNetworkChanged(): void {
    this.call?.networkChanged();
  }

  /** What the browser counts of the call, and how long sound takes to the ear, in ms; null without a call. */
  async measured(): Promise<{ reports: unknown[]; outputMs: number; inputMs: number | null } | null> {
    const { call, capture } = this;
    if (call === null || capture === null || !this.streaming) return null;
    return { reports: await call.reports(), outputMs: capture.outputLatencyMs, inputMs: capture.inputLatencyMs };
  }

  /** A new connection is ready: a microphone that was on goes on. */
  async onConnected(): Promise<void> {
    if (this.mic.kind === 'on' && this.way === 'none') await this.reopen();
  }

  /** An answer that came in one piece. */
  async playFile(file: ArrayBuffer): Promise<() => void> {
    try {
      const player = await this.socket.openPlayer();
      return await player.playFile(file);
    } catch {
      this.events.onFault('What she said could not be played.', 'Its text is above.');
      return () => undefined;
    }
  }

  /** The stream anew, for a microphone that is on or the sample in its place. */
  private async reopen(): Promise<void> {
    const { mode } = this;
    const opened = await this.tryStream(mode);
    // Without a connection the microphone waits for the next one.
    if (opened === 'ready') this.show(this.mic.kind === 'on' ? { kind: 'on', mode, held: false } : this.mic);
    else if (opened === 'silent') this.events.onSilence();
    else if (opened !== 'lost') {
      this.tell(opened);
      await this.close();
    }
  }

  private async openCapture(): Promise<Capture> {
    this.capture ??= await Capture.open({
      onFrame: (pcm) => this.events.sendFrame(pcm),
      onLevel: (peak) => this.events.onMicLevel(peak),
      onEnded: () => {
        if (this.capture !== null) void this.changeMicrophone(this.capture, true);
      },
    });
    return this.capture;
  }

  private async closeCapture(): Promise<void> {
    const capture = this.capture;
    this.capture = null;
    await capture?.close();
  }

  /** The chosen one, or where that is not there any more the system's. Throws `MicError`. */
  private async connectMicrophone(capture: Capture, lost = false): Promise<void> {
    const isChosen = await capture.connectMicrophone(this.microphone, this.echo);
    this.inUse = isChosen ? this.microphone : '';
    if (lost || !isChosen) this.events.onDeviceLost('microphone');
    this.route();
  }

  /** Another microphone in place of the present one, which may be lost: unplugged, or taken away. */
  private async changeMicrophone(capture: Capture, lost: boolean): Promise<void> {
    try {
      capture.disconnectMicrophone();
      await this.connectMicrophone(capture, lost);
    } catch (error) {
      await this.close();
      this.show({ kind: 'trouble', trouble: error instanceof MicError ? error.trouble : 'failed' });
    }
  }

  /** A stream in this mode, unless it is open already; true once there is one, and if there is none the user is told. */
  private async openStream(mode: MicMode): Promise<boolean> {
    const opened = await this.tryStream(mode);
    this.tell(opened);
    return opened === 'ready';
  }

  private tryStream(mode: MicMode): Promise<Opened> {
    this.before = this.before.then(() => this.openNow(mode));
    return this.before;
  }

  private async openNow(mode: MicMode): Promise<Opened> {
    if (this.streaming && this.mode === mode) return 'ready';
    this.closeStream();
    this.mode = mode;
    const { losses } = this;
    if (this.wayFor(mode) === 'call') {
      if (await this.openCall()) return 'ready';
      // Without a connection that says nothing about calls.
      if (this.losses !== losses) return 'lost';
      this.noCalls = true;
    }
    try {
      await this.socket.openPlayer();
    } catch {
      return 'no_output';
    }
    const opened = await this.socket.open(mode);
    const isInstead = mode === 'hands_free' && this.noCalls && this.events.mayCall();
    if (opened === 'ready') this.tellWay(isInstead ? 'socket_instead' : 'socket');
    return opened;
  }

  /** A refusal has said why already. */
  private tell(opened: Opened): void {
    if (opened === 'no_output') this.events.onFault(...NO_OUTPUT);
    else if (opened === 'lost' || opened === 'silent') this.events.onFault('Janet did not open the voice stream.', 'Try again; if it stays, reload the page.');
  }

  /** False when no call comes about. */
  private async openCall(): Promise<boolean> {
    const capture = await this.openCapture();
    let settle: (connected: boolean) => void = () => undefined;
    const connected = new Promise<boolean>((resolve) => (settle = resolve));
    const call: Call = new Call(this.outgoing(capture), {
      send: (message) => this.events.send(message),
      onPhase: (phase) => {
        if (phase === 'connected') settle(true);
        if (!isOver(phase)) return;
        settle(false);
        if (this.call === call && this.way === 'call') void this.onBroken(phase === 'failed');
      },
      onSound: (stream) => {
        this.sound.play(stream).catch(() => this.events.onFault(...NO_OUTPUT));
        capture.measure(stream, (peak) => this.events.onHerLevel(peak));
      },
      onHeard: (sample) => this.events.onHeard(sample),
      onFace: (frame) => this.events.onFace(frame),
      onStats: (stats) => this.events.onCallStats(stats),
      iceServers: () => this.events.iceServers(),
      latencyMs: () => capture.outputLatencyMs,
    });
    this.call = call;
    void call.begin();
    const isThere = (await connected) && !isOver(call.phase);
    if (isThere) this.tellWay('call');
    else if (this.call === call) this.closeStream();
    return isThere;
  }

  /** The call has broken although the connection stands: another one, or if it was none, the WebSocket. */
  private async onBroken(failed: boolean): Promise<void> {
    this.noCalls ||= failed;
    this.closeStream();
    if (this.mic.kind === 'on' || this.mic.kind === 'sample') await this.reopen();
    else await this.close();
  }

  private wayFor(mode: MicMode): 'call' | 'socket' {
    return mode === 'hands_free' && !this.noCalls && this.events.mayCall() ? 'call' : 'socket';
  }

  /** Ends what is open. */
  private closeStream(): void {
    if (this.call !== null) {
      // The server may have ended it by itself, which only its refusal would tell.
      this.events.send({ type: 'audio_stop', request_id: HUNG_UP });
      this.dropCall();
    }
    this.socket.close();
    this.tellWay('none');
  }

  private dropCall(): void {
    const { call } = this;
    this.call = null;
    call?.close();
    this.sound.stop();
    this.capture?.measure(null);
  }

  /** Says what the microphone does, and lets go out exactly what should. */
  private show(mic: Mic): void {
    this.mic = mic;
    this.setSending(mic.kind === 'sample' || this.mode === 'hands_free' || (mic.kind === 'on' && mic.held));
    this.route();
    this.events.onMic(mic);
  }

  private tellWay(way: Way): void {
    if (this.way === way) return;
    this.way = way;
    this.events.onWay(way);
  }

  private setSending(on: boolean): void {
    if (this.capture !== null) this.capture.sending = on && this.socket.isOpen;
  }

  /** A call carries the microphone while that is on, and else silence or the sample question. */
  private route(): void {
    if (this.call !== null && this.capture !== null) void this.call.carry(this.outgoing(this.capture));
  }

  private outgoing(capture: Capture): MediaStreamTrack {
    const live = this.mic.kind === 'on' || this.mic.kind === 'opening';
    return (live ? capture.microphone : null) ?? capture.standIn;
  }
}
