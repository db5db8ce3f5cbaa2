/**
 * The browser's end of voice over WebRTC, whoever offers: one Opus track each way, the channel `events`,
 * what was heard, and the browser's counts. What is said about it on the WebSocket is its owner's: call.ts
 * for sessions, phone/phone.ts for calls.
 */
import type { ClientMessage, VoiceState } from '../protocol/messages.js';
import { parseServerMessage } from '../protocol/parse.js';
import { describe } from './ask-again.js';
import { callStats, type CallStats } from './call-stats.js';
import { Heard } from './heard.js';
import { PlayoutDelay } from './playout-delay.js';

export interface MediaEvents {
  /** Her voice. */
  onSound(stream: MediaStream): void;
  /** A sample of hers was heard: its number, modulo 2^32. */
  onHeard(playedSample: number): void;
  onStats(stats: CallStats): void;
  /** A frame of her face, as it came. */
  onFace(frame: Uint8Array): void;
  /** What helps it through routers. */
  iceServers(): readonly RTCIceServer[];
  /** How long sound takes from the browser to the ear, in ms, where the call itself does not count it. */
  latencyMs(): number;
}

/** What the browser says of it; for its owner. */
export interface PeerEvents {
  onState(state: RTCPeerConnectionState): void;
  /** Where this browser may be reached; at most `MOST_CANDIDATES` for each description. */
  onCandidate(candidate: RTCIceCandidate): void;
  /** Nothing of hers has come for this many ms, although she sends silence, too. */
  onStalled(ms: number): void;
}

/** How often the browser is asked for its counts. */
const STATS_EVERY_MS = 1_000;
/** Where nothing has come for so long, nothing comes by itself. */
const STALLED_AFTER_MS = 2_000;
/** The server takes so many for each description, and no more. */
export const MOST_CANDIDATES = 32;

/** Whether this browser knows WebRTC at all. */
export function canCall(): boolean {
  return typeof RTCPeerConnection === 'function';
}

export class Media {
  private readonly peer: RTCPeerConnection;
  private channel: RTCDataChannel | null = null;
  private face: RTCDataChannel | null = null;
  private sender: RTCRtpSender | null = null;
  private heard: Heard | null = null;
  private readonly delay = new PlayoutDelay();
  private statsTimer: number | undefined;
  private closed = false;
  /** Until the far end knows the description there is nobody to take them. */
  private candidates: RTCIceCandidate[] = [];
  private told = 0;
  private agreed = false;
  private down = { packets: 0, since: 0 };

  constructor(
    private readonly events: MediaEvents,
    private readonly owner: PeerEvents,
  ) {
    const peer = (this.peer = new RTCPeerConnection({ iceServers: [...events.iceServers()] }));
    peer.ontrack = (event) => events.onSound(event.streams[0] ?? new MediaStream([event.track]));
    peer.onicecandidate = (event) => this.onCandidate(event.candidate);
    peer.onconnectionstatechange = () => owner.onState(peer.connectionState);
    peer.ondatachannel = (event) => {
      if (event.channel.label === 'events') this.listen(event.channel);
      else if (event.channel.label === 'face') this.watchFace(event.channel);
    };
  }

  /** Gets ready to offer; `track` is what is sent first. */
  prepare(track: MediaStreamTrack): void {
    const { sender, receiver } = this.peer.addTransceiver(track, { direction: 'sendrecv' });
    this.has(sender, receiver);
    this.listen(this.peer.createDataChannel('events'));
    // Late is worse than lost.
    this.watchFace(this.peer.createDataChannel('face', { ordered: false, maxRetransmits: 0 }));
  }

  /** The offer, and with `anew` that of another way for the same call. Throws where the browser cannot. */
  async offer(anew = false): Promise<string> {
    if (anew) this.peer.restartIce();
    this.agreed = false;
    this.candidates = [];
    return describe(this.peer, 'offer');
  }

  /** The far end's answer. Throws where the browser does not take it. */
  async answered(sdp: string): Promise<void> {
    await this.peer.setRemoteDescription({ type: 'answer', sdp });
    this.agree();
  }

  /** Answers the far end's offer; `track` is what is sent first. Throws where the browser cannot. */
  async answer(offer: string, track: MediaStreamTrack): Promise<string> {
    const { peer } = this;
    await peer.setRemoteDescription({ type: 'offer', sdp: offer });
    const voice = peer.getTransceivers().find(({ receiver }) => receiver.track.kind === 'audio');
    if (voice === undefined) throw new Error('the offer has no voice in it');
    voice.direction = 'sendrecv';
    this.has(voice.sender, voice.receiver);
    await voice.sender.replaceTrack(track);
    return this.respond();
  }

  /** Whether an offer is from whom this talks with: then it is about the way, else it is another call (RFC 8842 §5.2). */
  isFromFarEnd(offer: string): boolean {
    const known = this.peer.remoteDescription?.sdp;
    return known !== undefined && fingerprint(known) !== null && fingerprint(known) === fingerprint(offer);
  }

  /** Answers the far end's offer of another way for the same call. Throws where the browser cannot. */
  async renew(offer: string): Promise<string> {
    this.agreed = false;
    this.candidates = [];
    await this.peer.setRemoteDescription({ type: 'offer', sdp: offer });
    return this.respond();
  }

  /** The far end has the last description: it is told where this browser may be reached. */
  agree(): void {
    this.agreed = true;
    this.told = 0;
    this.candidates.forEach((candidate) => this.tell(candidate));
    this.candidates = [];
  }

  /** Takes the last offer back. */
  async withdraw(): Promise<void> {
    if (this.peer.signalingState === 'have-local-offer') await this.peer.setLocalDescription({ type: 'rollback' });
  }

  /** Where the far end may be reached. One that is no good is passed over: there are others. */
  addCandidate(candidate: RTCIceCandidateInit): void {
    this.peer.addIceCandidate(candidate).catch(() => undefined);
  }

  /** What goes up from now on. */
  async carry(track: MediaStreamTrack): Promise<void> {
    if (this.sender !== null && this.sender.track !== track) await this.sender.replaceTrack(track);
  }

  /** The sample of hers that is at the ear at this time (`performance.now()`), modulo 2^32; null where that is not known. */
  heardAt(now: number): number | null {
    return this.heard?.sampleAt(now) ?? null;
  }

  /** What her voice does. */
  onSpeaking(state: VoiceState): void {
    this.heard?.onSpeaking(state);
  }

  /** Voice flows: from now on the browser is asked for its counts. */
  watch(): void {
    this.down = { packets: 0, since: performance.now() };
    this.statsTimer ??= window.setInterval(() => void this.count(), STATS_EVERY_MS);
  }

  /** What the browser counts; for measuring. */
  async reports(): Promise<unknown[]> {
    return [...(await this.peer.getStats()).values()];
  }

  close(): void {
    this.closed = true;
    window.clearInterval(this.statsTimer);
    this.heard?.close();
    const { peer, channel } = this;
    if (channel !== null) channel.onmessage = null;
    if (this.face !== null) this.face.onmessage = null;
    peer.ontrack = peer.onicecandidate = peer.onconnectionstatechange = peer.ondatachannel = null;
    peer.close();
  }

  private respond(): Promise<string> {
    return describe(this.peer, 'answer');
  }

  private has(sender: RTCRtpSender, receiver: RTCRtpReceiver): void {
    this.sender = sender;
    this.heard = new Heard(receiver, () => this.delay.ms ?? this.events.latencyMs(), (sample) => this.tellHeard(sample));
  }

  private listen(channel: RTCDataChannel): void {
    this.channel = channel;
    channel.onmessage = (event: MessageEvent<unknown>) => this.onEvent(event.data);
  }

  private watchFace(channel: RTCDataChannel): void {
    this.face = channel;
    channel.binaryType = 'arraybuffer';
    channel.onmessage = (event: MessageEvent<unknown>) => {
      if (event.data instanceof ArrayBuffer) this.events.onFace(new Uint8Array(event.data));
    };
  }

  private onCandidate(candidate: RTCIceCandidate | null): void {
    // An empty one says that there are no more: the server needs no telling.
    if (candidate === null || candidate.candidate === '' || this.closed) return;
    if (this.agreed) this.tell(candidate);
    else if (this.candidates.length < MOST_CANDIDATES) this.candidates.push(candidate);
  }

  private tell(candidate: RTCIceCandidate): void {
    if (this.told === MOST_CANDIDATES) return;
    this.told += 1;
    this.owner.onCandidate(candidate);
  }

  /** On `events` comes what comes on the WebSocket as well, but for the clock. */
  private onEvent(data: unknown): void {
    if (typeof data !== 'string') return;
    const message = parseServerMessage(data);
    if (message !== null && 'type' in message && message.type === 'face_clock') this.heard?.onClock(message.rtpTimestamp, message.sample);
  }

  private tellHeard(playedSample: number): void {
    if (this.channel?.readyState !== 'open') return;
    const playout: ClientMessage = { type: 'playout', played_sample: playedSample };
    this.channel.send(JSON.stringify(playout));
    this.events.onHeard(playedSample);
  }

  private async count(): Promise<void> {
    const reports = await this.reports();
    if (this.closed) return;
    this.delay.look(reports);
    const stats = callStats(reports);
    this.events.onStats(stats);
    const now = performance.now();
    if (stats.packetsDown !== this.down.packets) this.down = { packets: stats.packetsDown, since: now };
    else if (now - this.down.since >= STALLED_AFTER_MS) this.owner.onStalled(now - this.down.since);
  }
}

function fingerprint(sdp: string): string | null {
  return /^a=fingerprint:(.*)$/m.exec(sdp)?.[1]?.trim().toUpperCase() ?? null;
}
