import { describe, expect, it } from 'vitest';
import { audioLoop, loopMs, type Look } from '../src/rtc/audio-loop.js';
import { layoutLoop } from '../src/ui/loop-meter.js';

/** The browser's counts after `s` seconds of a call. */
function look(s: number, more: Partial<Look> = {}): Look {
  const reports = [
    { id: 'T', type: 'transport', selectedCandidatePairId: 'P' },
    { id: 'Q', type: 'candidate-pair', totalRoundTripTime: 99, responsesReceived: 1 },
    { id: 'P', type: 'candidate-pair', totalRoundTripTime: 0.4 + 0.02 * s, responsesReceived: 10 + s, currentRoundTripTime: 0.5 },
    { id: 'I', type: 'inbound-rtp', jitterBufferDelay: 1 + 48_000 * s * 0.06, jitterBufferEmittedCount: 48_000 * s },
    { id: 'O', type: 'outbound-rtp', totalPacketSendDelay: 0.001 * 50 * s, packetsSent: 50 * s },
    { id: 'M', type: 'media-playout', totalPlayoutDelay: 48_000 * s * 0.03, totalSamplesCount: 48_000 * s },
  ];
  return { reports, outputMs: 12, inputMs: 10, ...more };
}

const named = (loop: ReturnType<typeof audioLoop>): Record<string, number> => Object.fromEntries((loop?.parts ?? []).map(({ name, ms }) => [name, Math.round(ms * 10) / 10]));

describe('the audio loop', () => {
  it('is made of what came between two looks, in the order in which sound passes it', () => {
    const loop = audioLoop(look(5), look(8));
    expect(named(loop)).toEqual({ Microphone: 10, 'Packing (Opus)': 26.5, Sending: 1, 'There and back': 20, 'Jitter buffer': 60, Loudspeaker: 30 });
    expect(loopMs(loop as NonNullable<typeof loop>)).toBeCloseTo(147.5);
  });

  it('says of each part whether it was measured', () => {
    const reckoned = audioLoop(look(5), look(8))?.parts.filter(({ source }) => source === 'reckoned');
    expect(reckoned?.map(({ name }) => name)).toEqual(['Packing (Opus)']);
  });

  it('names what cannot be seen, and guesses at nothing', () => {
    expect(audioLoop(look(5), look(8))?.unseen).toEqual(['Janet’s own jitter buffer and packing']);
    const bare = (s: number): Look => ({ reports: look(s).reports.filter((one) => (one as { type: string }).type === 'inbound-rtp'), outputMs: 0, inputMs: null });
    const loop = audioLoop(bare(5), bare(8));
    expect(Object.keys(named(loop))).toEqual(['Packing (Opus)', 'Jitter buffer']);
    expect(loop?.unseen).toEqual(['Microphone', 'There and back', 'Loudspeaker', 'Janet’s own jitter buffer and packing']);
  });

  it('takes the latest round trip where none was answered meanwhile, and the output’s latency where playout is not counted', () => {
    const old = (s: number): Look => {
      const reports = look(s).reports.filter((one) => (one as { type: string }).type !== 'media-playout').map((one) => ({ ...(one as object), responsesReceived: 10 }));
      return { ...look(s), reports };
    };
    expect(named(audioLoop(old(5), old(8)))).toMatchObject({ 'There and back': 500, Loudspeaker: 12 });
  });

  it('is not there when nothing came', () => {
    expect(audioLoop(look(5), look(5))).toBeNull();
    expect(audioLoop({ ...look(5), reports: [] }, { ...look(5), reports: [7, null] })).toBeNull();
  });

  it('is drawn part after part, within its axis', () => {
    const { lanes, start, end, ticks } = layoutLoop(audioLoop(look(5), look(8)) as NonNullable<ReturnType<typeof audioLoop>>);
    lanes.slice(1).forEach((lane, i) => expect(lane.from).toBe(lanes[i]?.to));
    expect(start).toBe(0);
    expect(lanes.at(-1)?.to).toBeLessThanOrEqual(end);
    expect(ticks.at(-1)).toBe(end);
  });
});
