/**
 * How far a call is, and what is to be done about it. Pure: what happened and when goes in, the next
 * state comes out.
 *
 * A call is there when both ends say so: the server on the WebSocket, the browser of its peer
 * connection. One that does not come about has `failed`, and voice goes over the WebSocket; one that
 * was there and broke is `dropped`, and is set up anew. A call that broke soon after it began counts
 * as failed, or a way that lets nothing but the beginning through would be tried for ever.
 *
 * Before a call is given up another way is looked for (ICE restart): the call goes on over it, with all
 * that was being said. The same is done where only the network has changed, while the old way still
 * carries.
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
  /** When to look for another way, in ms; null: no need. */
  readonly restartAt: number | null;
  /** When that was begun last. */
  readonly restartedAt: number | null;
}

export type CallEvent =
  /** What the server says of it. */
  | { type: 'server'; status: 'connecting' | 'connected' | 'ended' }
  /** The server does not take it, or has given it up. */
  | { type: 'refused' }
  /** What the browser says of its end. */
  | { type: 'peer'; state: RTCPeerConnectionState }
  /** The network has changed, or nothing comes over it any more. */
  | { type: 'network' }
  /** Another way is being looked for. */
  | { type: 'restarting' }
  /** The server does not look for one: not yet, or not at all. */
  | { type: 'not_restarted'; yet: boolean }
  /** It cannot be set up here. */
  | { type: 'broken' }
  /** The page ends it. */
  | { type: 'closed' }
  /** Only time has passed. */
  | { type: 'time' };

/** On one network a call takes well under a second; in so much time somebody has begun to wonder. */
export const CONNECT_WITHIN_MS = 5_000;
/** A way that is interrupted comes back by itself, or another one is found; the server waits longer than this. */
export const UNSTEADY_MS = 8_000;
/** From one look for another way to the next; the server refuses a second within one second. */
export const RESTART_EVERY_MS = 2_500;
/** A call that lasted less long was none. */
export const STEADY_AFTER_MS = 10_000;

/** A call that is being set up from `now` on. */
export function begun(now: number): CallState {
  return { phase: 'connecting', since: now, connectedAt: null, server: false, peer: false, restartAt: null, restartedAt: null };
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
    case 'network':
      return state.phase === 'connecting' ? state : restartSoon(state, now);
    case 'restarting':
      return { ...state, restartedAt: now, restartAt: state.phase === 'unsteady' ? now + RESTART_EVERY_MS : null };
    case 'not_restarted':
      if (event.yet) return { ...state, restartAt: now + RESTART_EVERY_MS };
      // The old way may still carry.
      return state.phase === 'unsteady' ? lost(state, now) : { ...state, restartAt: null };
    case 'time': {
      const end = endsAt(state);
      return end !== null && now >= end ? lost(state, now) : state;
    }
  }
}

/** Whether another way is to be looked for now. */
export function restartIsDue({ phase, restartAt }: CallState, now: number): boolean {
  return !isOver(phase) && restartAt !== null && now >= restartAt;
}

/** When something is due, or a `time` event changes it, if nothing else does, in ms; null: never. */
export function dueAt(state: CallState): number | null {
  if (isOver(state.phase)) return null;
  const due = [endsAt(state), state.restartAt].filter((at) => at !== null);
  return due.length === 0 ? null : Math.min(...due);
}

function endsAt({ phase, since }: CallState): number | null {
  if (phase === 'connecting') return since + CONNECT_WITHIN_MS;
  return phase === 'unsteady' ? since + UNSTEADY_MS : null;
}

function onPeer(state: CallState, peer: RTCPeerConnectionState, now: number): CallState {
  switch (peer) {
    case 'connected':
      return joined({ ...state, peer: true }, now);
    case 'closed':
      return lost(state, now);
    case 'failed':
      return state.phase === 'connecting' ? lost(state, now) : unsteady(state, now);
    case 'disconnected':
      return state.phase === 'connecting' ? state : unsteady(state, now);
    case 'new':
    case 'connecting':
      return state;
  }
}

function unsteady(state: CallState, now: number): CallState {
  return restartSoon(state.phase === 'connected' ? enter(state, 'unsteady', now) : state, now);
}

/** At once, unless that was done a moment ago. */
function restartSoon(state: CallState, now: number): CallState {
  const soonest = state.restartedAt === null ? now : Math.max(now, state.restartedAt + RESTART_EVERY_MS);
  return { ...state, restartAt: Math.min(soonest, state.restartAt ?? soonest) };
}

function joined(state: CallState, now: number): CallState {
  if (state.phase === 'connected' || !state.server || !state.peer) return state;
  return { ...enter(state, 'connected', now), connectedAt: state.connectedAt ?? now, restartAt: null };
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
