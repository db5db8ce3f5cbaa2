import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Heard } from '../src/rtc/heard.js';

let now: number;
let asked: number;
let frames: Array<() => void>;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  [now, asked, frames] = [1_000, 0, []];
  vi.stubGlobal('window', globalThis);
  vi.stubGlobal('requestAnimationFrame', (frame: () => void) => frames.push(frame));
  vi.stubGlobal('cancelAnimationFrame', () => undefined);
  vi.stubGlobal('performance', { now: () => now, timeOrigin: 0 });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A browser that plays one packet of 20 ms after the other, and says since when the last. */
const receiver = {
  getSynchronizationSources: () => {
    asked += 1;
    const at = Math.floor(now / 20) * 20;
    return [{ rtpTimestamp: at * 48, timestamp: at }];
  },
} as unknown as RTCRtpReceiver;

/** Pictures come every so many ms, and in each somebody asks before or after they were looked at. */
function picture(everyMs: number): void {
  now += everyMs;
  vi.advanceTimersByTime(everyMs);
  frames.splice(0).forEach((frame) => frame());
}

describe('what is heard over a call', () => {
  it('is known where pictures are slow to draw', () => {
    const heard = new Heard(receiver, () => 0, () => undefined);
    heard.onClock(0, 0);
    heard.onSpeaking('started');
    for (let i = 0; i < 20; i += 1) picture(90);
    // A picture's own look comes after what draws it has asked.
    now += 90;
    expect(Math.abs((heard.sampleAt(now) ?? NaN) - now * 48)).toBeLessThan(48);
    heard.close();
  });

  it('is what the browser played before it took its way to the ear', () => {
    const heard = new Heard(receiver, () => 35, () => undefined);
    heard.onClock(0, 0);
    heard.onSpeaking('started');
    for (let i = 0; i < 60; i += 1) picture(20);
    expect(Math.abs((heard.sampleAt(now) ?? NaN) - (now - 35) * 48)).toBeLessThan(48);
    heard.close();
  });

  it('asks the browser once for whoever asks in the same picture', () => {
    const heard = new Heard(receiver, () => 0, () => undefined);
    heard.onClock(0, 0);
    heard.onSpeaking('started');
    picture(20);
    asked = 0;
    for (let i = 0; i < 5; i += 1) heard.sampleAt(now);
    expect(asked).toBe(0);
    now += 17;
    for (let i = 0; i < 5; i += 1) heard.sampleAt(now);
    expect(asked).toBe(1);
    heard.close();
  });
});
