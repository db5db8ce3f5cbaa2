/** Draws a turn's ledger: bars for the eye, a table for everybody else. */
import type { Latency } from '../protocol/messages.js';
import { h, svg } from './dom.js';
import { formatMs, layoutWaterfall, type Lane, type Waterfall } from './waterfall-layout.js';

/** Measures in CSS pixels at the drawing's natural size. */
interface Format {
  width: number;
  /** Room for the labels at the left. */
  label: number;
  /** Room for the numbers at the right. */
  value: number;
}

/** Under an answer, and in the side panel. */
export const WIDE: Format = { width: 650, label: 140, value: 66 };
export const NARROW: Format = { width: 312, label: 124, value: 58 };

const ROW = 26;
const TOP = 22;
/** Ticks closer together than this would touch. */
const TICK_ROOM = 34;

const TURN = 'Milliseconds from the end of speech, stage by stage; the table below has the numbers.';

/** The drawing and its table; `null` when the ledger is empty. */
export function waterfall(latency: Latency, format: Format): HTMLElement | null {
  const layout = layoutWaterfall(latency);
  if (layout.lanes.length === 0) return null;
  return h('figure', { class: 'waterfall' }, drawing(layout, format, TURN) as unknown as HTMLElement, table(layout));
}

/** The summary line of a turn, or `null` when there is nothing to say. */
export function headline(latency: Latency): string | null {
  const { headline: ms, lanes } = layoutWaterfall(latency);
  if (ms !== null) return `First sound after ${formatMs(ms)}`;
  const word = latency['llm_first'];
  if (word !== undefined) return `First word after ${formatMs(word)}`;
  return lanes.length > 0 ? 'Timing' : null;
}

/** The bars alone, with what they are in words, and for each what stands at its right. */
export function drawing(
  layout: Waterfall,
  { width: whole, label, value }: Format,
  what: string,
  number: (lane: Lane) => string = ({ to }) => formatMs(to),
): SVGElement {
  const height = TOP + layout.lanes.length * ROW + 6;
  const plot = whole - label - value;
  const every = Math.ceil((TICK_ROOM * (layout.ticks.length - 1)) / plot);
  const zero = layout.ticks.indexOf(0);
  const x = (ms: number): number =>
    label + ((Math.min(ms, layout.end) - layout.start) / (layout.end - layout.start)) * plot;

  const ticks = layout.ticks.filter((_, i) => (i - zero) % every === 0);
  const grid = ticks.flatMap((tick) => [
    svg('line', { class: tick === 0 ? 'wf-zero' : 'wf-grid', x1: px(x(tick)), x2: px(x(tick)), y1: px(TOP - 4), y2: px(height) }),
    svg('text', { class: 'wf-tick', x: px(x(tick)), y: '12', 'text-anchor': 'middle' }, String(tick).replace('-', '−')),
  ]);
  const lanes = layout.lanes.flatMap((lane, row) => {
    const y = TOP + row * ROW;
    const middle = y + ROW / 2;
    const width = Math.max(3, x(lane.to) - x(lane.from));
    const shapes = [
      svg('text', { class: 'wf-label', x: '0', y: px(middle + 4) }, lane.label),
      svg('rect', { class: `wf-bar wf-${lane.mark}${lane.ahead ? ' wf-ahead' : ''}`, x: px(x(lane.to) - width), y: px(y + 7), width: px(width), height: '12', rx: '3' }),
      svg('text', { class: 'wf-value', x: px(whole), y: px(middle + 4), 'text-anchor': 'end' }, number(lane)),
    ];
    if (lane.tail !== null) {
      shapes.splice(1, 0, svg('rect', { class: `wf-tail wf-${lane.mark}`, x: px(x(lane.to)), y: px(y + 11), width: px(Math.max(0, x(lane.tail) - x(lane.to))), height: '4' }));
    }
    return shapes;
  });
  return svg(
    'svg',
    { class: 'wf', viewBox: `0 0 ${whole} ${height}`, role: 'img', 'aria-label': what },
    ...grid,
    ...lanes,
  );
}

function table(layout: Waterfall): HTMLElement {
  const rows = layout.lanes.flatMap((lane) => {
    const row = h('tr', {}, h('th', { scope: 'row' }, lane.label), h('td', {}, h('code', {}, lane.mark)), h('td', {}, formatMs(lane.to)));
    if (lane.tail === null) return [row];
    return [row, h('tr', {}, h('th', { scope: 'row' }, 'Last word thought'), h('td', {}, h('code', {}, 'llm_last')), h('td', {}, formatMs(lane.tail)))];
  });
  return h(
    'details',
    { class: 'wf-table' },
    h('summary', {}, 'Numbers'),
    h('table', {}, h('caption', {}, 'From the end of speech. A minus means: done before it.'), h('tbody', {}, ...rows)),
  );
}

function px(n: number): string {
  return n.toFixed(1);
}
