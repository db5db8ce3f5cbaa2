import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ClientMessage } from '../src/protocol/messages.js';
import { Call } from '../src/rtc/call.js';
import { CONNECT_WITHIN_MS, RESTART_EVERY_MS, type Phase } from '../src/rtc/call-state.js';
import { MOST_CANDIDATES } from '../src/rtc/media.js';

/** The browser's end, as far as a call looks at it. */
class Peer {
  connectionState: RTCPeerConnectionState = 'new';
  config: RTCConfiguration = {};
  localDescription = { sdp: 'offered' };
  closed = false;
  answer: unknown = null;
  channels: string[] = [];
  onicecandidate: ((event: unknown) => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  events = { readyState: 'open', sent: [] as string[], onmessage: null as ((event: { data: unknown }) => void) | null, send: (text: string) => this.events.sent.push(text) };
  face = { binaryType: 'blob', onmessage: null as ((event: { data: unknown }) => void) | null };
  sources: Array<{ rtpTimestamp: number; timestamp: number }> = [];

  addTransceiver(track: unknown) {
    return { sender: { track, replaceTrack: async () => undefined }, receiver: { getSynchronizationSources: () => this.sources } };
  }
  createDataChannel(name: string) {
    this.channels.push(name);
    return name === 'events' ? this.events : this.face;
  }
  restarts = 0;
  signalingState = 'stable';
  async createOffer() {
    return { type: 'offer', sdp: this.localDescription.sdp };
  }
  async setLocalDescription(description: { type: string }) {
    this.signalingState = description.type === 'rollback' ? 'stable' : 'have-local-offer';
  }
  restartIce() {
    this.restarts += 1;
    this.localDescription = { sdp: `offered anew ${this.restarts}` };
  }
  async setRemoteDescription(answer: unknown) {
    this.answer = answer;
    this.signalingState = 'stable';
  }
  received = 0;
  async getStats() {
    return new Map([['down', { type: 'inbound-rtp', packetsReceived: this.received }]]);
  }
  close() {
    this.closed = true;
  }
  becomes(state: RTCPeerConnectionState) {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
  finds(candidate: string) {
    this.onicecandidate?.({ candidate: { candidate, sdpMid: '0', sdpMLineIndex: 0 } });
  }
}

let peer: Peer;
/** What the clock of the page says; its timers have one of their own. */
let now: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  now = 0.7;
  vi.stubGlobal('window', globalThis);
  vi.stubGlobal('requestAnimationFrame', () => 1);
  vi.stubGlobal('cancelAnimationFrame', () => undefined);
  vi.stubGlobal('performance', { now: () => now, timeOrigin: 0 });
  vi.stubGlobal(
    'RTCPeerConnection',
    class extends Peer {
      constructor(config: RTCConfiguration) {
        super();
        this.config = config;
        peer = this;
      }
    },
  );
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Time passes, for the timers and the clock, which may lag behind them. */
function pass(ms: number, clockMs = ms): void {
  now += clockMs;
  vi.advanceTimersByTime(ms);
}

async function begin() {
  const sent: ClientMessage[] = [];
  const phases: Phase[] = [];
  const heard: number[] = [];
  const face: Uint8Array[] = [];
  const call = new Call({} as MediaStreamTrack, {
    send: (message) => sent.push(message) > 0,
    onPhase: (phase) => phases.push(phase),
    onSound: () => undefined,
    onHeard: (sample) => heard.push(sample),
    onStats: () => undefined,
    onFace: (frame) => face.push(frame),
    iceServers: () => [{ urls: ['stun:s.example'] }],
    latencyMs: () => 0,
  });
  await call.begin();
  const connect = (): void => {
    peer.becomes('connected');
    call.onMessage({ type: 'vr_response', sessionId: call.id, status: 'connected' });
  };
  return { call, sent, phases, heard, face, connect };
}

describe('a call of the page', () => {
  it('offers, with the two channels that the server knows', async () => {
    const { call, sent } = await begin();
    expect(peer.channels).toEqual(['events', 'face']);
    expect(peer.config).toEqual({ iceServers: [{ urls: ['stun:s.example'] }] });
    expect(sent).toEqual([{ type: 'vr_connect', transport: 'webrtc', session_id: call.id, request_id: call.id, sdp: 'offered', sdp_type: 'offer' }]);
    expect(call.id).toMatch(/^[0-9a-f]{32}$/);
  });

  it('tells its candidates once the server knows it, and takes the answer to its own offer only', async () => {
    const { call, sent } = await begin();
    peer.finds('candidate:1');
    call.onMessage({ type: 'vr_answer', sessionId: 'another', sdp: 'no', requestId: call.id });
    expect(sent).toHaveLength(1);
    call.onMessage({ type: 'vr_answer', sessionId: call.id, sdp: 'yes', requestId: call.id });
    await vi.waitFor(() => expect(sent).toHaveLength(2));
    expect(peer.answer).toEqual({ type: 'answer', sdp: 'yes' });
    peer.finds('candidate:2');
    peer.finds('');
    expect(sent.slice(1).map((message) => message.type === 'vr_ice' && message.candidate)).toEqual(['candidate:1', 'candidate:2']);
  });

  it('fails when its time is over, also by a timer that comes early', async () => {
    const { phases, call } = await begin();
    // The clock is a millisecond behind when the timer rings.
    pass(CONNECT_WITHIN_MS, CONNECT_WITHIN_MS - 1);
    expect(call.phase).toBe('connecting');
    pass(5);
    expect(phases).toEqual(['failed']);
    expect(peer.closed).toBe(true);
  });

  it('fails when the server refuses it, and not for a candidate', async () => {
    const { call, phases } = await begin();
    const error = { type: 'vr_error', code: 'bad', field: null, sessionId: null, requestId: null } as const;
    call.onMessage({ ...error, sessionId: 'another' });
    call.onMessage({ ...error, sessionId: call.id, field: 'candidate' });
    expect(phases).toEqual([]);
    call.onMessage({ ...error, requestId: call.id });
    expect(phases).toEqual(['failed']);
  });

  it('tells what was heard while she speaks, ten times a second, and never a lesser number', async () => {
    const { call, heard, connect } = await begin();
    connect();
    peer.events.onmessage?.({ data: JSON.stringify({ type: 'face_clock', rtp_timestamp: 4_800, sample: 1_000 }) });
    const play = (ms: number): void => {
      for (let past = 0; past < ms; past += 20) {
        peer.sources = [{ rtpTimestamp: Math.round(48 * now), timestamp: now }];
        pass(20);
      }
    };
    play(1_000);
    expect(heard).toEqual([]);
    call.onSpeaking('started');
    play(1_000);
    expect(heard).toHaveLength(10);
    expect(Math.abs((heard.at(-1) ?? NaN) - (48 * now - 4_800 + 1_000))).toBeLessThan(48 * 40);
    expect(heard).toEqual([...heard].sort((a, b) => a - b));
    expect(peer.events.sent.map((text) => JSON.parse(text))).toEqual(heard.map((played_sample) => ({ type: 'playout', played_sample })));
    call.onSpeaking('paused');
    play(1_000);
    expect(heard).toHaveLength(10);
  });

  it('hands on what comes for her face, and says which of her samples is at the ear', async () => {
    const { call, face, connect } = await begin();
    connect();
    expect(call.heard(now)).toBeNull();
    peer.face.onmessage?.({ data: new Uint8Array([1, 2, 3]).buffer });
    peer.face.onmessage?.({ data: 'no frame' });
    expect(peer.face.binaryType).toBe('arraybuffer');
    expect(face).toEqual([new Uint8Array([1, 2, 3])]);
    peer.events.onmessage?.({ data: JSON.stringify({ type: 'face_clock', rtp_timestamp: 4_800, sample: 1_000 }) });
    for (let past = 0; past < 1_000; past += 20) {
      peer.sources = [{ rtpTimestamp: Math.round(48 * now), timestamp: now }];
      pass(20);
    }
    expect(Math.abs((call.heard(now) ?? NaN) - (48 * now - 4_800 + 1_000))).toBeLessThan(48 * 25);
    call.close();
    expect(peer.face.onmessage).toBeNull();
  });

  it('tells no more candidates than the server takes, and counts them anew for each description', async () => {
    const { call, sent, connect } = await begin();
    for (let i = 0; i < 40; i += 1) peer.finds(`candidate:${i}`);
    call.onMessage({ type: 'vr_answer', sessionId: call.id, sdp: 'yes', requestId: call.id });
    await vi.waitFor(() => expect(sent.length).toBeGreaterThan(1));
    for (let i = 40; i < 80; i += 1) peer.finds(`candidate:${i}`);
    expect(sent.filter(({ type }) => type === 'vr_ice')).toHaveLength(MOST_CANDIDATES);
    connect();
    call.networkChanged();
    await vi.waitFor(() => expect(sent.at(-1)?.type).toBe('vr_connect'));
    call.onMessage({ type: 'vr_answer', sessionId: call.id, sdp: 'again', requestId: `${call.id}-2` });
    await vi.waitFor(() => expect(peer.answer).toEqual({ type: 'answer', sdp: 'again' }));
    peer.finds('candidate:80');
    await vi.waitFor(() => expect(sent.at(-1)).toMatchObject({ type: 'vr_ice', candidate: 'candidate:80' }));
  });

  it('looks for another way where the old one is interrupted: the same session, by a request of its own', async () => {
    const { call, sent, phases, connect } = await begin();
    call.onMessage({ type: 'vr_answer', sessionId: call.id, sdp: 'yes', requestId: call.id });
    connect();
    pass(20_000);
    peer.becomes('disconnected');
    await vi.waitFor(() => expect(sent.filter(({ type }) => type === 'vr_connect')).toHaveLength(2));
    expect(sent.at(-1)).toEqual({ type: 'vr_connect', transport: 'webrtc', session_id: call.id, request_id: `${call.id}-2`, sdp: 'offered anew 1', sdp_type: 'offer' });
    peer.becomes('connected');
    expect(phases).toEqual(['connected', 'unsteady', 'connected']);
    expect(peer.closed).toBe(false);
  });

  it('takes the answer to its last offer only, and asks again where it was too soon', async () => {
    const { call, sent, phases, connect } = await begin();
    call.onMessage({ type: 'vr_answer', sessionId: call.id, sdp: 'yes', requestId: call.id });
    connect();
    await vi.waitFor(() => expect(peer.answer).not.toBeNull());
    pass(20_000);
    peer.becomes('disconnected');
    await vi.waitFor(() => expect(sent.at(-1)?.request_id).toBe(`${call.id}-2`));
    call.onMessage({ type: 'vr_error', code: 'overloaded', field: 'sdp', sessionId: call.id, requestId: `${call.id}-2` });
    await vi.waitFor(() => expect(peer.signalingState).toBe('stable'));
    expect(phases.at(-1)).toBe('unsteady');
    pass(RESTART_EVERY_MS);
    await vi.waitFor(() => expect(sent.at(-1)?.request_id).toBe(`${call.id}-3`));
    call.onMessage({ type: 'vr_answer', sessionId: call.id, sdp: 'late', requestId: `${call.id}-2` });
    call.onMessage({ type: 'vr_answer', sessionId: call.id, sdp: 'new', requestId: `${call.id}-3` });
    await vi.waitFor(() => expect(peer.answer).toEqual({ type: 'answer', sdp: 'new' }));
  });

  it('looks for another way where nothing comes any more, before the browser says so', async () => {
    const { sent, phases, connect } = await begin();
    connect();
    const count = async (): Promise<void> => {
      pass(1_000);
      await vi.advanceTimersByTimeAsync(0);
    };
    for (let i = 0; i < 5; i += 1) {
      peer.received += 50;
      await count();
    }
    expect(sent).toHaveLength(1);
    for (let i = 0; i < 3; i += 1) await count();
    expect(sent.map(({ type }) => type)).toEqual(['vr_connect', 'vr_connect']);
    expect(phases).toEqual(['connected']);
  });

  it('that was closed says so once, and is silent', async () => {
    const { call, phases, sent, connect } = await begin();
    connect();
    call.close();
    peer.finds('candidate:1');
    call.onMessage({ type: 'vr_response', sessionId: call.id, status: 'ended' });
    expect(phases).toEqual(['connected', 'closed']);
    expect(sent).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
