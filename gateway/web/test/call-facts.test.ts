import { describe, expect, it } from 'vitest';
import { callFacts } from '../src/state/call-facts.js';
import { activity, detail } from '../src/state/activity.js';
import { initialState, type State } from '../src/state/model.js';
import { reduce } from '../src/state/reduce.js';

const STATS = { roundTripMs: 12.6, jitterMs: 3.2, lost: 0.004, lostUp: null, concealed: 0.12, samples: 1, energy: 1, packetsUp: 1, packetsDown: 1 };
const LISTENING: State = { ...initialState, link: { kind: 'open' }, status: 'ready', mic: { kind: 'on', mode: 'hands_free', held: false } };

describe('the way that voice takes', () => {
  it('over WebRTC is told with what it is like', () => {
    expect(callFacts({ way: 'call', callStats: STATS })).toEqual([
      ['Transport', 'WebRTC'],
      ['Round trip', '13 ms'],
      ['Jitter', '3 ms'],
      ['Packets lost', '0.4 %'],
      ['Concealed sound', '12 %'],
    ]);
    expect(callFacts({ way: 'call', callStats: { ...STATS, roundTripMs: null, lost: 0, lostUp: 0.02 } })).toContainEqual(['Packets lost', '0 % of hers, 2.0 % of yours']);
    expect(callFacts({ way: 'call', callStats: { ...STATS, roundTripMs: null } })).toContainEqual(['Round trip', 'not measured yet']);
    expect(callFacts({ way: 'call', callStats: null })).toEqual([['Transport', 'WebRTC']]);
  });

  it('over the WebSocket instead is told in passing', () => {
    expect(callFacts({ way: 'socket_instead', callStats: null })[0]?.[1]).toMatch(/^WebSocket, because/);
    expect(activity(LISTENING)).toBe('listening');
    expect(detail({ ...LISTENING, way: 'socket' })).not.toContain('WebSocket');
    expect(detail({ ...LISTENING, way: 'socket_instead' })).toContain('WebSocket');
    expect(detail({ ...LISTENING, way: 'socket_instead', her: 'speaking' })).not.toContain('WebSocket');
  });

  it('with the call go its numbers', () => {
    const called = reduce(reduce(initialState, { type: 'way', way: 'call' }), { type: 'call_stats', stats: STATS });
    expect(called.callStats).toBe(STATS);
    expect(reduce(called, { type: 'way', way: 'none' })).toMatchObject({ way: 'none', callStats: null });
  });
});
