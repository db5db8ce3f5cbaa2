import { describe, expect, it } from 'vitest';
import { begun, CONNECT_WITHIN_MS, dueAt, STEADY_AFTER_MS, step, UNSTEADY_MS, type CallEvent, type CallState } from '../src/rtc/call-state.js';

const CONNECTED: CallEvent[] = [
  { type: 'peer', state: 'connecting' },
  { type: 'peer', state: 'connected' },
  { type: 'server', status: 'connected' },
];

/** What `events` make of a call that was begun at 0; each event comes at its time. */
function after(...events: Array<[number, CallEvent]>): CallState {
  return events.reduce((state, [now, event]) => step(state, event, now), begun(0));
}

function connectedAt(now: number): CallState {
  return after(...CONNECTED.map((event): [number, CallEvent] => [now, event]));
}

describe('a call', () => {
  it('is there when both ends say so, in either order', () => {
    expect(after([10, { type: 'peer', state: 'connected' }]).phase).toBe('connecting');
    expect(after([10, { type: 'server', status: 'connected' }]).phase).toBe('connecting');
    expect(connectedAt(10)).toMatchObject({ phase: 'connected', connectedAt: 10 });
    expect(after([10, { type: 'server', status: 'connected' }], [30, { type: 'peer', state: 'connected' }])).toMatchObject({ phase: 'connected', connectedAt: 30 });
  });

  it('that does not come about in time has failed, not a moment before', () => {
    const state = after([10, { type: 'server', status: 'connected' }]);
    expect(dueAt(state)).toBe(CONNECT_WITHIN_MS);
    expect(step(state, { type: 'time' }, CONNECT_WITHIN_MS - 1)).toBe(state);
    expect(step(state, { type: 'time' }, CONNECT_WITHIN_MS).phase).toBe('failed');
  });

  it.each<CallEvent>([{ type: 'refused' }, { type: 'broken' }, { type: 'server', status: 'ended' }, { type: 'peer', state: 'failed' }])(
    'that is being set up fails by %o',
    (event) => {
      expect(after([10, event]).phase).toBe('failed');
    },
  );

  it('that is interrupted may come back', () => {
    const unsteady = step(connectedAt(0), { type: 'peer', state: 'disconnected' }, 20_000);
    expect(unsteady.phase).toBe('unsteady');
    expect(dueAt(unsteady)).toBe(20_000 + UNSTEADY_MS);
    const back = step(unsteady, { type: 'peer', state: 'connected' }, 21_000);
    expect(back).toMatchObject({ phase: 'connected', connectedAt: 0 });
    expect(dueAt(back)).toBeNull();
  });

  it('that stays interrupted is dropped, and can be made anew', () => {
    const unsteady = step(connectedAt(0), { type: 'peer', state: 'disconnected' }, 20_000);
    expect(step(unsteady, { type: 'time' }, 20_000 + UNSTEADY_MS).phase).toBe('dropped');
    expect(step(connectedAt(0), { type: 'server', status: 'ended' }, STEADY_AFTER_MS).phase).toBe('dropped');
  });

  it('that breaks soon after it began counts as none', () => {
    expect(step(connectedAt(0), { type: 'peer', state: 'failed' }, STEADY_AFTER_MS - 1).phase).toBe('failed');
    const unsteady = step(connectedAt(0), { type: 'peer', state: 'disconnected' }, STEADY_AFTER_MS - 1);
    expect(step(unsteady, { type: 'time' }, STEADY_AFTER_MS + UNSTEADY_MS).phase).toBe('failed');
  });

  it('that is over stays so', () => {
    const closed = step(connectedAt(0), { type: 'closed' }, 5);
    expect(closed.phase).toBe('closed');
    for (const event of [...CONNECTED, { type: 'server', status: 'ended' }, { type: 'time' }] as CallEvent[]) expect(step(closed, event, 1e9)).toBe(closed);
    expect(dueAt(closed)).toBeNull();
  });
});
