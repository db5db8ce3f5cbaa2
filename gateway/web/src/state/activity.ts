/** The one thing the indicator says. */
import type { State } from './model.js';

export type Activity = 'offline' | 'loading' | 'idle' | 'ready' | 'listening' | 'hearing' | 'thinking' | 'speaking' | 'held' | 'stopped';

/** What goes on, most telling first. */
export function activity(state: State): Activity {
  if (state.link.kind !== 'open') return 'offline';
  if (state.status === 'models_loading' || state.status === null) return 'loading';
  if (state.trust.stopped !== null) return 'stopped';
  if (state.her === 'held') return 'held';
  if (state.her === 'speaking') return 'speaking';
  if (state.partial !== null) return 'hearing';
  if (state.her === 'thinking') return 'thinking';
  switch (state.mic.kind) {
    case 'on':
      return state.mic.mode === 'hands_free' ? 'listening' : state.mic.held ? 'hearing' : 'ready';
    case 'sample':
      return 'listening';
    default:
      return 'idle';
  }
}

/** Words for it. */
export const ACTIVITY_TEXT: Record<Activity, { title: string; detail: string }> = {
  offline: { title: 'Not connected', detail: 'Janet comes back when the connection does.' },
  loading: { title: 'Loading', detail: 'Janet is loading her models. This takes a few seconds.' },
  idle: { title: 'Ready', detail: 'Type below, or start talking.' },
  ready: { title: 'Ready', detail: 'Hold the button or the space bar, and speak.' },
  listening: { title: 'Listening', detail: 'Just talk. Janet notices when you have finished.' },
  hearing: { title: 'Listening', detail: 'Janet hears you.' },
  thinking: { title: 'Thinking', detail: 'The answer is on its way.' },
  speaking: { title: 'Speaking', detail: 'Talk over her to interrupt.' },
  stopped: { title: 'Stopped', detail: 'Nothing is answered until Janet may go on.' },
  held: { title: 'Held', detail: 'She waits to hear whether you mean her.' },
};

/** What there is to know or do now. */
export function detail(state: State): string {
  const now = activity(state);
  // In passing, and where there is time to read it: it changes nothing for who talks.
  const way = now === 'listening' && state.way === 'socket_instead' ? ' Voice goes over the WebSocket.' : '';
  return ACTIVITY_TEXT[now].detail + way;
}

/** Whether Janet can be spoken or written to. Busy: it is worth another try. */
export function reachable(state: State): boolean {
  return state.link.kind === 'open' && (state.status === 'ready' || state.status === 'busy');
}
