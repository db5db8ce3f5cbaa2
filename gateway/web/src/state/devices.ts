/** Microphones and speakers: what there is, what is shown of it, what is used. Pure. */

export interface Device {
  id: string;
  name: string;
}

export interface Devices {
  microphones: Device[];
  speakers: Device[];
  /** Whether the browser says what they are; before the microphone was allowed it does not. */
  named: boolean;
}

export const NO_DEVICES: Devices = { microphones: [], speakers: [], named: false };

/** What `MediaDeviceInfo` says. */
export interface Found {
  readonly kind: string;
  readonly deviceId: string;
  readonly label: string;
}

/** Chromium's names for whatever the system has chosen, besides the devices themselves. */
const ALIASES: readonly string[] = ['', 'default', 'communications'];

/** What a browser found. Without names nothing can be told apart, and nothing is listed. */
export function devicesOf(found: readonly Found[]): Devices {
  const named = found.some(({ label }) => label !== '');
  const of = (kind: string): Device[] =>
    found.filter((one) => one.kind === kind && one.label !== '' && !ALIASES.includes(one.deviceId)).map(({ deviceId: id, label: name }) => ({ id, name }));
  return { microphones: of('audioinput'), speakers: of('audiooutput'), named };
}

/** What a list offers besides the system's: a chosen one that is not there stays, and says so. */
export function offered(there: readonly Device[], chosen: string | null): Device[] {
  if (chosen === null || there.some(({ id }) => id === chosen)) return [...there];
  return [...there, { id: chosen, name: 'The chosen one (not there now)' }];
}

/** The id to ask the browser for: the chosen one, unless it is known not to be there; empty: the system's. */
export function toUse(there: readonly Device[], named: boolean, chosen: string | null): string {
  if (chosen === null) return '';
  return named && !there.some(({ id }) => id === chosen) ? '' : chosen;
}
