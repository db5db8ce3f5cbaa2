/** What the user chose, kept in this browser. */
import type { MicMode } from '../protocol/messages.js';

export type Theme = 'system' | 'light' | 'dark';

export interface Settings {
  mode: MicMode;
  /** Whether answers to typed messages are spoken too. */
  speak: boolean;
  theme: Theme;
  /** Whether the first-run hint was put away. */
  welcomed: boolean;
}

export const DEFAULTS: Settings = { mode: 'hands_free', speak: false, theme: 'system', welcomed: false };

const KEY = 'janet.settings';

/** Reads them; what is missing or odd is the default. */
export function parseSettings(json: string | null): Settings {
  let value: Partial<Record<keyof Settings, unknown>> = {};
  try {
    const parsed: unknown = JSON.parse(json ?? '{}');
    if (typeof parsed === 'object' && parsed !== null) value = parsed;
  } catch {
    // Somebody else's text under our key: the defaults serve.
  }
  return {
    mode: value.mode === 'push_to_talk' ? 'push_to_talk' : DEFAULTS.mode,
    speak: typeof value.speak === 'boolean' ? value.speak : DEFAULTS.speak,
    theme: value.theme === 'light' || value.theme === 'dark' ? value.theme : DEFAULTS.theme,
    welcomed: value.welcomed === true,
  };
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
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // Private windows may refuse; the settings then last as long as the page.
  }
}
