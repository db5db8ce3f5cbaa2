/** The conversation as plain text, for the clipboard and for a file. */
import type { Entry } from './model.js';

/** One paragraph per message; what is still being said is left out. */
export function asText(entries: readonly Entry[]): string {
  const lines = entries.flatMap((entry) => {
    if (entry.kind === 'user') return [`You: ${entry.text}`];
    if (entry.kind !== 'assistant' || !entry.done || entry.text === '') return [];
    return [`Janet: ${entry.text.trim()}${entry.interrupted ? ' [interrupted]' : ''}`];
  });
  return lines.length === 0 ? '' : `${lines.join('\n\n')}\n`;
}

/** `janet-2026-05-09-1430.txt`, by the reader's own clock. */
export function fileName(now: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
  return `janet-${day}-${two(now.getHours())}${two(now.getMinutes())}.txt`;
}
