import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Voice } from '../src/audio/voice.js';
import type { ClientMessage } from '../src/protocol/messages.js';
import type { Mic } from '../src/state/model.js';

vi.mock('../src/audio/capture.js', () => ({
  CAPTURE_RATE_HZ: 16_000,
  Capture: {
    open: async () => ({ sending: false, connectMicrophone: async () => undefined, disconnectMicrophone: () => undefined, close: async () => undefined }),
  },
}));
vi.mock('../src/audio/player.js', () => ({
  PLAY_RATE_HZ: 48_000,
  Player: { open: async () => ({ resume: async () => undefined, restart: () => undefined, flush: () => undefined }) },
}));

const nothing = (): void => undefined;

/** A voice whose server answers when the test says so. */
function setUp() {
  const sent: ClientMessage[] = [];
  const mics: Mic[] = [];
  const faults: string[] = [];
  const voice = new Voice({
    send: (message) => sent.push(message) > 0,
    sendFrame: nothing,
    onMic: (mic) => mics.push(mic),
    onMicLevel: nothing,
    onHerLevel: nothing,
    onPlayout: nothing,
    onBadFrame: nothing,
    onFault: (title) => faults.push(title),
  });
  const starts = () => sent.filter((message) => message.type === 'audio_start');
  /** Waits for that many requests for the stream, and gives the last one's id. */
  const asked = async (times: number): Promise<string> => {
    await vi.waitFor(() => expect(starts()).toHaveLength(times));
    return String(starts().at(-1)?.request_id);
  };
  return { voice, sent, mics, faults, asked };
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
    voice.onRefused('r1');
    voice.onRefused(null);
    expect(mics.at(-1)).toEqual({ kind: 'opening' });
    voice.onRefused(request);
    await starting;
    expect(mics.at(-1)).toEqual({ kind: 'off' });
    expect(faults).toEqual([]);
    const again = voice.start('hands_free');
    expect(await asked(2)).not.toBe(request);
    voice.onReady();
    await again;
    expect(mics.at(-1)).toEqual({ kind: 'on', mode: 'hands_free', held: false });
  });

  it('a refused change of the mode turns it off', async () => {
    const { voice, sent, mics, asked } = setUp();
    const starting = voice.start('hands_free');
    await asked(1);
    voice.onReady();
    await starting;
    const changing = voice.setMode('push_to_talk');
    voice.onRefused(await asked(2));
    await changing;
    expect(mics.at(-1)).toEqual({ kind: 'off' });
    expect(sent.map((message) => message.type)).toEqual(['audio_start', 'audio_stop', 'audio_start']);
  });

  it('is asked for once by two who want it at once', async () => {
    const { voice, asked, sent } = setUp();
    const listening = [voice.listen(), voice.listen()];
    await asked(1);
    voice.onReady();
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
