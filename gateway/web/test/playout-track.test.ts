import { describe, expect, it } from 'vitest';
import { PlayoutTrack } from '../src/audio/playout-track.js';

const RATE = 24_000;

describe('the sample at the ear', () => {
  it('is not known before anything plays', () => {
    const track = new PlayoutTrack(RATE);
    expect(track.heard(1)).toBeNull();
    track.report({ at: 2, sample: 480, playing: true });
    expect(track.heard(1.99)).toBeNull();
    expect(track.heard(2)).toBe(480);
  });

  it('goes on between reports', () => {
    const track = new PlayoutTrack(RATE);
    track.report({ at: 2, sample: 480, playing: true });
    expect(track.heard(2.05)).toBe(480 + 1_200);
  });

  it('is that of a late loudspeaker, over a hole', () => {
    const track = new PlayoutTrack(RATE);
    track.report({ at: 2, sample: 0, playing: true });
    track.report({ at: 2.1, sample: 2_400, playing: false });
    track.report({ at: 2.2, sample: 2_400, playing: true });
    track.report({ at: 2.3, sample: 4_800, playing: true });
    expect(track.heard(2.05)).toBe(1_200);
    expect(track.heard(2.15)).toBeNull();
    expect(track.heard(2.25)).toBe(3_600);
  });

  it('is none when no report comes any more, and after a restart', () => {
    const track = new PlayoutTrack(RATE);
    track.report({ at: 2, sample: 0, playing: true });
    expect(track.heard(2.5)).toBe(12_000);
    expect(track.heard(2.51)).toBeNull();
    track.report({ at: 3, sample: 9, playing: true });
    track.restart();
    expect(track.heard(3)).toBeNull();
  });

  it('keeps to the latest context', () => {
    const track = new PlayoutTrack(RATE);
    track.report({ at: 100, sample: 7, playing: true });
    track.report({ at: 1, sample: 0, playing: true });
    expect(track.heard(1.1)).toBe(2_400);
    expect(track.heard(100)).toBeNull();
  });
});
