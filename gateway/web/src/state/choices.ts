/**
 * What is chosen from lists that the server offers: what people read there, what is shown as chosen,
 * and what the server is asked for because it was chosen here before.
 */
import type { Choice } from '../protocol/messages.js';
import type { State } from './model.js';
import type { Settings } from './settings.js';

/** As the server is configured; always among what it offers. */
export const AUTO = 'auto';
/** Janet's own, whatever else there is. */
const OWN = 'own';

/** The ids of what holds. */
export interface Choices {
  voice: string;
  model: string;
}

/** What people read for one of them. */
export function label({ id, name }: Choice): string {
  if (id !== AUTO && id !== OWN) return name;
  const kind = id === AUTO ? 'Automatic' : 'Her own';
  return name === '' ? kind : `${kind} (${name})`;
}

/** Whether there is anything to choose. */
export function isChoice(offered: readonly Choice[]): boolean {
  return offered.length > 1;
}

/** What a list shows as chosen: what holds, as the server said it. */
export function shownAs(offered: readonly Choice[], holds: string | undefined): string {
  return has(offered, holds) ? holds : AUTO;
}

/**
 * What to ask for before the server has said what there is. Her own model can always be chosen, and who
 * chose it wants no other asked: also not for a question that is sent before the lists come.
 */
export function keptToBeginWith({ model }: Settings): Partial<Choices> {
  return model === OWN ? { model } : {};
}

/**
 * What to ask the server for so that what was kept here holds again; null: nothing. What it does not
 * offer any more is kept, for the day it does, and until then it is as the server is configured.
 */
export function keptToAskFor(kept: Settings, { context, applied }: Pick<State, 'context' | 'applied'>): Partial<Choices> | null {
  if (context === null) return null;
  const voice = toAskFor(kept.voice, context.voices, applied?.voice ?? AUTO);
  const model = toAskFor(kept.model, context.languageModels, applied?.model ?? AUTO);
  if (voice === null && model === null) return null;
  return { ...(voice === null ? {} : { voice }), ...(model === null ? {} : { model }) };
}

function toAskFor(kept: string | null, offered: readonly Choice[], holds: string): string | null {
  // A server that offers nothing does not know the setting.
  if (kept === null || offered.length === 0) return null;
  // Her own is always there, whether it is on a list or not.
  const wanted = kept === OWN || has(offered, kept) ? kept : AUTO;
  return wanted === holds ? null : wanted;
}

function has(offered: readonly Choice[], wanted: string | undefined): wanted is string {
  return offered.some(({ id }) => id === wanted);
}
