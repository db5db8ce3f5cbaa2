/** Draws a turn's ledger: bars for the eye, a table for everybody else. */
import type { Latency } from '../protocol/messages.js';
import { h, svg } from './dom.js';
import { formatMs, layoutWaterfall, type Waterfall } from './waterfall-layout.js';

const WIDTH = 560;
const ROW = 26;
const LABEL = 140;
const VALUE = 64;
const TOP = 22;

/** The drawing and its table; `null` when the ledger is empty. */
export function waterfall(latency: Latency): HTMLElement | null {
  const layout = layoutWaterfall(latency);
  if (layout.lanes.length === 0) return null;
  return h('figure', { class: 'waterfall' }, draw(layout) as unknown as HTMLElement, table(layout));
}

/** The summary line of a turn, or `null` when there is nothing to say. */
export function headline(latency: Latency): string | null {
  const { headline: ms, lanes } = layoutWaterfall(latency);
  if (ms !== null) return `First sound after ${formatMs(ms)}`;
  const word = latency['llm_first'];
  if (word !== undefined) return `First word after ${formatMs(word)}`;
  return lanes.length > 0 ? 'Timing' : null;
}

function draw(layout: Waterfall): SVGElement {
  const height = TOP + layout.lanes.length * ROW + 6;
  const plot = WIDTH - LABEL - VALUE;
  const x = (ms: number): number =>
    LABEL + ((Math.min(ms, layout.end) - layout.start) / (layout.end - layout.start)) * plot;

  const grid = layout.ticks.flatMap((tick) => [
    svg('line', { class: tick === 0 ? 'wf-zero' : 'wf-grid', x1: px(x(tick)), x2: px(x(tick)), y1: px(TOP - 4), y2: px(height) }),
    svg('text', { class: 'wf-tick', x: px(x(tick)), y: '12', 'text-anchor': 'middle' }, tick === 0 ? '0' : String(Math.round(tick))),
  ]);
  const lanes = layout.lanes.flatMap((lane, row) => {
    const y = TOP + row * ROW;
    const middle = y + ROW / 2;
    const width = Math.max(3, x(lane.to) - x(lane.from));
    const shapes = [
      svg('text', { class: 'wf-label', x: '0', y: px(middle + 4) }, lane.label),
      svg('rect', { class: `wf-bar wf-${lane.mark}${lane.ahead ? ' wf-ahead' : ''}`, x: px(x(lane.to) - width), y: px(y + 7), width: px(width), height: '12', rx: '3' }),
      svg('text', { class: 'wf-value', x: px(WIDTH), y: px(middle + 4), 'text-anchor': 'end' }, formatMs(lane.to)),
    ];
    if (lane.tail !== null) {
      shapes.splice(1, 0, svg('rect', { class: `wf-tail wf-${lane.mark}`, x: px(x(lane.to)), y: px(y + 11), width: px(Math.max(0, x(lane.tail) - x(lane.to))), height: '4' }));
    }
    return shapes;
  });
  return svg(
    'svg',
    { class: 'wf', viewBox: `0 0 ${WIDTH} ${height}`, role: 'img', 'aria-label': 'Milliseconds from the end of speech, stage by stage; the table below has the numbers.' },
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
