/** Choosing who Janet is: a file by a button in the settings, or dropped anywhere onto the page. */
import type { Worn } from '../face/avatar/wardrobe.js';
import { byId, setText } from './dom.js';

export interface AvatarViewEvents {
  onFile(file: File): void;
  onOwn(): void;
}

export class AvatarView {
  private readonly name = byId('avatar-name');
  private readonly choose = byId<HTMLButtonElement>('avatar-choose');
  private readonly own = byId<HTMLButtonElement>('avatar-own');
  private readonly told = byId('avatar-told');

  constructor(events: AvatarViewEvents) {
    const input = byId<HTMLInputElement>('avatar-file');
    this.choose.addEventListener('click', () => input.click());
    input.addEventListener('change', () => {
      const file = input.files?.[0];
      // The same file may be chosen again, after it was changed.
      input.value = '';
      if (file !== undefined) events.onFile(file);
    });
    this.own.addEventListener('click', () => {
      events.onOwn();
      // It is about to go; the focus must not fall to the body.
      this.choose.focus();
    });
    this.takeDrops(events);
    // There is a stage for her.
    byId('avatar-field').hidden = false;
  }

  /** Whether what is told here is seen. */
  get isOpen(): boolean {
    return this.told.checkVisibility();
  }

  render(worn: Worn): void {
    setText(this.name, worn.kind === 'own' ? 'Janet’s own head' : worn.kind === 'opening' ? `Opening ${worn.name}…` : worn.name);
    this.own.hidden = worn.kind !== 'avatar';
  }

  /** Beside the button, since a dialog lies over the conversation; empty for nothing. */
  tell(text: string): void {
    setText(this.told, text);
  }

  private takeDrops(events: AvatarViewEvents): void {
    // Of an element that is left for one within it the page hears as well.
    let depth = 0;
    const over = (by: number): void => {
      depth = Math.max(0, depth + by);
      document.body.toggleAttribute('data-drop', depth > 0);
    };
    document.addEventListener('dragenter', (event) => {
      if (carriesFiles(event)) over(1);
    });
    document.addEventListener('dragleave', (event) => {
      if (carriesFiles(event)) over(-1);
    });
    document.addEventListener('dragover', (event) => {
      // Without this the browser would open the file in place of the page.
      if (carriesFiles(event)) event.preventDefault();
    });
    document.addEventListener('drop', (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      over(-depth);
      const file = event.dataTransfer?.files[0];
      if (file !== undefined) events.onFile(file);
    });
  }
}

function carriesFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes('Files') ?? false;
}
