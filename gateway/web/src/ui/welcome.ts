/** What an empty chat shows, and the first-run hint. */
import { reachable } from '../state/activity.js';
import type { State } from '../state/model.js';
import { byId } from './dom.js';
import { forgetting } from './side.js';

export interface WelcomeEvents {
  onMic(): void;
  onSample(): void;
  onType(): void;
  onDismissHint(): void;
}

export class Welcome {
  private readonly root = byId('welcome');
  private readonly keep = byId('welcome-keep');
  private readonly hint = byId('hint');
  private readonly buttons = [byId<HTMLButtonElement>('welcome-mic'), byId<HTMLButtonElement>('welcome-sample')];

  constructor(events: WelcomeEvents) {
    byId('welcome-mic').addEventListener('click', () => events.onMic());
    byId('welcome-sample').addEventListener('click', () => events.onSample());
    byId('welcome-type').addEventListener('click', () => events.onType());
    byId('hint-close').addEventListener('click', () => events.onDismissHint());
  }

  render(state: State, welcomed: boolean): void {
    const ready = reachable(state);
    this.root.hidden = state.partial !== null || state.entries.some((e) => e.kind === 'user' || e.kind === 'assistant');
    for (const button of this.buttons) button.disabled = !ready || state.mic.kind === 'sample' || state.mic.kind === 'opening';
    const kept = state.context === null ? '' : forgetting(state.context);
    this.keep.textContent = kept === '' ? '' : ` What you say is ${kept}.`;
    this.hint.hidden = welcomed;
  }
}
