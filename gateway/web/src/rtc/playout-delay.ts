/**
 * How long sound takes from where the browser says that it was played to the loudspeaker, by its own count
 * (W3C webrtc-stats, `media-playout`): an audio context's latency is that of another way out. Pure.
 */
import type { Fields } from './call-stats.js';

interface Counted {
  id: unknown;
  /** Of all samples together, in seconds. */
  delay: number;
  samples: number;
}

export class PlayoutDelay {
  private last: Counted | null = null;
  private mean: number | null = null;

  /** Of what was played between the last two looks, in ms; null where the browser does not count it. */
  get ms(): number | null {
    return this.mean;
  }

  /** What the browser counts now. */
  look(reports: readonly unknown[]): void {
    const now = counted(reports);
    // Another loudspeaker may be counted anew, and one that was never looked at has its whole past.
    const { last } = this;
    const since = last !== null && now !== null && last.id === now.id && last.samples <= now.samples ? last : { delay: 0, samples: 0 };
    this.last = now;
    if (now === null) this.mean = null;
    else if (now.samples > since.samples) this.mean = Math.max(0, ((now.delay - since.delay) / (now.samples - since.samples)) * 1_000);
  }
}

function counted(reports: readonly unknown[]): Counted | null {
  const report = reports.find((one): one is Fields => typeof one === 'object' && one !== null && (one as Fields)['type'] === 'media-playout');
  const [delay, samples] = [report?.['totalPlayoutDelay'], report?.['totalSamplesCount']];
  return typeof delay === 'number' && typeof samples === 'number' ? { id: report?.['id'], delay, samples } : null;
}
