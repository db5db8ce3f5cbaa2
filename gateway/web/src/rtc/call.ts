/**
 * One session of voice in real time: the browser's end, and what is said about it on the WebSocket. The
 * page offers; what a call's state means is call-state.ts.
 */
import type { ClientMessage, ServerMessage, VoiceState } from '../protocol/messages.js';
import { begun, dueAt, isOver, restartIsDue, step, type CallEvent, type CallState, type Phase } from './call-state.js';
import { Media, type MediaEvents } from './media.js';

export interface CallEvents extends MediaEvents {
  /** On the WebSocket; false when there is none. */
  send(message: ClientMessage): boolean;
  /** How far the call is. Over is over: nothing comes after that. */
  onPhase(phase: Phase): void;
}

type CallMessage = Extract<ServerMessage, { type: 'vr_answer' | 'vr_response' | 'vr_error' | 'vr_ice' }>;
type Refusal = Extract<ServerMessage, { type: 'vr_error' }>;

export class Call {
  /** What the call is called; the server takes the page's word for it. */
  readonly id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
  private readonly media: Media;
  private state: CallState = begun(performance.now());
  private dueTimer: number | undefined;
  /** How often it was offered; the answer to any but the last is to a description that is no more. */
  private offers = 0;

  /** `track` is what is sent first. */
  constructor(
    track: MediaStreamTrack,
    private readonly events: CallEvents,
  ) {
    this.media = new Media(events, {
      onState: (state) => this.happened({ type: 'peer', state }),
      onCandidate: ({ candidate, sdpMid, sdpMLineIndex }) =>
        void events.send({ type: 'vr_ice', session_id: this.id, candidate, sdp_mid: sdpMid, sdp_mline_index: sdpMLineIndex }),
      onStalled: () => this.networkChanged(),
    });
    this.media.prepare(track);
    this.wait();
  }

  /** Offers; what comes of it is told by `onPhase`. */
  async begin(): Promise<void> {
    await this.offer(false);
  }

  get phase(): Phase {
    return this.state.phase;
  }

  /** What goes up from now on. */
  carry(track: MediaStreamTrack): Promise<void> {
    return this.media.carry(track);
  }

  /** What the browser counts; for measuring. */
  reports(): Promise<unknown[]> {
    return this.media.reports();
  }

  /** There may be another way by now, and the present one may be dead. */
  networkChanged(): void {
    // A way that is being looked for is looked for anew when its own time has come.
    if (this.state.restartAt === null) this.happened({ type: 'network' });
  }

  /** What the server says of calls; of other calls than this one nothing is taken. */
  onMessage(message: CallMessage): void {
    switch (message.type) {
      case 'vr_answer':
        if (message.sessionId === this.id && message.requestId === this.request) void this.onAnswer(message.sdp);
        break;
      case 'vr_response':
        if (message.sessionId === this.id) this.happened({ type: 'server', status: message.status });
        break;
      case 'vr_ice':
        if (message.sessionId === this.id) this.media.addCandidate(message.candidate);
        break;
      case 'vr_error':
        this.onRefused(message);
        break;
    }
  }

  /** The sample of hers that is at the ear at this time (`performance.now()`), modulo 2^32; null where that is not known. */
  heard(now: number): number | null {
    return this.media.heardAt(now);
  }

  /** What her voice does. */
  onSpeaking(state: VoiceState): void {
    this.media.onSpeaking(state);
  }

  /** Ends it on this side. The server ends its own by `audio_stop`, or by another call. */
  close(): void {
    this.happened({ type: 'closed' });
  }

  private get request(): string {
    return this.offers <= 1 ? this.id : `${this.id}-${this.offers}`;
  }

  private async offer(anew: boolean): Promise<void> {
    this.offers += 1;
    const { request } = this;
    try {
      const sdp = await this.media.offer(anew);
      const sent = this.events.send({ type: 'vr_connect', transport: 'webrtc', session_id: this.id, request_id: request, sdp, sdp_type: 'offer' });
      if (!sent) this.happened({ type: 'broken' });
    } catch {
      this.happened({ type: 'broken' });
    }
  }

  private async onAnswer(sdp: string): Promise<void> {
    try {
      await this.media.answered(sdp);
    } catch {
      this.happened({ type: 'broken' });
    }
  }

  private onRefused({ requestId, sessionId, code, field }: Refusal): void {
    if (this.offers > 1 && requestId !== null && requestId.startsWith(this.id)) {
      if (requestId !== this.request) return;
      void this.media.withdraw();
      this.happened({ type: 'not_restarted', yet: code === 'overloaded' });
      return;
    }
    // Of a candidate that is not taken there are others, or the call fails by itself.
    if (requestId === this.id || (sessionId === this.id && field !== 'candidate')) this.happened({ type: 'refused' });
  }

  private happened(event: CallEvent): void {
    const before = this.state;
    const now = performance.now();
    this.state = step(before, event, now);
    if (restartIsDue(this.state, now)) {
      this.state = step(this.state, { type: 'restarting' }, now);
      void this.offer(true);
    }
    // Browsers cut fractions off and come early: then there is a rest to wait for.
    if (this.state !== before || event.type === 'time') this.wait();
    if (this.state.phase === before.phase) return;
    if (this.state.phase === 'connected') this.media.watch();
    if (isOver(this.state.phase)) this.media.close();
    this.events.onPhase(this.state.phase);
  }

  private wait(): void {
    window.clearTimeout(this.dueTimer);
    const due = dueAt(this.state);
    if (due === null) return;
    this.dueTimer = window.setTimeout(() => this.happened({ type: 'time' }), Math.max(1, Math.ceil(due - performance.now())));
  }
}
