import { describe, expect, it } from 'vitest';
import { callStats } from '../src/rtc/call-stats.js';

const INBOUND = {
  type: 'inbound-rtp',
  kind: 'audio',
  jitter: 0.004,
  packetsReceived: 950,
  packetsLost: 50,
  totalSamplesReceived: 480_000,
  concealedSamples: 9_600,
  silentConcealedSamples: 4_800,
  totalAudioEnergy: 0.25,
};

describe('what a call is like', () => {
  it('is made of what the browser counted', () => {
    const stats = callStats([
      { type: 'codec', mimeType: 'audio/opus' },
      { type: 'transport', selectedCandidatePairId: 'b' },
      { type: 'candidate-pair', id: 'a', nominated: true, currentRoundTripTime: 9 },
      { type: 'candidate-pair', id: 'b', currentRoundTripTime: 0.0125 },
      INBOUND,
      { type: 'outbound-rtp', kind: 'audio', packetsSent: 700 },
      { type: 'remote-inbound-rtp', kind: 'audio', fractionLost: 0.02, roundTripTime: 8 },
    ]);
    expect(stats).toEqual({
      roundTripMs: 12.5,
      jitterMs: 4,
      lost: 0.05,
      lostUp: 0.02,
      concealed: 0.01,
      samples: 480_000,
      energy: 0.25,
      packetsUp: 700,
      packetsDown: 950,
    });
  });

  it('knows the way in browsers without a transport report', () => {
    const stats = callStats([
      { type: 'candidate-pair', id: 'a', nominated: false, currentRoundTripTime: 9 },
      { type: 'candidate-pair', id: 'b', nominated: true, currentRoundTripTime: 0.003 },
    ]);
    expect(stats.roundTripMs).toBe(3);
  });

  it('says what is not known yet', () => {
    expect(callStats([])).toMatchObject({ roundTripMs: null, jitterMs: null, lost: 0, lostUp: null, concealed: 0, samples: 0 });
  });

  it('takes no loss from packets that came twice', () => {
    expect(callStats([{ ...INBOUND, packetsLost: -3 }]).lost).toBe(0);
  });

  it('takes no numbers from video', () => {
    expect(callStats([{ type: 'inbound-rtp', kind: 'video', packetsReceived: 5 }, INBOUND]).packetsDown).toBe(950);
  });
});
