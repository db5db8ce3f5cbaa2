/**
 * Where the bars of a turn's ledger lie. Pure: marks in, geometry out, in milliseconds; the drawing
 * is elsewhere.
 */
import type { Latency } from '../protocol/messages.js';

/** One stage of the turn. */
export interface Lane {
  /** The mark's name on the wire. */
  mark: string;
  label: string;
  /** When the stage began, as far as the marks tell; equals `to` when they do not. */
  from: number;
  to: number;
  /** Until when it went on after its first result, if a mark says so. */
  tail: number | null;
  /** Whether it was done before the speech had ended. */
  ahead: boolean;
}

export interface Waterfall {
  lanes: Lane[];
  /** What the axis spans; marks beyond `end` are clipped. */
  start: number;
  end: number;
  ticks: number[];
  /** The number people feel: end of speech to first sound, if there was sound. */
  headline: number | null;
}

/** A stage, the mark that ends it, and the marks that may have begun it (the latest present counts). */
const STAGES: ReadonlyArray<{ mark: string; label: string; after: readonly string[]; tail?: string }> = [
  { mark: 'turn_score', label: 'End of turn judged', after: [] },
  { mark: 'transcript', label: 'Speech to text', after: [] },
  { mark: 'decision', label: 'Decided to answer', after: [] },
  { mark: 'llm_first', label: 'First word thought', after: ['transcript'], tail: 'llm_last' },
  { mark: 'tts_first', label: 'First sound made', after: ['llm_first'] },
  { mark: 'first_audio', label: 'First sound sent', after: ['tts_first', 'decision'] },
  { mark: 'first_heard', label: 'First sound heard', after: ['first_audio'] },
];

/** Lays out the marks that are there; an empty ledger gives no lanes. */
export function layoutWaterfall(latency: Latency): Waterfall {
  const lanes: Lane[] = [];
  const drawn = new Set<string>();
  for (const stage of STAGES) {
    const to = latency[stage.mark];
    if (to === undefined) continue;
    drawn.add(stage.mark);
    const begun = stage.after.map((mark) => latency[mark]).filter((ms) => ms !== undefined);
    const from = Math.min(to, begun.length > 0 ? Math.max(...begun) : 0);
    const tail = stage.tail === undefined ? undefined : latency[stage.tail];
    if (stage.tail !== undefined) drawn.add(stage.tail);
    lanes.push({
      mark: stage.mark,
      label: stage.label,
      from,
      to,
      tail: tail !== undefined && tail > to ? tail : null,
      ahead: to < 0,
    });
  }
  for (const [mark, to] of Object.entries(latency)) {
    if (drawn.has(mark)) continue;
    lanes.push({ mark, label: mark.replaceAll('_', ' '), from: to, to, tail: null, ahead: to < 0 });
  }
  const start = Math.min(0, ...lanes.map((lane) => lane.from));
  const furthest = Math.max(1, ...lanes.map((lane) => lane.to));
  const step = tickStep(furthest - start);
  const end = Math.ceil((furthest * 1.08) / step) * step;
  const first = Math.floor(start / step) * step;
  const ticks: number[] = [];
  for (let t = first; t <= end; t += step) ticks.push(t === 0 ? 0 : t);
  return { lanes, start: first, end, ticks, headline: latency['first_heard'] ?? latency['first_audio'] ?? null };
}

/** 1, 2 or 5 times a power of ten, for three to seven steps over the span. */
export function tickStep(spanMs: number): number {
  const rough = spanMs / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const nice = [1, 2, 5, 10].find((n) => n * power >= rough) ?? 10;
  return nice * power;
}

/** `640 ms`, `1.24 s`, `−35 ms`. */
export function formatMs(ms: number): string {
  const sign = ms < 0 && Math.round(ms) !== 0 ? '−' : '';
  const size = Math.abs(ms);
  return size < 995 ? `${sign}${Math.round(size)} ms` : `${sign}${(size / 1000).toFixed(2)} s`;
}
