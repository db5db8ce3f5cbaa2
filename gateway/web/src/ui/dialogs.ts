/** Settings and keyboard help: native dialogs, which keep the focus inside and give it back. */
import { VOICE_SPEED, type Settings, type TextSize, type Theme } from '../state/settings.js';
import type { Sensitivity } from '../protocol/messages.js';
import type { State } from '../state/model.js';
import { canChooseSpeaker } from '../audio/speaker.js';
import { ChoiceList } from './choice-list.js';
import { DeviceList } from './device-list.js';
import { byId, setText } from './dom.js';

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];
const TEXT_SIZES: readonly TextSize[] = ['normal', 'large', 'largest'];
const SENSITIVITIES: readonly Sensitivity[] = ['low', 'normal', 'high'];

/** The settings as a form; every change takes effect at once. */
export class SettingsDialog {
  private readonly dialog = byId<HTMLDialogElement>('settings');
  private readonly speed = byId<HTMLInputElement>('voice-speed');
  private readonly voice: ChoiceList;
  private readonly model: ChoiceList;
  private readonly microphone = new DeviceList('microphone', (microphone) => this.onChange({ microphone }));
  private readonly speaker = new DeviceList('speaker', (speaker) => this.onChange({ speaker }));
  private readonly flags = {
    echo: byId<HTMLInputElement>('echo'),
    face: byId<HTMLInputElement>('face-on'),
    calls: byId<HTMLInputElement>('calls'),
    captions: byId<HTMLInputElement>('captions'),
    readSpoken: byId<HTMLInputElement>('read-spoken'),
  };

  constructor(
    private readonly onChange: (change: Partial<Settings>) => void,
    onShown: (open: boolean) => void,
  ) {
    opens('settings-open', this.dialog, () => onShown(true));
    // Comes a little late: they may have been opened again.
    this.dialog.addEventListener('close', () => onShown(this.dialog.open));
    choices('theme', THEMES, (theme) => onChange({ theme }));
    choices('text-size', TEXT_SIZES, (textSize) => onChange({ textSize }));
    choices('sensitivity', SENSITIVITIES, (sensitivity) => onChange({ sensitivity }));
    this.voice = new ChoiceList('voice', (voice) => onChange({ voice }));
    this.model = new ChoiceList('model', (model) => onChange({ model }));
    this.flags.echo.addEventListener('change', () => onChange({ echo: this.flags.echo.checked }));
    this.flags.face.addEventListener('change', () => onChange({ face: this.flags.face.checked }));
    this.flags.calls.addEventListener('change', () => onChange({ calls: this.flags.calls.checked }));
    this.flags.captions.addEventListener('change', () => onChange({ captions: this.flags.captions.checked }));
    this.flags.readSpoken.addEventListener('change', () => onChange({ readSpoken: this.flags.readSpoken.checked }));
    this.speed.min = String(VOICE_SPEED.slowest);
    this.speed.max = String(VOICE_SPEED.fastest);
    this.speed.step = String(VOICE_SPEED.step);
    this.speed.addEventListener('input', () => this.showSpeed());
    this.speed.addEventListener('change', () => onChange({ voiceSpeed: Number(this.speed.value) }));
  }

  render(settings: Settings, state: State): void {
    check('theme', settings.theme);
    check('text-size', settings.textSize);
    this.flags.echo.checked = settings.echo;
    this.flags.face.checked = settings.face;
    this.flags.calls.checked = settings.calls;
    this.microphone.render(state.devices.microphones, settings.microphone);
    this.speaker.render(state.devices.speakers, settings.speaker);
    byId('speaker-field').hidden = !canChooseSpeaker() || state.devices.speakers.length === 0;
    byId('devices-note').hidden = state.devices.named;
    this.flags.captions.checked = settings.captions;
    this.flags.readSpoken.checked = settings.readSpoken;
    this.voice.render(state.context?.voices ?? [], state.applied?.voice, state.refused.voice);
    this.model.render(state.context?.languageModels ?? [], state.applied?.model, state.refused.model);
    // What was never chosen here is as the server has it.
    check('sensitivity', settings.sensitivity ?? state.applied?.sensitivity ?? 'normal');
    // Not while it is being moved.
    if (document.activeElement !== this.speed) this.speed.value = String(settings.voiceSpeed ?? state.applied?.voiceSpeed ?? 1);
    this.showSpeed();
  }

  private showSpeed(): void {
    const speed = Number(this.speed.value).toFixed(1);
    setText(byId('voice-speed-value'), `${speed}×`);
    this.speed.setAttribute('aria-valuetext', `${speed} times`);
  }
}

/** The list of keys; “?” shows it, too. */
export class HelpDialog {
  constructor() {
    const dialog = byId<HTMLDialogElement>('help');
    opens('help-open', dialog);
    document.addEventListener('keydown', (event) => {
      if (event.key !== '?' || isTyping(event.target) || dialogIsOpen()) return;
      event.preventDefault();
      dialog.showModal();
    });
  }
}

/** Whether keys belong to a dialog now, and not to the voice. */
export function dialogIsOpen(): boolean {
  return document.querySelector('dialog[open]') !== null;
}

/** Whether keys write into a field. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('textarea, input:not([type=radio], [type=checkbox], [type=range])') !== null;
}

function opens(button: string, dialog: HTMLDialogElement, opened?: () => void): void {
  byId(button).addEventListener('click', () => {
    // One at a time: help is opened from the settings.
    document.querySelectorAll<HTMLDialogElement>('dialog[open]').forEach((open) => open.close());
    dialog.showModal();
    opened?.();
  });
  // A press beside the dialog falls on the dialog element itself: its content fills it.
  dialog.addEventListener('pointerdown', (event) => {
    if (event.target === dialog) dialog.close();
  });
}

function choices<T extends string>(name: string, values: readonly T[], chosen: (value: T) => void): void {
  for (const value of values) byId(`${name}-${value}`).addEventListener('change', () => chosen(value));
}

function check(name: string, value: string): void {
  byId<HTMLInputElement>(`${name}-${value}`).checked = true;
}
