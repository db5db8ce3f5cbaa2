import { describe, expect, it } from 'vitest';
import { devicesOf, NO_DEVICES, offered, toUse } from '../src/state/devices.js';

const FOUND = [
  { kind: 'audioinput', deviceId: 'default', label: 'Default - Desk microphone' },
  { kind: 'audioinput', deviceId: 'a', label: 'Desk microphone' },
  { kind: 'audioinput', deviceId: 'b', label: 'Headset' },
  { kind: 'videoinput', deviceId: 'c', label: 'Camera' },
  { kind: 'audiooutput', deviceId: 'communications', label: 'Communications - Headset' },
  { kind: 'audiooutput', deviceId: 'd', label: 'Headset' },
];
const HEADSET = { id: 'b', name: 'Headset' };

describe('microphones and speakers', () => {
  it('are listed by name, each once, and cameras are none of either', () => {
    expect(devicesOf(FOUND)).toEqual({
      microphones: [{ id: 'a', name: 'Desk microphone' }, HEADSET],
      speakers: [{ id: 'd', name: 'Headset' }],
      named: true,
    });
  });

  it('are not listed while the browser does not say what they are', () => {
    expect(devicesOf([{ kind: 'audioinput', deviceId: '', label: '' }, { kind: 'audiooutput', deviceId: '', label: '' }])).toEqual(NO_DEVICES);
  });

  it('one that was chosen and is gone stays on its list, and says so', () => {
    expect(offered([HEADSET], 'b')).toEqual([HEADSET]);
    expect(offered([HEADSET], null)).toEqual([HEADSET]);
    expect(offered([HEADSET], 'x')).toEqual([HEADSET, { id: 'x', name: expect.stringContaining('not there') }]);
  });

  it.each([
    [true, null, ''],
    [true, 'b', 'b'],
    [true, 'x', ''],
    // Nobody knows yet: the browser is asked.
    [false, 'x', 'x'],
  ])('named %s, chosen %s: %s is used', (named, chosen, used) => {
    expect(toUse(named ? [HEADSET] : [], named, chosen)).toBe(used);
  });
});
