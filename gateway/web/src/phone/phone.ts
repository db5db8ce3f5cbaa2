/**
 * Calls by telephone: Janet is called, or she rings. What each step means is phone-state.ts; here is what it
 * takes: the microphone, the browser's end of the media, her sound, the words on the WebSocket, timers.
 *
 * One call at a time, and while there is one the page's own voice stream is closed (`freeVoice`): the
 * server gives the microphone to one of them.
 */
import { Capture } from '../audio/capture.js';
import type { SoundPlace } from '../audio/placed.js';
import { MicError } from '../audio/microphone.js';
import { HUNG_UP } from '../protocol/requests.js';
import type { ClientMessage, ServerMessage } from '../protocol/messages.js';
import { RESTART_EVERY_MS } from '../rtc/call-state.js';
import type { CallStats } from '../rtc/call-stats.js';
import { Media } from '../rtc/media.js';
import { RemoteSound } from '../rtc/remote-sound.js';
import { dueAt, IDLE, isOn, may, step, talkedMs, type End, type PhoneEvent, type PhoneState, type Told } from './phone-state.js';
import { Ringer } from './ringer.js';

export interface PhoneEvents {
  send(message: ClientMessage): boolean;
  onPhone(phone: PhoneState, muted: boolean): void;
  /** Whether the browser keeps a ring silent. */
  onRingSilent(silent: boolean): void;
  /** Closes what else has the microphone. */
  freeVoice(): Promise<void>;
  onMicLevel(peak: number): void;
  onHerLevel(peak: number): void;
  onStats(stats: CallStats): void;
  onHeard(playedSample: number): void;
  /** A frame of her face came over the call. */
  onFace(frame: Uint8Array): void;
  /** What helps a call through routers. */
  iceServers(): readonly RTCIceServer[];
  /** The chosen device is not there; another is used. */
  onDeviceLost(kind: 'microphone' | 'speaker'): void;
}

/** What the server is told of this end. */
const DEVICE = { platform: 'browser', device: 'Janet’s page' } as const;
const NAME = 'Janet';
/** Where nothing has come for so long another way is looked for no more: then the server ends the call. */
const RENEWED_FOR_MS = 10_000;
/** As long as the server keeps a call whose client has lost its connection. */
export const KEPT_MS = 30_000;

export class Phone {
  private phone: PhoneState = IDLE;
  private muted = false;
  /** The call that is over here, and of which the server could not be told. */
  private left: string | null = null;
  /** While there is no connection: until when the call waits for one. */
  private cutOff: number | undefined;
  private capture: Capture | null = null;
  private media: Media | null = null;
  private readonly sound: RemoteSound;
  private readonly ringer: Ringer;
  private timer: number | undefined;
  private microphone = '';
  private echo = true;
  /** When another way was asked for last. */
  private renewedAt = -Infinity;

  constructor(private readonly events: PhoneEvents) {
    this.sound = new RemoteSound(() => events.onDeviceLost('speaker'));
    this.ringer = new Ringer((silent) => events.onRingSilent(silent));
  }

  get isOn(): boolean {
    return isOn(this.phone);
  }

  /** From where she is heard, seen from the listener; null: from nowhere. */
  place(place: SoundPlace | null): void {
    this.sound.place(place);
  }

  /** Calls Janet. Needs a user's gesture. */
  async call(): Promise<void> {
    if (!may(this.phone, 'call')) return;
    const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
    this.happened({ type: 'call', id, name: NAME });
    await this.ask(id);
  }

  /** Answers her ring. Needs a user's gesture. */
  async accept(): Promise<void> {
    if (this.phone.state !== 'ringing') return;
    const { id } = this.phone.who;
    this.happened({ type: 'accept' });
    await this.ask(id);
  }

  /** Hangs up, or declines. */
  hangUp(): void {
    if (!may(this.phone, 'hang_up')) return;
    this.tellEnd(this.phone);
    this.happened({ type: 'hang_up' });
  }

  /** Neither hears the other, or both do again. */
  hold(on: boolean): void {
    const { phone } = this;
    if (!may(phone, on ? 'hold' : 'resume') || phone.state === 'idle' || this.cutOff !== undefined) return;
    // Who wants to be heard no more is heard no more, however long the server takes.
    this.happened({ type: on ? 'hold' : 'resume' });
    this.events.send({ type: 'voip_hold', call_id: phone.who.id, on });
  }

  mute(on: boolean): void {
    if (this.muted === on || !this.isOn) return;
    this.muted = on;
    this.route();
    this.events.onPhone(this.phone, on);
  }

  /** How it ended was read. */
  dismiss(): void {
    this.happened({ type: 'dismissed' });
  }

  onMessage(message: ServerMessage): void {
    switch (message.type) {
      case 'voip_incoming':
      case 'voip_connected':
      case 'voip_state':
      case 'voip_ended':
      case 'voip_error':
      case 'voip_offer':
      case 'voip_ice':
        this.onTold(message);
        break;
      case 'speaking':
        this.media?.onSpeaking(message.state);
        break;
      default:
        break;
    }
  }

  /** There may be another way for voice by now, and the present one may be dead: the server offers another (ICE restart). */
  onNetworkChanged(): void {
    const { phone } = this;
    if (phone.state !== 'connected' && phone.state !== 'on_hold') return;
    const now = performance.now();
    if (now - this.renewedAt < RESTART_EVERY_MS) return;
    this.renewedAt = now;
    // With the name of the call that there is: it goes on, whoever began it.
    this.events.send({ type: 'voip_call', call_id: phone.who.id, direction: 'outgoing', device_info: DEVICE });
  }

  /** The connection is gone. Voice that flows has a way of its own: such a call goes on, and waits for another connection. */
  onLost(): void {
    const { phone } = this;
    if (phone.state === 'connected' || phone.state === 'on_hold') {
      this.cutOff ??= window.setTimeout(() => this.giveUp(), KEPT_MS);
    } else this.giveUp();
  }

  /** There is a connection again: the call goes on over it. The server may keep one that is over here. */
  onConnected(): void {
    if (this.left !== null) this.events.send({ type: 'voip_end', call_id: this.left, request_id: HUNG_UP });
    this.left = null;
    if (this.cutOff === undefined) return;
    this.reconnected();
    // What brought the connection down may have taken the way of voice, too.
    this.renewedAt = -Infinity;
    this.onNetworkChanged();
  }

  private giveUp(): void {
    const { phone } = this;
    if (phone.state !== 'ringing' && phone.state !== 'idle' && phone.state !== 'ended') this.left = phone.who.id;
    this.happened({ type: 'gone' });
  }

  private reconnected(): void {
    window.clearTimeout(this.cutOff);
    this.cutOff = undefined;
  }

  /** Uses these from now on: ids of the browser's, empty for the system's, and whether it takes echoes out. */
  async setDevices(microphone: string, speaker: string, echo: boolean): Promise<void> {
    const isNew = microphone !== this.microphone || echo !== this.echo;
    this.microphone = microphone;
    this.echo = echo;
    await Promise.all([this.sound.setSpeaker(speaker), this.ringer.setSpeaker(speaker)]);
    if (isNew && this.capture !== null) await this.changeMicrophone(this.capture);
  }

  private onTold(message: Told): void {
    const { phone } = this;
    if (message.type === 'voip_ice') {
      if (phone.state !== 'idle' && message.callId === phone.who.id) this.media?.addCandidate(message.candidate);
    } else if (message.type === 'voip_offer') {
      if (phone.state === 'idle' || message.callId !== phone.who.id) return;
      if (phone.state === 'connecting' && phone.stage === 'asked') void this.agree(message.callId, message.sdp);
      else if (phone.state !== 'connected' && phone.state !== 'on_hold') return;
      else if (this.media?.isFromFarEnd(message.sdp) === true) void this.renew(message.callId, message.sdp);
      // The server knew that call no more, and has begun another of its name: one on hold would not be.
      else if (phone.state === 'on_hold') this.fail({ why: 'client_gone', durationMs: talkedMs(phone, performance.now()) });
      else void this.agree(message.callId, message.sdp);
    } else {
      this.happened({ type: 'told', message });
      // The server goes on with a call that it could not serve, until somebody ends it.
      if (message.type === 'voip_error' && isOn(phone) && !this.isOn && message.code !== 'unknown_call') this.tellEnd(phone);
    }
  }

  /** Opens the microphone, then asks the server for the call of this name, if it is wanted still. */
  private async ask(id: string): Promise<void> {
    const isWanted = (): boolean => this.phone.state === 'connecting' && this.phone.who.id === id;
    const capture = await this.openMicrophone();
    if (!isWanted()) {
      // Hung up, or crossed with a ring, while the browser asked for permission.
      if (this.capture !== capture) await capture?.close();
      return;
    }
    if (capture === null || this.phone.state !== 'connecting') return;
    this.happened({ type: 'asked' });
    const { direction } = this.phone.who;
    const sent = this.events.send({ type: 'voip_call', call_id: id, direction, device_info: DEVICE, request_id: id });
    if (!sent) this.happened({ type: 'gone' });
  }

  private async openMicrophone(): Promise<Capture | null> {
    const { phone } = this;
    let capture: Capture | null = null;
    try {
      await this.events.freeVoice();
      capture = await Capture.open({
        onFrame: () => undefined,
        onLevel: (peak) => this.events.onMicLevel(this.isHeard ? peak : 0),
        onEnded: () => {
          if (this.capture !== null) void this.changeMicrophone(this.capture, true);
        },
      });
      if (!(await capture.connectMicrophone(this.microphone, this.echo))) this.events.onDeviceLost('microphone');
    } catch (error) {
      await capture?.close();
      const end: End = { why: 'no_microphone', trouble: error instanceof MicError ? error.trouble : 'failed' };
      if (this.phone === phone) this.fail(end);
      return null;
    }
    if (this.phone === phone) this.capture = capture;
    return capture;
  }

  /** The sample of hers that is at the ear at this time (`performance.now()`), modulo 2^32; null where that is not known. */
  heard(now: number): number | null {
    return this.media?.heardAt(now) ?? null;
  }

  /** The server has offered: the browser's end is set up to that. */
  private async agree(id: string, offer: string): Promise<void> {
    const { capture } = this;
    if (capture === null) return;
    const media = new Media(
      {
        onSound: (stream) => {
          this.sound.play(stream).catch(() => this.fail({ why: 'no_media' }));
          capture.measure(stream, (peak) => this.events.onHerLevel(peak));
        },
        onHeard: (sample) => this.events.onHeard(sample),
        onStats: (stats) => this.events.onStats(stats),
        onFace: (frame) => this.events.onFace(frame),
        iceServers: () => this.events.iceServers(),
        latencyMs: () => capture.outputLatencyMs,
      },
      {
        // Whether the call is over the server says.
        onState: (state) => {
          if (state === 'disconnected' || state === 'failed') this.onNetworkChanged();
        },
        onStalled: (ms) => {
          if (ms < RENEWED_FOR_MS) this.onNetworkChanged();
        },
        onCandidate: ({ candidate, sdpMid, sdpMLineIndex }) =>
          void this.events.send({ type: 'voip_ice', call_id: id, candidate, sdp_mid: sdpMid, sdp_mline_index: sdpMLineIndex }),
      },
    );
    this.media?.close();
    this.media = media;
    try {
      const sdp = await media.answer(offer, this.outgoing(capture));
      if (this.media !== media) return;
      this.events.send({ type: 'voip_answer', call_id: id, sdp, sdp_type: 'answer', request_id: id });
      media.agree();
      if (this.phone.state === 'connected') media.watch();
      this.happened({ type: 'agreed' });
    } catch {
      if (this.media === media) this.fail({ why: 'no_media' });
    }
  }

  /** The server has offered another way for the call that there is. */
  private async renew(id: string, offer: string): Promise<void> {
    const { media } = this;
    try {
      const sdp = await media?.renew(offer);
      if (media === null || sdp === undefined || this.media !== media) return;
      this.events.send({ type: 'voip_answer', call_id: id, sdp, sdp_type: 'answer' });
      media.agree();
    } catch {
      // The old way may still carry; where it does not, the server ends the call.
    }
  }

  /** It cannot go on here: the server is told. */
  private fail(end: End): void {
    if (!this.isOn) return;
    this.tellEnd(this.phone);
    this.happened({ type: 'broken', end });
  }

  /** Tells the server that this is over; of what it was not asked for yet it knows nothing. */
  private tellEnd(phone: PhoneState): void {
    const isUnknown = phone.state === 'connecting' && phone.stage === 'microphone' && phone.who.direction === 'outgoing';
    if (phone.state === 'idle' || isUnknown) return;
    if (!this.events.send({ type: 'voip_end', call_id: phone.who.id })) this.left = phone.who.id;
  }

  private happened(event: PhoneEvent): void {
    const before = this.phone;
    const now = performance.now();
    this.phone = step(before, event, now);
    // Browsers cut fractions off and come early: then there is a rest to wait for.
    if (this.phone !== before || event.type === 'time') this.wait();
    if (this.phone === before) return;
    const { state } = this.phone;
    // The server has not said so: it may not know.
    if (event.type === 'time' && state === 'ended') this.tellEnd(before);
    if (!this.isOn || (before.state !== 'idle' && this.phone.state !== 'idle' && before.who.id !== this.phone.who.id)) this.release();
    if (state === 'ringing') void this.ringer.start();
    else this.ringer.stop();
    if (state === 'connected' && before.state === 'connecting') this.media?.watch();
    this.route();
    this.events.onPhone(this.phone, this.muted);
  }

  private wait(): void {
    if (!this.isOn) this.reconnected();
    window.clearTimeout(this.timer);
    const due = dueAt(this.phone);
    if (due === null) return;
    this.timer = window.setTimeout(() => this.happened({ type: 'time' }), Math.max(1, Math.ceil(due - performance.now())));
  }

  /** Lets the devices and the media go. */
  private release(): void {
    const { capture, media } = this;
    this.capture = null;
    this.media = null;
    this.muted = false;
    media?.close();
    this.sound.stop();
    void capture?.close();
  }

  private async changeMicrophone(capture: Capture, lost = false): Promise<void> {
    try {
      capture.disconnectMicrophone();
      const isChosen = await capture.connectMicrophone(this.microphone, this.echo);
      if (lost || !isChosen) this.events.onDeviceLost('microphone');
      this.route();
    } catch (error) {
      if (this.capture === capture) this.fail({ why: 'no_microphone', trouble: error instanceof MicError ? error.trouble : 'failed' });
    }
  }

  /** Whether what is said here goes up. */
  private get isHeard(): boolean {
    return this.phone.state === 'connected' && !this.phone.asked && !this.muted;
  }

  private route(): void {
    if (this.capture !== null && this.media !== null) void this.media.carry(this.outgoing(this.capture));
  }

  /** The microphone, or silence in its place. */
  private outgoing(capture: Capture): MediaStreamTrack {
    return (this.isHeard ? capture.microphone : null) ?? capture.standIn;
  }
}
