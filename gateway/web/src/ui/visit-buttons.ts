/** Going to her by headset, and coming back: only what there is. */
import type { XrSupport } from '../face/xr/support.js';
import { AWAY, type XrMode, type XrState } from '../face/xr/words.js';
import { byId, setText } from './dom.js';

export interface VisitButtonsEvents {
  onEnter(mode: XrMode): void;
  onLeave(): void;
}

const NAMES = { vr: 'VR', ar: 'AR' } as const;

interface Button {
  readonly mode: XrMode;
  readonly element: HTMLButtonElement;
  readonly label: HTMLElement;
}

export class VisitButtons {
  private readonly buttons: readonly Button[] = [
    { mode: 'vr', element: byId<HTMLButtonElement>('enter-vr'), label: byId('enter-vr') },
    { mode: 'ar', element: byId<HTMLButtonElement>('enter-ar'), label: byId('enter-ar') },
    // A call lies over the page.
    { mode: 'vr', element: byId<HTMLButtonElement>('call-enter-vr'), label: byId('call-enter-vr-label') },
  ];
  private state: XrState = AWAY;

  constructor(events: VisitButtonsEvents) {
    for (const { mode, element } of this.buttons) {
      element.addEventListener('click', () => {
        // Within the press itself: browsers give a headset to nothing else.
        if (this.state.kind === 'there') events.onLeave();
        else events.onEnter(mode);
      });
    }
  }

  render(state: XrState, support: XrSupport): void {
    this.state = state;
    for (const { mode, element, label } of this.buttons) {
      const isThis = state.kind !== 'away' && state.mode === mode;
      element.hidden = !support[mode] || (state.kind !== 'away' && !isThis);
      element.disabled = state.kind === 'asking';
      setText(label, `${state.kind === 'there' && isThis ? 'Leave' : 'Enter'} ${NAMES[mode]}`);
    }
  }
}
