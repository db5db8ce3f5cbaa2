/** What there is to say of a visit by headset. */
import type { Explanation } from '../../state/explain.js';

export type XrMode = 'vr' | 'ar';

/** Whether she is visited, and how far that is. */
export type XrState =
  | { kind: 'away' }
  /** The browser asks, or sets it up. */
  | { kind: 'asking'; mode: XrMode }
  /** `seen`: whether the headset shows it; `blurred` while a menu of its own lies over it. */
  | { kind: 'there'; mode: XrMode; seen: 'visible' | 'blurred' | 'hidden' };

export const AWAY: XrState = { kind: 'away' };

/** Why the headset did not show her, by what the browser threw. */
export function explainXr(error: unknown): Explanation {
  const name = error instanceof DOMException || error instanceof Error ? error.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return { title: 'The browser did not allow the headset.', todo: 'Allow virtual reality for this page in the browser, then try again.' };
    case 'NotSupportedError':
      return { title: 'The headset cannot show this.', todo: 'See that it is connected and awake, then try again.' };
    case 'InvalidStateError':
      return { title: 'The headset is in use.', todo: 'Close what else uses it, then try again.' };
    default:
      return { title: 'The headset could not be opened.', todo: 'See that it is connected and awake, then try again; if it stays, reload the page.' };
  }
}
