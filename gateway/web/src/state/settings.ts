/** What the user chose, kept in this browser. */
import type { MicMode, Sensitivity } from '../protocol/messages.js';

export type Theme = 'system' | 'light' | 'dark';
export type TextSize = 'normal' | 'large' | 'largest';

export interface Settings {
  mode: MicMode;
  /** Whether answers to typed messages are spoken too. */
  speak: boolean;
  theme: Theme;
  textSize: TextSize;
  /** Whether what she says is shown in step with her voice. */
  captions: boolean;
  /** Whether screen readers are given answers that were spoken, too. */
  readSpoken: boolean;
  /** How fast she speaks, 1 being the voice's own pace; null: as the server has it. */
  voiceSpeed: number | null;
  /** How readily sound counts as speech; null: as the server has it. */
  sensitivity: Sensitivity | null;
  /** With which voice she speaks: an id of the server's; null: as the server has it. */
  voice: string | null;
  /** With which language model she thinks: likewise. */
  model: string | null;
  /** Whether her face is shown where the browser can draw it. */
  face: boolean;
  /** Whether voice may go over WebRTC; else it goes over the WebSocket. */
  calls: boolean;
  /** Whether the browser takes her voice out of the microphone's sound. */
  echo: boolean;
  /** The browser's id of the microphone; null: the system's. */
  microphone: string | null;
  /** Likewise of the speaker. */
  speaker: string | null;
  /** Whether the first-run hint was put away. */
  welcomed: boolean;
}

export const DEFAULTS: Settings = {
  mode: 'hands_free',
  speak: false,
  theme: 'system',
  textSize: 'normal',
  captions: true,
  readSpoken: false,
  voiceSpeed: null,
  sensitivity: null,
  voice: null,
  model: null,
  face: true,
  calls: true,
  echo: true,
  microphone: null,
  speaker: null,
  welcomed: false,
};

/** What the server takes; outside of it the setting counts as not made. */
export const VOICE_SPEED = { slowest: 0.5, fastest: 2, step: 0.1 } as const;

const KEY = 'janet.settings';
/** Grows when a field changes its meaning. The first version was written without a number. */
const VERSION = 2;

type Stored = Partial<Record<keyof Settings | 'version', unknown>>;

/** Reads them; what is missing or odd is the default, and so is all of a version from the future. */
export function parseSettings(json: string | null): Settings {
  const value = stored(json);
  const version = value.version ?? 1;
  if (version !== 1 && version !== VERSION) return DEFAULTS;
  return {
    mode: oneOf(value.mode, ['hands_free', 'push_to_talk'], DEFAULTS.mode),
    speak: flag(value.speak, DEFAULTS.speak),
    theme: oneOf(value.theme, ['system', 'light', 'dark'], DEFAULTS.theme),
    textSize: oneOf(value.textSize, ['normal', 'large', 'largest'], DEFAULTS.textSize),
    captions: flag(value.captions, DEFAULTS.captions),
    readSpoken: flag(value.readSpoken, DEFAULTS.readSpoken),
    voiceSpeed: speed(value.voiceSpeed),
    sensitivity: oneOf<Sensitivity | null>(value.sensitivity, ['low', 'normal', 'high'], DEFAULTS.sensitivity),
    voice: choice(value.voice),
    model: choice(value.model),
    face: flag(value.face, DEFAULTS.face),
    calls: flag(value.calls, DEFAULTS.calls),
    echo: flag(value.echo, DEFAULTS.echo),
    microphone: choice(value.microphone),
    speaker: choice(value.speaker),
    welcomed: flag(value.welcomed, DEFAULTS.welcomed),
  };
}

/** The text that `parseSettings` reads. */
export function storedForm(settings: Settings): string {
  return JSON.stringify({ version: VERSION, ...settings });
}

/** From the browser's store; a browser that keeps none gets the defaults. */
export function loadSettings(): Settings {
  try {
    return parseSettings(localStorage.getItem(KEY));
  } catch {
    return DEFAULTS;
  }
}

export function saveSettings(settings: Settings): void {
  try {
    localStorage.setItem(KEY, storedForm(settings));
  } catch {
    // Private windows may refuse; the settings then last as long as the page.
  }
}

function stored(json: string | null): Stored {
  try {
    const parsed: unknown = JSON.parse(json ?? '{}');
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    // Somebody else's text under our key: the defaults serve.
    return {};
  }
}

function oneOf<T>(value: unknown, known: readonly T[], otherwise: T): T {
  return known.find((one) => one === value) ?? otherwise;
}

function flag(value: unknown, otherwise: boolean): boolean {
  return typeof value === 'boolean' ? value : otherwise;
}

/** Which ids there are only the server or the browser knows. */
function choice(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null;
}

function speed(value: unknown): number | null {
  return typeof value === 'number' && value >= VOICE_SPEED.slowest && value <= VOICE_SPEED.fastest ? value : null;
}
