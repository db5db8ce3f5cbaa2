/**
 * Who Janet is on the stage: her own head, or the avatar that somebody chose. One at a time: of several files
 * that are opened at once the last one counts. Knows nothing of the page.
 */
import type { Figure } from '../figure.js';
import type { Explanation } from '../../state/explain.js';
import { AvatarError, explainAvatar } from './fault.js';
import { forgetAvatar, keepAvatar, keptAvatar, type KeptAvatar } from './keep.js';
import { LIMITS } from './limits.js';
import { Openings } from './opening.js';

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
  /** Who stands there, whatever is being opened. */
  private settled: Worn = OWN;
  /** What was opened before is of no use once another is. */
  private turn = 0;
  /** Files that were begun to be read, and the last of those that count: an earlier one is late then. */
  private reading = 0;
  private read = 0;
  /** Figures that came onto the stage. */
  private stood = 0;

  constructor(
    private readonly events: WardrobeEvents,
    private readonly openings = new Openings(),
  ) {}

  /** Puts on what was kept on an earlier day. */
  async open(): Promise<void> {
    const turn = (this.turn += 1);
    const [ended, kept] = await Promise.all([this.openings.ended(), keptAvatar()]);
    if (turn !== this.turn) return;
    if (ended !== null) {
      // One that was never worn is not the one that is kept.
      const stays = ended.isNew && kept !== null ? `${kept.name} stays` : 'Janet keeps her own head';
      this.events.onTold({ title: `The page ended while it opened ${ended.name}.`, todo: `${stays}; choose the file again to try once more.` });
      if (!ended.isNew) {
        await forgetAvatar();
        return;
      }
    }
    if (kept === null) return;
    // One that cannot be opened any more would say so at every visit.
    if ((await this.wear(kept, false)) === 'refused') await forgetAvatar();
  }

  /** Takes a file that somebody chose or dropped. One that is not even opened changes nothing. */
  async take(file: File): Promise<void> {
    if (file.size > LIMITS.fileBytes) {
      // Not even read.
      this.events.onTold(explainAvatar(new AvatarError('too_large', `it has ${Math.round(file.size / 2 ** 20)} MiB, and ${LIMITS.fileBytes / 2 ** 20} MiB are taken`)));
      return;
    }
    const reading = (this.reading += 1);
    let bytes: ArrayBuffer;
    try {
      bytes = await file.arrayBuffer();
    } catch {
      this.events.onTold({ title: 'The browser could not read that file.', todo: 'It may have been moved; choose it again.' });
      return;
    }
    // A later one that could not be read changes nothing, so it does not keep this one away either.
    if (reading <= this.read) return;
    this.read = reading;
    await this.wear({ name: file.name, file: bytes }, true);
  }

  /** Her own head again, for good. */
  async takeOff(): Promise<void> {
    const turn = (this.turn += 1);
    this.read = this.reading;
    this.stand(null, OWN);
    // What is said to be gone is gone, also if the page is left at once.
    await forgetAvatar();
    if (turn === this.turn) this.events.onWorn(OWN);
  }

  /** The page is left. */
  leave(): void {
    this.openings.leave();
  }

  /** Whether it is worn now; `late`: another was wanted meanwhile. What is worn already stays where it is not. */
  private async wear({ name, file }: KeptAvatar, isNew: boolean): Promise<'worn' | 'refused' | 'hindered' | 'late'> {
    const turn = (this.turn += 1);
    this.events.onWorn({ kind: 'opening', name });
    const ended = await this.openings.begin({ name, isNew });
    try {
      const { loadAvatar } = await import('./load.js');
      if (turn !== this.turn) return 'late';
      const figure = await loadAvatar(file);
      if (turn !== this.turn) {
        figure.dispose();
        return 'late';
      }
      const worn: Worn = { kind: 'avatar', name };
      const stood = this.stand(figure, worn);
      await this.events.drawn();
      // Another one that is being opened may yet be refused: this one is kept for as long as it stands there.
      if (stood !== this.stood) return 'late';
      // What is said to be worn is there at the next visit, too.
      const isKept = !isNew || (await keepAvatar({ name, file }));
      if (turn !== this.turn) return 'late';
      this.events.onWorn(worn);
      if (!isKept) this.events.onTold({ title: 'The browser does not keep the avatar.', todo: 'Choose it again at the next visit.' });
      return 'worn';
    } catch (error) {
      if (turn !== this.turn) return 'late';
      this.events.onWorn(this.settled);
      this.events.onTold(error instanceof AvatarError ? explainAvatar(error) : { title: 'The avatar could not be opened.', todo: 'Reload the page, then choose it again.' });
      // Everything else may pass: the server is away, or the browser has no memory left.
      return error instanceof AvatarError ? 'refused' : 'hindered';
    } finally {
      ended();
    }
  }

  /** Gives its number. */
  private stand(figure: Figure | null, worn: Worn): number {
    this.settled = worn;
    this.events.onFigure(figure);
    return (this.stood += 1);
  }
}
