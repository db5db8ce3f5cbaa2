/** When to try again after a lost connection. Pure: chance is passed in. */

const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/**
 * Milliseconds to wait before attempt `attempt` (counted from 0). The nominal wait doubles up to a
 * limit; `chance` (0 to 1) picks from its upper half, so that many pages do not come back at once.
 */
export function backoffMs(attempt: number, chance: number): number {
  const nominal = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return Math.round(nominal * (0.5 + 0.5 * chance));
}
