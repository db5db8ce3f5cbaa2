import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MicError } from '../src/audio/microphone.js';
import type { ClientMessage, ServerMessage } from '../src/protocol/messages.js';
import { KEPT_MS, Phone } from '../src/phone/phone.js';
import { RESTART_EVERY_MS } from '../src/rtc/call-state.js';
import { LONGER_MS, WAITS_MS, type PhoneState } from '../src/phone/phone-state.js';

/** What the browser gives: how the microphone goes, and what the media is told. */
const browser = vi.hoisted(() => ({
  microphone: async (): Promise<boolean> => true,
  captures: [] as Array<{ closed: boolean }>,
  media: [] as Array<{ carried: unknown[]; closed: boolean; agreed: boolean }>,
  rings: false,
}));

vi.mock('../src/audio/capture.js', () => ({
  Capture: {
    open: async () => {
      const capture = {
        closed: false,
        standIn: 'silence',
        microphone: 'microphone',
        outputLatencyMs: 0,
        connectMicrophone: () => browser.microphone(),
        disconnectMicrophone: () => undefined,
        measure: () => undefined,
        close: async () => void (capture.closed = true),
      };
      browser.captures.push(capture);
      return capture;
    },
  },
}));
vi.mock('../src/rtc/media.js', () => ({
  Media: class {
    carried: unknown[] = [];
    closed = false;
    agreed = false;
    constructor() {
      browser.media.push(this);
    }
    answer = async (offer: string, track: unknown): Promise<string> => {
      if (offer === 'bad') throw new Error('no');
      this.carried.push(track);
      return `answer to ${offer}`;
    };
    isFromFarEnd = (offer: string): boolean => offer !== 'of a stranger';
    renew = async (offer: string): Promise<string> => `answer to ${offer}`;
    agree = (): void => void (this.agreed = true);
    carry = async (track: unknown): Promise<void> => {
      if (this.carried.at(-1) !== track) this.carried.push(track);
    };
    watch = (): void => undefined;
    addCandidate = (): void => undefined;
    onSpeaking = (): void => undefined;
    close = (): void => void (this.closed = true);
  },
}));
vi.mock('../src/rtc/remote-sound.js', () => ({
  RemoteSound: class {
    play = async (): Promise<void> => undefined;
    stop = (): void => undefined;
    setSpeaker = async (): Promise<void> => undefined;
  },
}));
vi.mock('../src/phone/ringer.js', () => ({
  Ringer: class {
    start = async (): Promise<void> => void (browser.rings = true);
    stop = (): void => void (browser.rings = false);
    setSpeaker = async (): Promise<void> => undefined;
  },
}));

let now = 0;

beforeEach(() => {
  browser.microphone = async () => true;
  browser.captures.length = browser.media.length = 0;
  browser.rings = false;
  now = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  vi.stubGlobal('window', globalThis);
  vi.stubGlobal('performance', { now: () => now });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function setUp({ online = true } = {}) {
  const link = { online };
  const sent: ClientMessage[] = [];
  const states: Array<PhoneState['state']> = [];
  let latest: PhoneState = { state: 'idle' };
  const freeVoice = vi.fn(async () => undefined);
  const phone = new Phone({
    send: (message) => link.online && sent.push(message) > 0,
    onPhone: (state) => {
      latest = state;
      if (states.at(-1) !== state.state) states.push(state.state);
    },
    onRingSilent: () => undefined,
    freeVoice,
    onMicLevel: () => undefined,
    onHerLevel: () => undefined,
    onStats: () => undefined,
    onHeard: () => undefined,
    onFace: () => undefined,
    onDeviceLost: () => undefined,
      iceServers: () => [],
  });
  const id = (): string => (latest.state === 'idle' ? '' : latest.who.id);
  const tell = (message: Record<string, unknown>): void => phone.onMessage({ callId: id(), ...message } as unknown as ServerMessage);
  /** As far as voice flows. */
  const connect = async (): Promise<void> => {
    tell({ type: 'voip_offer', sdp: 'offer' });
    await vi.waitFor(() => expect(sent.at(-1)?.type).toBe('voip_answer'));
    tell({ type: 'voip_connected' });
  };
  return { phone, link, sent, states, freeVoice, id, tell, connect, end: () => (latest.state === 'ended' ? latest.end : null) };
}

const types = (sent: ClientMessage[]): string[] => sent.map(({ type }) => type);

describe('the telephone', () => {
  it('frees the microphone, opens it, asks, answers the offer, and carries voice once that flows', async () => {
    const { phone, sent, states, freeVoice, id, connect } = setUp();
    await phone.call();
    expect(freeVoice).toHaveBeenCalledOnce();
    expect(sent[0]).toMatchObject({ type: 'voip_call', call_id: id(), direction: 'outgoing', device_info: { platform: 'browser' } });
    await connect();
    expect(sent[1]).toMatchObject({ type: 'voip_answer', call_id: id(), sdp: 'answer to offer' });
    expect(states).toEqual(['connecting', 'connected']);
    expect(browser.media[0]).toMatchObject({ agreed: true, carried: ['silence', 'microphone'] });
  });

  it('carries silence from the moment that hold is asked for until the call goes on', async () => {
    const { phone, sent, tell, connect } = setUp();
    await phone.call();
    await connect();
    const carried = (): unknown => browser.media[0]?.carried.at(-1);
    phone.hold(true);
    expect(sent.at(-1)).toMatchObject({ type: 'voip_hold', on: true });
    expect(carried()).toBe('silence');
    tell({ type: 'voip_state', state: 'on_hold' });
    phone.hold(false);
    expect(carried()).toBe('silence');
    tell({ type: 'voip_state', state: 'connected' });
    expect(carried()).toBe('microphone');
    phone.mute(true);
    expect(carried()).toBe('silence');
    phone.mute(false);
    expect(carried()).toBe('microphone');
  });

  it('lets everything go when it is hung up', async () => {
    const { phone, sent, states, connect } = setUp();
    await phone.call();
    await connect();
    phone.hangUp();
    expect(sent.at(-1)?.type).toBe('voip_end');
    expect(states.at(-1)).toBe('ended');
    expect(browser.media[0]?.closed && browser.captures[0]?.closed).toBe(true);
  });

  it('rings until it is answered, and answers that very call', async () => {
    const { phone, sent, tell } = setUp();
    tell({ type: 'voip_incoming', callId: 'r1', caller: 'Kitchen' });
    expect(browser.rings).toBe(true);
    await phone.accept();
    expect(browser.rings).toBe(false);
    expect(sent).toMatchObject([{ type: 'voip_call', call_id: 'r1', direction: 'incoming' }]);
  });

  it('declines without touching the microphone', () => {
    const { phone, sent, tell } = setUp();
    tell({ type: 'voip_incoming', callId: 'r1', caller: 'Kitchen' });
    phone.hangUp();
    expect(browser.rings).toBe(false);
    expect(sent).toMatchObject([{ type: 'voip_end', call_id: 'r1' }]);
    expect(browser.captures).toHaveLength(0);
  });

  it('without a microphone asks for no call, and declines one that was to be answered', async () => {
    browser.microphone = async () => Promise.reject(new MicError('denied'));
    const { phone, sent, tell, end } = setUp();
    await phone.call();
    expect(end()).toEqual({ why: 'no_microphone', trouble: 'denied' });
    expect(sent).toEqual([]);
    tell({ type: 'voip_incoming', callId: 'r1', caller: 'Kitchen' });
    await phone.accept();
    expect(sent).toMatchObject([{ type: 'voip_end', call_id: 'r1' }]);
    expect(browser.captures.every(({ closed }) => closed)).toBe(true);
  });

  it('hung up while the browser asks for the microphone calls nobody, and lets the microphone go', async () => {
    let allow: (there: boolean) => void = () => undefined;
    browser.microphone = () => new Promise((resolve) => (allow = resolve));
    const { phone, sent } = setUp();
    const calling = phone.call();
    await vi.waitFor(() => expect(browser.captures).toHaveLength(1));
    await Promise.resolve();
    phone.hangUp();
    allow(true);
    await calling;
    expect(sent).toEqual([]);
    expect(browser.captures[0]?.closed).toBe(true);
  });

  it.each([['overloaded'], ['busy']])('tells the server to forget a call that it refused as %s', async (code) => {
    const { phone, sent, tell, id, end } = setUp();
    await phone.call();
    tell({ type: 'voip_error', code, message: 'no', field: null, requestId: id() });
    expect(end()).toMatchObject({ why: 'refused', code });
    expect(types(sent)).toEqual(['voip_call', 'voip_end']);
    // That it knows nothing of it is no news.
    tell({ type: 'voip_error', code: 'unknown_call', message: 'no', field: 'call_id', requestId: null });
    expect(types(sent)).toEqual(['voip_call', 'voip_end']);
  });

  it('ends a call that the browser cannot set up', async () => {
    const { phone, sent, tell, end } = setUp();
    await phone.call();
    tell({ type: 'voip_offer', sdp: 'bad' });
    await vi.waitFor(() => expect(end()).toEqual({ why: 'no_media' }));
    expect(types(sent)).toEqual(['voip_call', 'voip_end']);
    expect(browser.media[0]?.closed).toBe(true);
  });

  it('gives up a server that says nothing, and tells it so', async () => {
    const { phone, sent, end } = setUp();
    await phone.call();
    now += WAITS_MS.connecting + LONGER_MS;
    vi.advanceTimersByTime(WAITS_MS.connecting + LONGER_MS);
    expect(end()).toMatchObject({ why: 'timed_out' });
    expect(types(sent)).toEqual(['voip_call', 'voip_end']);
  });

  it('knows that without a connection there is no call', async () => {
    const { phone, end } = setUp({ online: false });
    await phone.call();
    expect(end()).toMatchObject({ why: 'client_gone' });
    expect(browser.captures[0]?.closed).toBe(true);
  });

  it('asks for another way where the network has changed, by the call’s own name, and answers what is offered', async () => {
    const { phone, sent, states, id, tell, connect } = setUp();
    await phone.call();
    phone.onNetworkChanged();
    expect(types(sent)).toEqual(['voip_call']);
    await connect();
    phone.onNetworkChanged();
    phone.onNetworkChanged();
    expect(types(sent)).toEqual(['voip_call', 'voip_answer', 'voip_call']);
    expect(sent.at(-1)).toMatchObject({ call_id: id(), direction: 'outgoing' });
    tell({ type: 'voip_offer', sdp: 'another' });
    await vi.waitFor(() => expect(sent.at(-1)).toMatchObject({ type: 'voip_answer', call_id: id(), sdp: 'answer to another' }));
    tell({ type: 'voip_connected' });
    expect(states).toEqual(['connecting', 'connected']);
    expect(browser.media).toHaveLength(1);
    now += RESTART_EVERY_MS;
    phone.onNetworkChanged();
    expect(types(sent).slice(4)).toEqual(['voip_call']);
    // A server that has no other way says so, and the call is as it was.
    tell({ type: 'voip_error', code: 'busy', message: 'no', field: null, requestId: null });
    expect(states.at(-1)).toBe('connected');
  });

  it('goes on with the call when a lost connection is back, by the call’s own name', async () => {
    const { phone, link, sent, states, id, tell, connect } = setUp();
    await phone.call();
    await connect();
    link.online = false;
    phone.onLost();
    // While nobody can be told of it nothing is put on hold.
    phone.hold(true);
    expect(states.at(-1)).toBe('connected');
    now += KEPT_MS - 1;
    vi.advanceTimersByTime(KEPT_MS - 1);
    link.online = true;
    phone.onConnected();
    expect(sent.at(-1)).toMatchObject({ type: 'voip_call', call_id: id() });
    tell({ type: 'voip_offer', sdp: 'another' });
    await vi.waitFor(() => expect(sent.at(-1)).toMatchObject({ type: 'voip_answer', sdp: 'answer to another' }));
    vi.advanceTimersByTime(KEPT_MS);
    expect(states).toEqual(['connecting', 'connected']);
    expect(browser.media).toHaveLength(1);
    expect(browser.media[0]?.closed).toBe(false);
  });

  it('goes on with a new call of that name where the server knows the old one no more', async () => {
    const { phone, sent, states, tell, connect, end } = setUp();
    await phone.call();
    await connect();
    phone.onLost();
    phone.onConnected();
    tell({ type: 'voip_offer', sdp: 'of a stranger' });
    await vi.waitFor(() => expect(sent.at(-1)).toMatchObject({ type: 'voip_answer', sdp: 'answer to of a stranger' }));
    expect(browser.media.map(({ closed }) => closed)).toEqual([true, false]);
    expect(states).toEqual(['connecting', 'connected']);
    tell({ type: 'voip_state', state: 'on_hold' });
    tell({ type: 'voip_offer', sdp: 'of a stranger' });
    expect(end()).toMatchObject({ why: 'client_gone' });
    expect(sent.at(-1)?.type).toBe('voip_end');
  });

  it('gives a call up when the connection does not come back, and tells the server once it does', async () => {
    const { phone, link, sent, id, connect, end } = setUp();
    await phone.call();
    await connect();
    const call = id();
    link.online = false;
    phone.onLost();
    phone.onLost();
    now += KEPT_MS;
    vi.advanceTimersByTime(KEPT_MS);
    expect(end()).toMatchObject({ why: 'client_gone', durationMs: KEPT_MS });
    expect(browser.media[0]?.closed).toBe(true);
    link.online = true;
    phone.onConnected();
    phone.onConnected();
    expect(types(sent)).toEqual(['voip_call', 'voip_answer', 'voip_end']);
    expect(sent.at(-1)).toMatchObject({ call_id: call });
  });

  it('tells the server later of a call that was hung up without a connection', async () => {
    const { phone, link, sent, id, connect } = setUp();
    await phone.call();
    await connect();
    const call = id();
    link.online = false;
    phone.onLost();
    phone.hangUp();
    link.online = true;
    phone.onConnected();
    expect(types(sent)).toEqual(['voip_call', 'voip_answer', 'voip_end']);
    expect(sent.at(-1)).toMatchObject({ call_id: call });
  });

  it('takes her ring in place of a call that crosses with it', async () => {
    const { phone, sent, states, tell } = setUp();
    await phone.call();
    tell({ type: 'voip_incoming', callId: 'r1', caller: 'Kitchen' });
    expect(states.at(-1)).toBe('ringing');
    expect(browser.captures[0]?.closed).toBe(true);
    await phone.accept();
    expect(sent.at(-1)).toMatchObject({ type: 'voip_call', call_id: 'r1', direction: 'incoming' });
  });
});
