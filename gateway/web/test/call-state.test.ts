import { describe, expect, it } from 'vitest';
import { begun, CONNECT_WITHIN_MS, dueAt, isOver, RESTART_EVERY_MS, restartIsDue, STEADY_AFTER_MS, step, UNSTEADY_MS, type CallEvent, type CallState } from '../src/rtc/call-state.js';

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
    expect(dueAt(unsteady)).toBe(20_000);
    expect(dueAt(step(unsteady, { type: 'not_restarted', yet: true }, 20_000 + UNSTEADY_MS - 100))).toBe(20_000 + UNSTEADY_MS);
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
    expect(step(connectedAt(0), { type: 'server', status: 'ended' }, STEADY_AFTER_MS - 1).phase).toBe('failed');
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

/** What happens at which time, and when another way is due then; null: never. */
type Row = [at: number, event: CallEvent, due: number | null];

const DOWN: CallEvent = { type: 'peer', state: 'disconnected' };
const GONE: CallEvent = { type: 'peer', state: 'failed' };
const UP: CallEvent = { type: 'peer', state: 'connected' };
const NETWORK: CallEvent = { type: 'network' };
const RESTARTING: CallEvent = { type: 'restarting' };
const TOO_SOON: CallEvent = { type: 'not_restarted', yet: true };
const EVERY = RESTART_EVERY_MS;

describe('another way', () => {
  it.each<[string, Row[]]>([
    ['is looked for at once when the old one is interrupted', [[20_000, DOWN, 20_000]]],
    ['and when it is dead', [[20_000, GONE, 20_000]]],
    ['and when the network has changed', [[20_000, NETWORK, 20_000]]],
    ['again and again, while it is interrupted', [[20_000, DOWN, 20_000], [20_000, RESTARTING, 20_000 + EVERY], [20_000 + EVERY, RESTARTING, 20_000 + 2 * EVERY]]],
    ['once, while the old one carries', [[20_000, NETWORK, 20_000], [20_001, RESTARTING, null]]],
    ['not sooner than a while after the last time', [[20_000, NETWORK, 20_000], [20_000, RESTARTING, null], [20_100, DOWN, 20_000 + EVERY]]],
    ['and not later because more happens', [[20_000, DOWN, 20_000], [20_010, NETWORK, 20_000], [20_020, GONE, 20_000]]],
    ['no more once it was found', [[20_000, DOWN, 20_000], [20_000, RESTARTING, 20_000 + EVERY], [20_300, UP, null]]],
    ['later, where the server says that it is too soon', [[20_000, NETWORK, 20_000], [20_000, RESTARTING, null], [20_050, TOO_SOON, 20_050 + EVERY]]],
    ['not for one that is being given up', [[20_000, DOWN, 20_000], [20_000, { type: 'closed' }, null]]],
  ])('%s', (_, rows) => {
    let state = connectedAt(0);
    for (const [at, event, due] of rows) {
      state = step(state, event, at);
      expect(isOver(state.phase) ? null : state.restartAt).toBe(due);
      if (due !== null) {
        expect(restartIsDue(state, due - 1)).toBe(false);
        expect(restartIsDue(state, due)).toBe(true);
        expect(dueAt(state)).toBe(due);
      }
    }
  });

  it('is nothing that a call looks for which is not there yet', () => {
    const state = after([10, { type: 'server', status: 'connected' }]);
    expect(step(state, NETWORK, 20)).toBe(state);
    expect(step(state, GONE, 20).phase).toBe('failed');
  });

  it('that the server refuses ends a call whose old way is dead, and no other', () => {
    const refused: CallEvent = { type: 'not_restarted', yet: false };
    expect(step(step(connectedAt(0), DOWN, 20_000), refused, 20_100).phase).toBe('dropped');
    expect(step(step(connectedAt(0), NETWORK, 20_000), refused, 20_100)).toMatchObject({ phase: 'connected', restartAt: null });
  });

  it('that is not found in time ends the call, however often it was looked for', () => {
    let state = step(connectedAt(0), DOWN, 20_000);
    for (let at = 20_000; at < 20_000 + UNSTEADY_MS; at += 100) {
      if (restartIsDue(state, at)) state = step(state, RESTARTING, at);
      state = step(state, { type: 'time' }, at);
      expect(state.phase).toBe('unsteady');
    }
    expect(step(state, { type: 'time' }, 20_000 + UNSTEADY_MS).phase).toBe('dropped');
  });
});
