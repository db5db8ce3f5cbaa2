/** Choosing who Janet is, by a file. What is dropped onto the page is drops.ts. */
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
}
