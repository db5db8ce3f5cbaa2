import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Voice } from '../src/audio/voice.js';
import type { ClientMessage, ServerMessage } from '../src/protocol/messages.js';
import { HUNG_UP } from '../src/protocol/requests.js';
import type { CallEvents } from '../src/rtc/call.js';
import type { Phase } from '../src/rtc/call-state.js';
import type { Mic, Way } from '../src/state/model.js';

/** The calls that the voice made, in order; each goes as the test says. */
const calls = vi.hoisted(() => [] as Array<{ phase: Phase; carried: unknown[]; closed: boolean; becomes(phase: Phase): void }>);
/** The microphones that there are besides the system's, and what is told when the present one ends. */
const devices = vi.hoisted(() => ({ there: new Set<string>(), opened: [] as string[], onEnded: () => undefined as void }));

vi.mock('../src/rtc/call.js', () => ({
  Call: class {
    phase: Phase = 'connecting';
    closed = false;
    carried: unknown[];
    constructor(
      track: unknown,
      private readonly events: CallEvents,
    ) {
      this.carried = [track];
      calls.push(this);
    }
    begin = async (): Promise<void> => void this.events.send({ type: 'vr_connect' });
    carry = async (track: unknown): Promise<void> => {
      if (this.carried.at(-1) !== track) this.carried.push(track);
    };
    onMessage = nothing;
    onSpeaking = nothing;
    close = (): void => {
      this.closed = true;
      if (this.phase !== 'failed' && this.phase !== 'dropped') this.becomes('closed');
    };
    becomes = (phase: Phase): void => {
      this.phase = phase;
      this.events.onPhase(phase);
    };
  },
}));

vi.mock('../src/audio/capture.js', () => ({
  CAPTURE_RATE_HZ: 16_000,
  Capture: {
    open: async ({ onEnded }: { onEnded: () => void }) => {
      devices.onEnded = onEnded;
      return {
        sending: false,
        standIn: 'silence',
        microphone: 'microphone',
        hasMicrophone: true,
        measure: nothing,
        connectMicrophone: async (id: string) => {
          devices.opened.push(id);
          return id === '' || devices.there.has(id);
        },
        disconnectMicrophone: nothing,
        close: async () => undefined,
      };
    },
  },
}));
vi.mock('../src/audio/player.js', () => ({
  PLAY_RATE_HZ: 48_000,
  Player: { open: async () => ({ resume: async () => undefined, restart: nothing, flush: nothing, place: nothing, setSpeaker: async () => true }) },
}));

function nothing(): void {}

const ON: Mic = { kind: 'on', mode: 'hands_free', held: false };
const READY: ServerMessage = { type: 'audio_ready', playRateHz: 48_000 };

function refusal(requestId: string | null): ServerMessage {
  return { type: 'error', code: 'overloaded', message: 'no', field: null, requestId };
}

/** A voice whose server answers when the test says so. */
function setUp({ mayCall = false } = {}) {
  calls.length = 0;
  devices.opened.length = 0;
  devices.there.clear();
  const ways: Way[] = [];
  const lost: string[] = [];
  const onSilence = vi.fn();
  const sent: ClientMessage[] = [];
  const mics: Mic[] = [];
  const faults: string[] = [];
  const voice = new Voice({
    send: (message) => sent.push(message) > 0,
    sendFrame: nothing,
    mayCall: () => mayCall,
    iceServers: () => [],
    onMic: (mic) => mics.push(mic),
    onWay: (way) => ways.push(way),
    onMicLevel: nothing,
    onHerLevel: nothing,
    onPlayout: nothing,
    onCallStats: nothing,
    onHeard: nothing,
    onFace: nothing,
    onSilence,
    onDeviceLost: (kind) => lost.push(kind),
    onBadFrame: nothing,
    onFault: (title) => faults.push(title),
  });
  const starts = () => sent.filter((message) => message.type === 'audio_start');
  /** Waits for that many requests for the stream, and gives the last one's id. */
  const asked = async (times: number): Promise<string> => {
    await vi.waitFor(() => expect(starts()).toHaveLength(times));
    return String(starts().at(-1)?.request_id);
  };
  /** Waits for that many calls, and gives the last one. */
  const called = async (times: number) => {
    await vi.waitFor(() => expect(calls).toHaveLength(times));
    return calls[times - 1] as (typeof calls)[number];
  };
  return { voice, sent, mics, faults, ways, lost, onSilence, asked, called };
}

describe('the voice stream', () => {
  beforeEach(() => {
    // Nobody waits until the server has been silent for too long.
    vi.stubGlobal('window', { setTimeout: () => 0 });
  });

  it('a refusal turns the microphone off at once, and the server’s error is the only one', async () => {
    const { voice, mics, faults, asked } = setUp();
    const starting = voice.start('hands_free');
    const request = await asked(1);
    voice.onMessage(refusal('r1'));
    voice.onMessage(refusal(null));
    expect(mics.at(-1)).toEqual({ kind: 'opening', granted: true });
    voice.onMessage(refusal(request));
    await starting;
    expect(mics.at(-1)).toEqual({ kind: 'off' });
    expect(faults).toEqual([]);
    const again = voice.start('hands_free');
    expect(await asked(2)).not.toBe(request);
    voice.onMessage(READY);
    await again;
    expect(mics.at(-1)).toEqual(ON);
  });

  it('a refused change of the mode turns it off', async () => {
    const { voice, sent, mics, asked } = setUp();
    const starting = voice.start('hands_free');
    await asked(1);
    voice.onMessage(READY);
    await starting;
    const changing = voice.setMode('push_to_talk');
    voice.onMessage(refusal(await asked(2)));
    await changing;
    expect(mics.at(-1)).toEqual({ kind: 'off' });
    expect(sent.map((message) => message.type)).toEqual(['audio_start', 'audio_stop', 'audio_start']);
  });

  it('is asked for once by two who want it at once', async () => {
    const { voice, asked, sent } = setUp();
    const listening = [voice.listen(), voice.listen()];
    await asked(1);
    voice.onMessage(READY);
    expect(await Promise.all(listening)).toEqual([true, true]);
    expect(sent).toHaveLength(1);
  });

  it('that is not opened because the connection was lost says so', async () => {
    const { voice, faults, asked } = setUp();
    const listening = voice.listen();
    await asked(1);
    voice.onLost();
    expect(await listening).toBe(false);
    expect(faults).toEqual(['Janet did not open the voice stream.']);
  });
});

describe('voice over a call', () => {
  beforeEach(() => {
    vi.stubGlobal('window', { setTimeout: () => 0 });
  });

  /** The microphone is on, over a call. */
  async function talking() {
    const all = setUp({ mayCall: true });
    const starting = all.voice.start('hands_free');
    const call = await all.called(1);
    call.becomes('connected');
    await starting;
    return { ...all, call };
  }

  const types = (sent: ClientMessage[]) => sent.map((message) => message.type);

  it('is what hands-free takes where it may, with no frame and no stream beside it', async () => {
    const { sent, mics, ways, call, voice } = await talking();
    expect(mics.at(-1)).toEqual(ON);
    expect(ways).toEqual(['call']);
    expect(types(sent)).toEqual(['vr_connect']);
    expect(voice.streaming).toBe(true);
    expect(call.carried).toEqual(['microphone']);
  });

  it('carries silence once the microphone is off, and ends with the stream', async () => {
    const { sent, mics, ways, call, voice } = await talking();
    voice.stop();
    expect(call.carried.at(-1)).toBe('silence');
    expect(voice.lingering).toBe(true);
    await voice.close();
    expect(call.closed).toBe(true);
    expect(sent.at(-1)).toEqual({ type: 'audio_stop', request_id: HUNG_UP });
    expect(ways.at(-1)).toBe('none');
    expect(mics.at(-1)).toEqual({ kind: 'off' });
  });

  it('that does not come about leaves the microphone on, over the WebSocket, for as long as the connection', async () => {
    const { voice, asked, called, mics, ways, faults, sent } = setUp({ mayCall: true });
    const starting = voice.start('hands_free');
    (await called(1)).becomes('failed');
    await asked(1);
    voice.onMessage(READY);
    await starting;
    expect(mics.at(-1)).toEqual(ON);
    expect(ways).toEqual(['socket_instead']);
    expect(types(sent)).toEqual(['vr_connect', 'audio_stop', 'audio_start']);
    expect(faults).toEqual([]);
    await voice.close();
    const again = voice.start('hands_free');
    await asked(2);
    voice.onMessage(READY);
    await again;
    expect(calls).toHaveLength(1);
    // Another connection, another try.
    voice.onLost();
    const back = voice.onConnected();
    (await called(2)).becomes('connected');
    await back;
    expect(ways.at(-1)).toBe('call');
    expect(mics.at(-1)).toEqual(ON);
  });

  it('that was dropped is set up anew, and the microphone stays on', async () => {
    const { called, mics, ways, call, sent } = await talking();
    call.becomes('dropped');
    (await called(2)).becomes('connected');
    await vi.waitFor(() => expect(ways).toEqual(['call', 'none', 'call']));
    const kinds = mics.map(({ kind }) => kind);
    expect(kinds.slice(kinds.indexOf('on'))).not.toContain('off');
    expect(types(sent)).toEqual(['vr_connect', 'audio_stop', 'vr_connect']);
  });

  it('that broke at once is followed by the WebSocket', async () => {
    const { voice, asked, mics, ways, call } = await talking();
    call.becomes('failed');
    await asked(1);
    voice.onMessage(READY);
    await vi.waitFor(() => expect(ways.at(-1)).toBe('socket_instead'));
    expect(mics.at(-1)).toEqual(ON);
    expect(calls).toHaveLength(1);
  });

  it('in whose place nothing comes either is a sign that the connection is dead: the microphone waits for another one', async () => {
    const { asked, mics, faults, onSilence, call } = await talking();
    const timeouts: Array<() => void> = [];
    vi.stubGlobal('window', { setTimeout: (late: () => void) => timeouts.push(late) });
    call.becomes('failed');
    await asked(1);
    timeouts.forEach((late) => late());
    await vi.waitFor(() => expect(onSilence).toHaveBeenCalledOnce());
    expect(mics.at(-1)).toEqual(ON);
    expect(faults).toEqual([]);
  });

  it('goes with the connection, and comes back with it', async () => {
    const { voice, called, mics, ways, call, faults } = await talking();
    voice.onLost();
    expect(call.closed).toBe(true);
    expect(mics.at(-1)).toEqual(ON);
    const back = voice.onConnected();
    const second = await called(2);
    // Lost once more, in mid-set-up: the microphone stays on all the same.
    voice.onLost();
    await back;
    expect(second.closed).toBe(true);
    expect(mics.at(-1)).toEqual(ON);
    expect(faults).toEqual([]);
    const again = voice.onConnected();
    (await called(3)).becomes('connected');
    await again;
    expect(ways.at(-1)).toBe('call');
    expect(mics.at(-1)).toEqual(ON);
  });

  it('is not for push-to-talk: changing the mode changes the way, there and back', async () => {
    const { voice, asked, called, mics, ways, call, sent } = await talking();
    const changing = voice.setMode('push_to_talk');
    await asked(1);
    voice.onMessage(READY);
    await changing;
    expect(call.closed).toBe(true);
    expect(mics.at(-1)).toEqual({ kind: 'on', mode: 'push_to_talk', held: false });
    const back = voice.setMode('hands_free');
    (await called(2)).becomes('connected');
    await back;
    expect(ways).toEqual(['call', 'none', 'socket', 'none', 'call']);
    expect(types(sent)).toEqual(['vr_connect', 'audio_stop', 'audio_start', 'audio_stop', 'vr_connect']);
  });

  it('a microphone that is lost is replaced by the system’s, and the chosen one is asked for first', async () => {
    const { voice, mics, lost } = await talking();
    devices.there.add('headset');
    await voice.setDevices('headset', '', true);
    expect(devices.opened).toEqual(['', 'headset']);
    expect(lost).toEqual([]);
    devices.there.clear();
    devices.onEnded();
    await vi.waitFor(() => expect(lost).toEqual(['microphone']));
    expect(mics.at(-1)).toEqual(ON);
  });
});
