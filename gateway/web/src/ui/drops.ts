/**
 * Files that are dragged over the page, and dropped on it: an avatar anywhere. Also where none can be worn, since
 * the browser would open the file in place of the page and end the conversation.
 */
import type { Explanation } from '../state/explain.js';
import { byId, setText } from './dom.js';

/** Who takes it. */
export interface Taker {
  take(file: File): void;
  refuse(why: Explanation): void;
}

export interface DropsEvents {
  /** Null while she has no figure that could be another one. */
  taker(): Taker | null;
  onFault(title: string, todo: string): void;
}

/** What is said of what is dragged. */
export interface Over {
  readonly title: string;
  readonly todo: string;
  readonly isTaken: boolean;
}

/** Over a page a browser tells of it several times a second, and of its end not always. */
const GONE_AFTER_MS = 700;

const NO_FACE: Explanation = { title: 'Janet’s face is not shown now.', todo: 'She can wear an avatar once it is: “Show her face” in the settings.' };
const SEVERAL: Explanation = { title: 'Janet wears one avatar at a time.', todo: 'None of these was taken; drop a single VRM or GLB file.' };
const NO_FILE: Explanation = { title: 'That is not a file.', todo: 'Drop a VRM or GLB file; one within a folder or an archive has to be taken out first.' };

/** Before it is dropped a page is told kinds alone, and of most files an empty one. Pure. */
export function over(kinds: readonly string[], hasFace: boolean): Over {
  if (!hasFace) return { ...NO_FACE, isTaken: false };
  if (kinds.length > 1) return { title: SEVERAL.title, todo: 'Drop a single VRM or GLB file.', isTaken: false };
  const other = kinds.some((kind) => kind !== '' && !/^(model\/|application\/octet-stream)/.test(kind));
  if (other) return { title: 'That is no avatar.', todo: 'A VRM or GLB file is taken; no pictures, archives or other models.', isTaken: false };
  return { title: 'Drop a VRM or GLB file to dress Janet', todo: 'One file; no pictures, archives or other models. It stays in this browser.', isTaken: true };
}

/** The one that is taken, or why none is. Pure. */
export function dropped<One>(files: readonly One[], hasFace: boolean): { taken: One } | { why: Explanation } {
  if (!hasFace) return { why: NO_FACE };
  const [only] = files;
  if (only === undefined) return { why: NO_FILE };
  return files.length > 1 ? { why: SEVERAL } : { taken: only };
}

export class Drops {
  private readonly overlay: HTMLElement & { showPopover?: () => void; hidePopover?: () => void } = byId('drop');
  private readonly title = byId('drop-title');
  private readonly todo = byId('drop-todo');
  private timer: number | undefined;

  constructor(private readonly events: DropsEvents) {
    for (const type of ['dragenter', 'dragover'] as const) document.addEventListener(type, (event) => this.onOver(event));
    document.addEventListener('dragleave', ({ clientX: x, clientY: y, relatedTarget }) => {
      // Of every element that is left the page hears, too.
      if (relatedTarget === null && (x <= 0 || y <= 0 || x >= window.innerWidth || y >= window.innerHeight)) this.hide();
    });
    document.addEventListener('drop', (event) => this.onDrop(event));
  }

  private onOver(event: DragEvent): void {
    const { dataTransfer } = event;
    if (dataTransfer === null || !carriesFiles(dataTransfer)) return;
    event.preventDefault();
    const kinds = [...dataTransfer.items].filter(({ kind }) => kind === 'file').map(({ type }) => type);
    const { title, todo, isTaken } = over(kinds, this.events.taker() !== null);
    // Also what is refused may be dropped: then it is said why.
    dataTransfer.dropEffect = 'copy';
    setText(this.title, title);
    setText(this.todo, todo);
    this.overlay.toggleAttribute('data-refused', !isTaken);
    this.show();
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.hide(), GONE_AFTER_MS);
  }

  private onDrop(event: DragEvent): void {
    const { dataTransfer } = event;
    if (dataTransfer === null || !carriesFiles(dataTransfer)) return;
    event.preventDefault();
    this.hide();
    const taker = this.events.taker();
    const result = dropped([...dataTransfer.files], taker !== null);
    if ('taken' in result) taker?.take(result.taken);
    else if (taker !== null) taker.refuse(result.why);
    else this.events.onFault(result.why.title, result.why.todo);
  }

  /** Over an open dialog, too, where the browser has a layer for that. */
  private show(): void {
    if (!this.overlay.hidden) return;
    this.overlay.hidden = false;
    this.overlay.showPopover?.();
  }

  private hide(): void {
    window.clearTimeout(this.timer);
    if (this.overlay.hidden) return;
    this.overlay.hidePopover?.();
    this.overlay.hidden = true;
  }
}

function carriesFiles({ types }: DataTransfer): boolean {
  return types.includes('Files');
}
