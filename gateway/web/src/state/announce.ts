/** What a screen reader is told when what goes on changes. The connection's pill speaks for itself. */
import type { Activity } from './activity.js';

/** Words for the change, or null where it is not worth an interruption. */
export function announcement(before: Activity, now: Activity): string | null {
  if (before === now) return null;
  switch (now) {
    case 'speaking':
      return before === 'held' ? 'Janet goes on.' : 'Janet speaks.';
    case 'held':
      return 'Held: Janet waits to hear whether you mean her.';
    case 'listening':
      // After each answer she listens again; only the first time, and after a break, is it news.
      return before === 'idle' || before === 'ready' || before === 'offline' || before === 'loading' ? 'Listening.' : null;
    case 'hearing':
      return before === 'ready' ? 'Listening. Release to send.' : null;
    case 'ready':
      return before === 'hearing' || before === 'speaking' || before === 'thinking' ? null : 'Push to talk: hold the space bar and speak.';
    case 'idle':
      return before === 'listening' || before === 'ready' ? 'Microphone off.' : null;
    case 'thinking':
    case 'offline':
    case 'loading':
    // Told by an alert, and a dialog.
    case 'stopped':
      return null;
  }
}
