/** The audio loop, measured when asked: a small waterfall, each part of it labelled measured or reckoned. */
import { audioLoop, loopMs, type AudioLoop, type Look } from '../rtc/audio-loop.js';
import type { State } from '../state/model.js';
import { byId, h, setText } from './dom.js';
import { drawing, NARROW } from './waterfall.js';
import { formatMs, tickStep, type Waterfall } from './waterfall-layout.js';

/** Long enough for a steady mean, short enough to wait for. */
const MEASURED_FOR_MS = 3_000;

export class LoopMeter {
  private readonly button = byId<HTMLButtonElement>('loop-measure');
  private readonly note = byId('loop-note');
  private readonly result = byId('loop-result');
  private measuring = false;

  /** `look`: what the browser counts now; null without a call. */
  constructor(private readonly look: () => Promise<Look | null>) {
    this.button.addEventListener('click', () => void this.measure());
  }

  render(state: State): void {
    const isThere = state.way === 'call';
    // What has the focus keeps it.
    this.button.disabled = !isThere && !this.measuring;
    if (!this.measuring && this.result.childElementCount === 0) {
      setText(this.note, isThere ? 'From the microphone to Janet and back to your ear, without the time she thinks.' : 'Can be measured while voice goes over WebRTC.');
    }
  }

  private async measure(): Promise<void> {
    if (this.measuring) return;
    this.measuring = true;
    setText(this.note, 'Measuring …');
    try {
      const before = await this.look();
      await new Promise((resolve) => window.setTimeout(resolve, MEASURED_FOR_MS));
      const after = await this.look();
      this.show(before === null || after === null ? null : audioLoop(before, after));
    } finally {
      this.measuring = false;
    }
  }

  private show(loop: AudioLoop | null): void {
    if (loop === null) {
      this.result.replaceChildren();
      setText(this.note, 'Nothing came over the call meanwhile; measure again.');
      return;
    }
    setText(this.note, `${formatMs(loopMs(loop))} are known. Not seen from here: ${loop.unseen.join('; ')}.`);
    const figure = drawing(layoutLoop(loop), NARROW, 'Milliseconds, part by part; the table below has the numbers.', ({ from, to }) => formatMs(tenth(to - from)));
    const rows = loop.parts.map(({ name, ms, source }) => h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, source), h('td', {}, formatMs(tenth(ms)))));
    this.result.replaceChildren(
      h('figure', { class: 'waterfall' }, figure as unknown as HTMLElement),
      h('p', { class: 'loop-key', 'aria-hidden': 'true' }, h('span', { class: 'measured' }, 'measured'), h('span', { class: 'reckoned' }, 'reckoned')),
      h('details', { class: 'wf-table' }, h('summary', {}, 'Numbers'), h('table', {}, h('tbody', {}, ...rows))),
    );
  }
}

/** So that a sum's last digits do not show. */
function tenth(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** Each part begins where the one before it ends. */
export function layoutLoop({ parts }: AudioLoop): Waterfall {
  let at = 0;
  const lanes = parts.map(({ name, ms, source }) => {
    const from = at;
    at += ms;
    return { mark: source, label: name, from, to: at, tail: null, ahead: false };
  });
  const step = tickStep(Math.max(1, at));
  const end = Math.ceil((Math.max(1, at) * 1.02) / step) * step;
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, i) => i * step);
  return { lanes, start: 0, end, ticks, headline: null };
}
