import { describe, expect, it } from 'vitest';
import { FaceFeed } from '../src/face/feed.js';
import { VISEMES } from '../src/face/weights.js';
import { parseServerMessage, Unreadable } from '../src/protocol/parse.js';
import type { ServerMessage } from '../src/protocol/messages.js';

const A = VISEMES.indexOf('A');

type FaceMessage = Extract<ServerMessage, { type: 'viseme' | 'tone' | 'gesture' }>;

function parsed(message: unknown): FaceMessage {
  return parseServerMessage(JSON.stringify(message)) as FaceMessage;
}

function refused(message: unknown): string {
  const read = parseServerMessage(JSON.stringify(message));
  return read instanceof Unreadable ? read.reason : 'was taken';
}

describe('what comes for her face', () => {
  it('moves her mouth when its sample is heard, by one frame or by several', () => {
    const feed = new FaceFeed();
    feed.onMessage(parsed({ type: 'viseme', at_sample: 0, weights: [[A, 255]] }));
    feed.onMessage(parsed({ type: 'viseme', frames: [{ at_sample: 800, weights: [[A, 255]] }, { at_sample: 1_600, weights: [[0, 255]] }] }));
    expect(feed.weights(0, 400)[A]).toBeCloseTo(1);
    expect(feed.weights(16, 1_200)[A]).toBeCloseTo(0.5);
    expect(feed.weights(32, 1_600)[A]).toBe(0);
    expect(feed.received).toBe(3);
  });

  it('moves it by the data channel, too, and counts what is no frame', () => {
    const feed = new FaceFeed();
    feed.onFrame(new Uint8Array([0, 0, 0, 0, 1, A, 255]));
    feed.onFrame(new Uint8Array([0, 0, 0, 0, 1, A]));
    feed.onMessage(parsed({ type: 'viseme', at_sample: 0, weights: [[99, 255]] }));
    expect(feed.weights(0, 0)[A]).toBe(1);
    expect(feed.bad).toBe(2);
  });

  it('closes her mouth when she is silent', () => {
    const feed = new FaceFeed();
    feed.onFrame(new Uint8Array([0, 0, 0, 0, 1, A, 255]));
    feed.weights(0, 0);
    expect(feed.weights(35, null)[A]).toBeCloseTo(0.5);
    const later = feed.weights(400, null);
    expect(later[A]).toBeLessThan(0.01);
    expect(later[0]).toBeGreaterThan(0.99);
  });

  it('does cues when they are heard, once, in order, and not after a flush', () => {
    const feed = new FaceFeed();
    feed.onMessage(parsed({ type: 'tone', name: 'happy', intensity: 0.5, at_sample: 100 }));
    feed.onMessage(parsed({ type: 'gesture', name: 'nod', at_sample: 200 }));
    feed.onMessage(parsed({ type: 'gesture', name: 'shake', at_sample: 5_000 }));
    expect(feed.due(99)).toEqual([]);
    expect(feed.due(300)).toEqual([
      { at: 100, kind: 'tone', name: 'happy', intensity: 0.5 },
      { at: 200, kind: 'gesture', name: 'nod' },
    ]);
    expect(feed.due(301)).toEqual([]);
    feed.onMessage({ type: 'tone', name: 'neutral', intensity: 0, atSample: 4_000 });
    feed.flush(4_000);
    // How she is from the place on where she stopped.
    expect(feed.due(6_000)).toMatchObject([{ name: 'neutral' }]);
  });

  it('does cues over the end of 32 bits', () => {
    const feed = new FaceFeed();
    feed.onMessage(parsed({ type: 'gesture', name: 'nod', at_sample: 100 }));
    expect(feed.due(2 ** 32 - 100)).toEqual([]);
    expect(feed.due(2 ** 32 + 100)).toHaveLength(1);
  });

  it('keeps no more cues than it must', () => {
    const feed = new FaceFeed();
    for (let i = 0; i < 1_000; i += 1) feed.onMessage(parsed({ type: 'gesture', name: 'nod', at_sample: i }));
    expect(feed.due(10_000)).toHaveLength(32);
  });

  it('that cannot be read names its field', () => {
    expect(refused({ type: 'viseme', at_sample: -1, weights: [] })).toBe('viseme: bad at_sample');
    expect(refused({ type: 'viseme', at_sample: 0 })).toBe('viseme: bad weights');
    expect(refused({ type: 'viseme', at_sample: 0, weights: [[1]] })).toBe('viseme: bad weights');
    expect(refused({ type: 'viseme', at_sample: 0, weights: [['A', 1]] })).toBe('viseme: bad weights');
    expect(refused({ type: 'viseme', at_sample: 0, weights: new Array(11).fill([1, 1]) })).toBe('viseme: bad weights');
    expect(refused({ type: 'viseme', frames: {} })).toBe('viseme: bad frames');
    expect(refused({ type: 'viseme', frames: [1] })).toBe('viseme: bad frames');
    expect(refused({ type: 'tone', name: 'happy', at_sample: 0 })).toBe('tone: bad intensity');
    expect(refused({ type: 'gesture', at_sample: 0 })).toBe('gesture: bad name');
  });

  it('takes the tone behind her last sample when she falls silent, and no gesture that nobody saw', () => {
    const feed = new FaceFeed();
    feed.onMessage({ type: 'tone', name: 'happy', intensity: 1, atSample: 100 });
    // Before her voice is heard nothing is due.
    expect(feed.due(null)).toEqual([]);
    expect(feed.due(200)).toMatchObject([{ name: 'happy' }]);
    feed.onMessage({ type: 'gesture', name: 'nod', atSample: 900 });
    feed.onMessage({ type: 'tone', name: 'neutral', intensity: 0, atSample: 1_000 });
    feed.onMessage({ type: 'gesture', name: 'tilt', atSample: 96_000 });
    expect(feed.due(null)).toMatchObject([{ name: 'neutral' }]);
    expect(feed.due(null)).toEqual([]);
    // The next answer's stays.
    expect(feed.due(96_000)).toMatchObject([{ name: 'tilt' }]);
  });

  it('is in no tone after samples are counted anew', () => {
    const feed = new FaceFeed();
    feed.onMessage({ type: 'tone', name: 'happy', intensity: 1, atSample: 100 });
    feed.restart();
    expect(feed.due(null)).toMatchObject([{ name: 'neutral' }]);
    expect(feed.due(null)).toEqual([]);
  });

  it('forgets what nobody heard of an answer that is stopped, though the next one counts on from there at once', () => {
    const feed = new FaceFeed();
    feed.onMessage({ type: 'tone', name: 'happy', intensity: 1, atSample: 100 });
    feed.onMessage({ type: 'gesture', name: 'nod', atSample: 200 });
    expect(feed.due(null)).toEqual([]);
    // Over a call no `playout_flush` says where.
    feed.cut('stopped');
    expect(feed.due(null)).toMatchObject([{ name: 'neutral' }]);
    feed.onMessage({ type: 'gesture', name: 'tilt', atSample: 300 });
    expect(feed.due(400)).toMatchObject([{ name: 'tilt' }]);
  });

  it('forgets the gestures of an answer that is held: they are told again', () => {
    const feed = new FaceFeed();
    feed.onMessage({ type: 'gesture', name: 'nod', atSample: 900 });
    feed.onMessage({ type: 'tone', name: 'happy', intensity: 1, atSample: 1_000 });
    expect(feed.due(500)).toEqual([]);
    feed.cut('paused');
    feed.onMessage({ type: 'gesture', name: 'nod', atSample: 900 });
    // A tone may belong to what is still on its way to the ear.
    expect(feed.due(1_000)).toMatchObject([{ name: 'happy' }, { name: 'nod' }]);
  });
});
