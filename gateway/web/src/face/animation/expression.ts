/** How her tone shows, and how it comes and goes. */
import { Level, share } from './curve.js';
import { TABLE, type Activity } from './table.js';

export const TONES = ['happy', 'thinking', 'neutral', 'concerned'] as const;
export type ToneName = (typeof TONES)[number];

const table = TABLE.expression;
/** Below this nothing is to be seen. */
const VISIBLE = 0.02;

export class Expression {
  private activity: Activity = 'idle';
  private tone: ToneName = 'neutral';
  private intensity = 0;
  private readonly levels: Record<ToneName, Level> = { happy: new Level(0), thinking: new Level(0), neutral: new Level(0), concerned: new Level(0) };
  private readonly raised = new Level(0);

  set(now: number, tone: ToneName, intensity: number): void {
    this.tone = tone;
    this.intensity = share(intensity);
    this.aim(now);
  }

  change(now: number, activity: Activity): void {
    this.activity = activity;
    this.aim(now);
  }

  private aim(now: number): void {
    const left = this.activity === 'speaking' ? 1 : table.idle_share;
    for (const tone of TONES) {
      let to = tone === this.tone && tone !== 'neutral' ? left * this.intensity : 0;
      if (tone === 'thinking' && this.activity === 'thinking') to = Math.max(table.thinking, to);
      approach(this.levels[tone], now, to);
    }
    approach(this.raised, now, this.activity === 'listening' ? table.listening_brow : 0);
  }

  /** How much of each tone shows, 0 to 1; nothing of neutral ever does. */
  tones(now: number): Record<ToneName, number> {
    const { happy, thinking, neutral, concerned } = this.levels;
    return { happy: happy.value(now), thinking: thinking.value(now), neutral: neutral.value(now), concerned: concerned.value(now) };
  }

  /** How far her brows are up because she listens. */
  brow(now: number): number {
    return this.raised.value(now);
  }
}

function approach(level: Level, now: number, to: number): void {
  level.aim(now, to, to > level.value(now) ? table.attack_s : table.release_s);
}

/** The tone that shows most, and how much. */
export function strongest(tones: Readonly<Record<ToneName, number>>): { tone: ToneName; intensity: number } {
  let found: { tone: ToneName; intensity: number } = { tone: 'neutral', intensity: 0 };
  for (const tone of TONES) {
    const intensity = tones[tone];
    if (intensity > VISIBLE && intensity > found.intensity) found = { tone, intensity };
  }
  return found;
}
