/** The voice controls: what goes on, microphone, stop, mode, sample question. */
import { explainMic } from '../state/explain.js';
import { activity, ACTIVITY_TEXT, detail, reachable } from '../state/activity.js';
import type { State } from '../state/model.js';
import type { Settings } from '../state/settings.js';
import type { MicMode } from '../protocol/messages.js';
import { dialogIsOpen } from './dialogs.js';
import { byId, setText } from './dom.js';

export interface StageEvents {
  onMic(): void;
  /** Push-to-talk: the button or the space bar goes down or up. */
  onHold(held: boolean): void;
  onStop(): void;
  onMode(mode: MicMode): void;
  onSample(): void;
}

export class Stage {
  private readonly root = byId('stage');
  private readonly title = byId('activity');
  private readonly detail = byId('activity-detail');
  private readonly mic = byId<HTMLButtonElement>('mic');
  private readonly micLabel = byId('mic-label');
  private readonly off = byId<HTMLButtonElement>('mic-off');
  private readonly stop = byId<HTMLButtonElement>('stop');
  private readonly sample = byId<HTMLButtonElement>('sample');
  private readonly trouble = byId('mic-trouble');
  private pushToTalk = false;
  /** Whether the space bar may open the microphone. */
  private mayOpen = false;

  constructor(events: StageEvents) {
    this.mic.addEventListener('click', () => {
      if (!this.pushToTalk) events.onMic();
    });
    this.mic.addEventListener('pointerdown', (event) => {
      if (!this.pushToTalk) return;
      this.mic.setPointerCapture(event.pointerId);
      events.onHold(true);
    });
    // A long press is how one talks here, not how one asks for a menu.
    this.mic.addEventListener('contextmenu', (event) => event.preventDefault());
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture'] as const) {
      this.mic.addEventListener(end, () => {
        if (this.pushToTalk) events.onHold(false);
      });
    }
    this.holdKeys(events);
    this.off.addEventListener('click', () => events.onMic());
    this.stop.addEventListener('click', () => events.onStop());
    this.sample.addEventListener('click', () => events.onSample());
    for (const mode of ['hands_free', 'push_to_talk'] as const) {
      byId<HTMLInputElement>(`mode-${mode}`).addEventListener('change', () => events.onMode(mode));
    }
  }

  render(state: State, settings: Settings): void {
    const now = activity(state);
    const on = state.mic.kind === 'on';
    const ready = reachable(state);
    this.pushToTalk = on && state.mic.kind === 'on' && state.mic.mode === 'push_to_talk';
    this.mayOpen = ready && (state.mic.kind === 'off' || state.mic.kind === 'trouble');
    this.root.dataset['activity'] = now;
    this.root.dataset['mic'] = state.mic.kind;
    setText(this.title, ACTIVITY_TEXT[now].title);
    setText(this.detail, detail(state));

    this.mic.disabled = !ready || state.mic.kind === 'opening' || state.mic.kind === 'sample';
    this.mic.toggleAttribute('data-on', state.mic.kind === 'on' && (!this.pushToTalk || state.mic.held));
    setText(this.micLabel, micLabel(state));
    this.off.hidden = !this.pushToTalk;
    this.sample.hidden = on;
    this.stop.hidden = !(state.her === 'speaking' || state.her === 'held' || state.her === 'thinking');
    this.sample.disabled = !ready || state.mic.kind === 'sample' || state.mic.kind === 'opening';
    for (const mode of ['hands_free', 'push_to_talk'] as const) {
      byId<HTMLInputElement>(`mode-${mode}`).checked = settings.mode === mode;
    }

    this.trouble.hidden = state.mic.kind !== 'trouble';
    if (state.mic.kind === 'trouble') {
      const { title, todo } = explainMic(state.mic.trouble);
      setText(this.trouble, `${title} ${todo}`);
    }
  }

  /** Space (anywhere but in a field) and Space or Enter on the button hold; Escape stops her. */
  private holdKeys(events: StageEvents): void {
    let holding = false;
    document.addEventListener('keydown', (event) => {
      if (event.defaultPrevented || event.isComposing || dialogIsOpen()) return;
      if (event.key === 'Escape' && !this.stop.hidden) {
        events.onStop();
        return;
      }
      if (!holding && !this.isHoldKey(event)) return;
      // While it is down it repeats, and would scroll.
      if (event.key === ' ' || event.key === 'Enter') event.preventDefault();
      if (holding || event.repeat) return;
      holding = true;
      events.onHold(true);
    });
    const release = (): void => {
      if (holding) events.onHold(false);
      holding = false;
    };
    document.addEventListener('keyup', (event) => {
      if (holding && (event.key === ' ' || event.key === 'Enter')) {
        // A button would be pressed by the key's release.
        event.preventDefault();
        release();
      }
    });
    window.addEventListener('blur', release);
  }

  private isHoldKey(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.altKey || event.metaKey) return false;
    if (event.target === this.mic) return this.pushToTalk && (event.key === ' ' || event.key === 'Enter');
    if (event.key !== ' ' || !(this.pushToTalk || this.mayOpen)) return false;
    const target = event.target as HTMLElement;
    // On a choice that is made already Space has nothing to do.
    if (target instanceof HTMLInputElement && target.type === 'radio') return target.checked;
    return target.closest('textarea, input, button, summary, a') === null;
  }
}

function micLabel(state: State): string {
  switch (state.mic.kind) {
    case 'off':
      return 'Start talking';
    case 'opening':
      return state.mic.granted ? 'Connecting…' : 'Waiting for permission…';
    case 'sample':
      return 'Playing the sample…';
    case 'trouble':
      return 'Try again';
    case 'on':
      if (state.mic.mode === 'hands_free') return 'Mute';
      return state.mic.held ? 'Release to send' : 'Hold to talk';
  }
}
