import { describe, expect, it } from 'vitest';
import { PlayoutDelay } from '../src/rtc/playout-delay.js';

const counted = (totalPlayoutDelay: number, totalSamplesCount: number, id = 'AP') => [{ type: 'inbound-rtp' }, { type: 'media-playout', id, totalPlayoutDelay, totalSamplesCount }];

describe('the way from the browser to the loudspeaker', () => {
  it('takes what the browser counts', () => {
    const delay = new PlayoutDelay();
    expect(delay.ms).toBeNull();
    delay.look(counted(1440, 48_000));
    expect(delay.ms).toBeCloseTo(30);
  });

  it('is that of the last second, not of all', () => {
    const delay = new PlayoutDelay();
    delay.look(counted(1_440, 48_000));
    // A loudspeaker over the air, a fifth of a second away.
    delay.look(counted(1_440 + 9_600, 96_000));
    expect(delay.ms).toBeCloseTo(200);
    // Nothing was played since: as before.
    delay.look(counted(1_440 + 9_600, 96_000));
    expect(delay.ms).toBeCloseTo(200);
  });

  it.each([
    ['another loudspeaker', counted(480, 48_000, 'other')],
    ['a count that begins anew', counted(480, 24_000)],
  ])('is not mixed with what was before %s', (_, reports) => {
    const delay = new PlayoutDelay();
    delay.look(counted(9_600, 48_000));
    delay.look(reports);
    expect(delay.ms).toBeCloseTo(reports.some((one) => 'id' in one && one.id === 'other') ? 10 : 20);
  });

  it.each([[[]], [[{ type: 'media-playout' }]], [[null, 7]]])('is not known where nobody counts: %j', (reports) => {
    const delay = new PlayoutDelay();
    delay.look(counted(1_440, 48_000));
    delay.look(reports);
    expect(delay.ms).toBeNull();
  });
});
