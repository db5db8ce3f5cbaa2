/**
 * Who Janet is on the stage: her own head, or the avatar that somebody chose. One at a time: of several files
 * that are opened at once the last one counts. Knows nothing of the page.
 */
import type { Figure } from '../figure.js';
import type { Explanation } from '../../state/explain.js';
import { AvatarError, explainAvatar } from './fault.js';
import { endedWhileOpening, forgetAvatar, keepAvatar, keptAvatar, setOpening, type KeptAvatar } from './keep.js';
import { LIMITS } from './limits.js';

export interface WardrobeEvents {
  /** This one is on the stage from now on, and the one before is gone; null: her own head. */
  onFigure(figure: Figure | null): void;
  /** Resolves once it was drawn: until then nobody knows whether the browser survives it. */
  drawn(): Promise<void>;
  onWorn(worn: Worn): void;
  /** Something to know: why a file was not taken, what becomes of it. */
  onTold(told: Explanation): void;
}

/** What is worn, for what is shown of it. */
export type Worn = { kind: 'own' } | { kind: 'opening'; name: string } | { kind: 'avatar'; name: string };

const OWN: Worn = { kind: 'own' };

export class Wardrobe {
  /** What is worn, whatever is being opened. */
  private settled: Worn = OWN;
  /** What was opened before is of no use once another was. */
  private turn = 0;

  constructor(private readonly events: WardrobeEvents) {}

  /** Puts on what was kept on an earlier day. */
  async open(): Promise<void> {
    const turn = (this.turn += 1);
    const kept = await keptAvatar();
    if (kept === null || turn !== this.turn) return;
    if (endedWhileOpening()) {
      setOpening(false);
      this.events.onTold({ title: `The page ended while it opened ${kept.name}.`, todo: 'Janet keeps her own head; choose the file again to try once more.' });
      await forgetAvatar();
      return;
    }
    const { turn: begun } = this;
    // One that cannot be opened any more would say so at every visit.
    if (!(await this.wear(kept, false)) && this.turn === begun + 1) await forgetAvatar();
  }

  /** Takes a file that somebody chose or dropped. */
  async take(file: File): Promise<void> {
    const turn = (this.turn += 1);
    if (file.size > LIMITS.fileBytes) {
      // Not even read.
      this.events.onTold(explainAvatar(new AvatarError('too_large', `it has ${Math.round(file.size / 2 ** 20)} MiB, and ${LIMITS.fileBytes / 2 ** 20} MiB are taken`)));
      return;
    }
    let bytes: ArrayBuffer;
    try {
      bytes = await file.arrayBuffer();
    } catch {
      this.events.onTold({ title: 'The browser could not read that file.', todo: 'It may have been moved; choose it again.' });
      return;
    }
    if (turn !== this.turn) return;
    await this.wear({ name: file.name, file: bytes }, true);
  }

  /** Her own head again, for good. */
  async takeOff(): Promise<void> {
    const turn = (this.turn += 1);
    setOpening(false);
    this.events.onFigure(null);
    // What is said to be gone is gone, also if the page is left at once.
    await forgetAvatar();
    if (turn === this.turn) this.show(OWN);
  }

  /** Whether it is worn now. What is worn already stays where it is not. */
  private async wear({ name, file }: KeptAvatar, isNew: boolean): Promise<boolean> {
    const turn = (this.turn += 1);
    const before = this.settled;
    this.show({ kind: 'opening', name });
    setOpening(true);
    try {
      const { loadAvatar } = await import('./load.js');
      const figure = await loadAvatar(file);
      if (turn !== this.turn) {
        figure.dispose();
        return false;
      }
      this.events.onFigure(figure);
      await this.events.drawn();
      if (turn !== this.turn) return false;
      // What is said to be worn is there at the next visit, too.
      const isKept = !isNew || (await keepAvatar({ name, file }));
      if (turn !== this.turn) return false;
      this.show({ kind: 'avatar', name });
      if (!isKept) this.events.onTold({ title: 'The browser does not keep the avatar.', todo: 'Choose it again at the next visit.' });
      return true;
    } catch (error) {
      if (turn !== this.turn) return false;
      this.show(before);
      this.events.onTold(error instanceof AvatarError ? explainAvatar(error) : { title: 'The avatar could not be opened.', todo: 'Reload the page, then choose it again.' });
      return false;
    } finally {
      if (turn === this.turn) setOpening(false);
    }
  }

  private show(worn: Worn): void {
    if (worn.kind !== 'opening') this.settled = worn;
    this.events.onWorn(worn);
  }
}
