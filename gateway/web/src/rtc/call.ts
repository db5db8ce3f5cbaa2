/**
 * One call: the browser's peer connection, and what is said about it on the WebSocket. The page offers;
 * what a call's state means is call-state.ts.
 */
import type { ClientMessage, ServerMessage, VoiceState } from '../protocol/messages.js';
import { parseServerMessage } from '../protocol/parse.js';
import { begun, dueAt, isOver, step, type CallEvent, type CallState, type Phase } from './call-state.js';
import { callStats, type CallStats } from './call-stats.js';
import { Heard } from './heard.js';

export interface CallEvents {
  /** On the WebSocket; false when there is none. */
  send(message: ClientMessage): boolean;
  /** How far the call is. Over is over: nothing comes after that. */
  onPhase(phase: Phase): void;
  /** Her voice. */
  onSound(stream: MediaStream): void;
  /** A sample of hers was heard: its number, modulo 2^32. */
  onHeard(playedSample: number): void;
  onStats(stats: CallStats): void;
  /** What helps it through routers. */
  iceServers(): readonly RTCIceServer[];
  /** How long sound takes from the browser to the ear, in ms. */
  latencyMs(): number;
}

type CallMessage = Extract<ServerMessage, { type: 'vr_answer' | 'vr_response' | 'vr_error' | 'vr_ice' }>;

/** How often the browser is asked for its counts. */
const STATS_EVERY_MS = 1_000;
/** The server takes 64 of a call. */
const MOST_CANDIDATES = 64;

/** Whether this browser can make calls at all. */
export function canCall(): boolean {
  return typeof RTCPeerConnection === 'function';
}

export class Call {
  /** What the call is called; the server takes the page's word for it. */
  readonly id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  private readonly peer: RTCPeerConnection;
  private readonly channel: RTCDataChannel;
  private readonly sender: RTCRtpSender;
  private readonly heard: Heard;
  private state: CallState = begun(performance.now());
  private dueTimer: number | undefined;
  private statsTimer: number | undefined;
  private answered = false;
  /** Until the server knows the call there is nobody to take them. */
  private candidates: RTCIceCandidate[] = [];

  /** `track` is what is sent first. */
  constructor(
    track: MediaStreamTrack,
    private readonly events: CallEvents,
  ) {
    const peer = (this.peer = new RTCPeerConnection({ iceServers: [...events.iceServers()] }));
    const { sender, receiver } = peer.addTransceiver(track, { direction: 'sendrecv' });
    this.sender = sender;
    this.heard = new Heard(receiver, () => events.latencyMs(), (sample) => this.tellHeard(sample));
    this.channel = peer.createDataChannel('events');
    this.channel.onmessage = (event: MessageEvent<unknown>) => this.onEvent(event.data);
    // Her face comes here once she has one: late is worse than lost.
    peer.createDataChannel('face', { ordered: false, maxRetransmits: 0 });
    peer.ontrack = (event) => events.onSound(event.streams[0] ?? new MediaStream([event.track]));
    peer.onicecandidate = (event) => this.onCandidate(event.candidate);
    peer.onconnectionstatechange = () => this.happened({ type: 'peer', state: peer.connectionState });
    this.wait();
  }

  /** Offers; what comes of it is told by `onPhase`. */
  async begin(): Promise<void> {
    try {
      await this.peer.setLocalDescription();
      const sdp = this.peer.localDescription?.sdp ?? '';
      const sent = this.events.send({ type: 'vr_connect', transport: 'webrtc', session_id: this.id, request_id: this.id, sdp, sdp_type: 'offer' });
      if (!sent) this.happened({ type: 'broken' });
    } catch {
      this.happened({ type: 'broken' });
    }
  }

  get phase(): Phase {
    return this.state.phase;
  }

  /** What goes up from now on. */
  async carry(track: MediaStreamTrack): Promise<void> {
    if (this.sender.track !== track) await this.sender.replaceTrack(track);
  }

  /** What the server says of calls; of other calls than this one nothing is taken. */
  onMessage(message: CallMessage): void {
    switch (message.type) {
      case 'vr_answer':
        if (message.sessionId === this.id) void this.onAnswer(message.sdp);
        break;
      case 'vr_response':
        if (message.sessionId === this.id) this.happened({ type: 'server', status: message.status });
        break;
      case 'vr_ice':
        if (message.sessionId === this.id) this.peer.addIceCandidate(message.candidate).catch(() => undefined);
        break;
      case 'vr_error':
        // Of a candidate that is not taken there are others, or the call fails by itself.
        if (message.requestId === this.id || (message.sessionId === this.id && message.field !== 'candidate')) this.happened({ type: 'refused' });
        break;
    }
  }

  /** What her voice does. */
  onSpeaking(state: VoiceState): void {
    this.heard.onSpeaking(state);
  }

  /** Ends it on this side. The server ends its own by `audio_stop`, or by another call. */
  close(): void {
    this.happened({ type: 'closed' });
  }

  private async onAnswer(sdp: string): Promise<void> {
    try {
      await this.peer.setRemoteDescription({ type: 'answer', sdp });
    } catch {
      this.happened({ type: 'broken' });
      return;
    }
    this.answered = true;
    this.candidates.forEach((candidate) => this.tellCandidate(candidate));
    this.candidates = [];
  }

  private onCandidate(candidate: RTCIceCandidate | null): void {
    // An empty one says that there are no more: the server needs no telling.
    if (candidate === null || candidate.candidate === '' || isOver(this.state.phase)) return;
    if (this.answered) this.tellCandidate(candidate);
    else if (this.candidates.length < MOST_CANDIDATES) this.candidates.push(candidate);
  }

  private tellCandidate({ candidate, sdpMid, sdpMLineIndex }: RTCIceCandidate): void {
    this.events.send({ type: 'vr_ice', session_id: this.id, candidate, sdp_mid: sdpMid, sdp_mline_index: sdpMLineIndex });
  }

  /** On `events` comes what comes on the WebSocket as well, but for the clock. */
  private onEvent(data: unknown): void {
    if (typeof data !== 'string') return;
    const message = parseServerMessage(data);
    if (message !== null && 'type' in message && message.type === 'face_clock') this.heard.onClock(message.rtpTimestamp, message.sample);
  }

  private tellHeard(playedSample: number): void {
    if (this.channel.readyState !== 'open') return;
    const playout: ClientMessage = { type: 'playout', played_sample: playedSample };
    this.channel.send(JSON.stringify(playout));
    this.events.onHeard(playedSample);
  }

  private happened(event: CallEvent): void {
    const before = this.state;
    this.state = step(before, event, performance.now());
    // Browsers cut fractions off and come early: then there is a rest to wait for.
    if (this.state !== before || event.type === 'time') this.wait();
    if (this.state === before) return;
    if (this.state.phase === before.phase) return;
    if (this.state.phase === 'connected' && this.statsTimer === undefined) {
      this.statsTimer = window.setInterval(() => void this.count(), STATS_EVERY_MS);
    }
    if (isOver(this.state.phase)) this.release();
    this.events.onPhase(this.state.phase);
  }

  private wait(): void {
    window.clearTimeout(this.dueTimer);
    const due = dueAt(this.state);
    if (due === null) return;
    this.dueTimer = window.setTimeout(() => this.happened({ type: 'time' }), Math.max(1, Math.ceil(due - performance.now())));
  }

  private async count(): Promise<void> {
    const reports = await this.peer.getStats();
    if (!isOver(this.state.phase)) this.events.onStats(callStats(reports.values()));
  }

  private release(): void {
    window.clearInterval(this.statsTimer);
    this.heard.close();
    const { peer, channel } = this;
    channel.onmessage = null;
    peer.ontrack = peer.onicecandidate = peer.onconnectionstatechange = null;
    peer.close();
  }
}
