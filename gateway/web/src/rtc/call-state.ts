/**
 * How far a call is, and what is to be done about it. Pure: what happened and when goes in, the next
 * state comes out.
 *
 * A call is there when both ends say so: the server on the WebSocket, the browser of its peer
 * connection. One that does not come about has `failed`, and voice goes over the WebSocket; one that
 * was there and broke is `dropped`, and is set up anew. A call that broke soon after it began counts
 * as failed, or a way that lets nothing but the beginning through would be tried for ever.
 */

export type Phase = 'connecting' | 'connected' | 'unsteady' | 'failed' | 'dropped' | 'closed';

export interface CallState {
  readonly phase: Phase;
  /** When this phase began, in ms. */
  readonly since: number;
  /** When the call was first connected, in ms. */
  readonly connectedAt: number | null;
  readonly server: boolean;
  readonly peer: boolean;
}

export type CallEvent =
  /** What the server says of it. */
  | { type: 'server'; status: 'connecting' | 'connected' | 'ended' }
  /** The server does not take it, or has given it up. */
  | { type: 'refused' }
  /** What the browser says of its end. */
  | { type: 'peer'; state: RTCPeerConnectionState }
  /** It cannot be set up here. */
  | { type: 'broken' }
  /** The page ends it. */
  | { type: 'closed' }
  /** Only time has passed. */
  | { type: 'time' };

/** On one network a call takes well under a second; in so much time somebody has begun to wonder. */
export const CONNECT_WITHIN_MS = 5_000;
/** A way that is interrupted often comes back by itself: so long is waited. */
export const UNSTEADY_MS = 4_000;
/** A call that lasted less long was none. */
export const STEADY_AFTER_MS = 10_000;

/** A call that is being set up from `now` on. */
export function begun(now: number): CallState {
  return { phase: 'connecting', since: now, connectedAt: null, server: false, peer: false };
}

/** Whether nothing more comes of it. */
export function isOver(phase: Phase): boolean {
  return phase === 'failed' || phase === 'dropped' || phase === 'closed';
}

/** The state after `event`, at `now`. The same object comes back when nothing changed. */
export function step(state: CallState, event: CallEvent, now: number): CallState {
  if (isOver(state.phase)) return state;
  switch (event.type) {
    case 'closed':
      return enter(state, 'closed', now);
    case 'refused':
    case 'broken':
      return lost(state, now);
    case 'server':
      if (event.status === 'ended') return lost(state, now);
      return event.status === 'connected' ? joined({ ...state, server: true }, now) : state;
    case 'peer':
      return onPeer(state, event.state, now);
    case 'time': {
      const due = dueAt(state);
      return due !== null && now >= due ? lost(state, now) : state;
    }
  }
}

/** When a `time` event changes it if nothing else does, in ms; null: never. */
export function dueAt(state: CallState): number | null {
  if (state.phase === 'connecting') return state.since + CONNECT_WITHIN_MS;
  return state.phase === 'unsteady' ? state.since + UNSTEADY_MS : null;
}

function onPeer(state: CallState, peer: RTCPeerConnectionState, now: number): CallState {
  switch (peer) {
    case 'connected':
      return joined({ ...state, peer: true }, now);
    case 'failed':
    case 'closed':
      return lost(state, now);
    case 'disconnected':
      return state.phase === 'connected' ? enter(state, 'unsteady', now) : state;
    case 'new':
    case 'connecting':
      return state;
  }
}

function joined(state: CallState, now: number): CallState {
  if (state.phase === 'connected' || !state.server || !state.peer) return state;
  return { ...enter(state, 'connected', now), connectedAt: state.connectedAt ?? now };
}

function lost(state: CallState, now: number): CallState {
  const began = state.connectedAt;
  // An interruption counts from its beginning.
  const until = state.phase === 'unsteady' ? state.since : now;
  return enter(state, began !== null && until - began >= STEADY_AFTER_MS ? 'dropped' : 'failed', now);
}

function enter(state: CallState, phase: Phase, now: number): CallState {
  return { ...state, phase, since: now };
}
