/** The text box: Enter sends, Shift+Enter makes a line. */
import { byId } from './dom.js';

export interface ComposerEvents {
  /** False: it could not be sent and stays in the box. */
  onSend(text: string): boolean;
  onSpeak(on: boolean): void;
}

export class Composer {
  private readonly form = byId<HTMLFormElement>('composer');
  private readonly box = byId<HTMLTextAreaElement>('text');
  private readonly button = byId<HTMLButtonElement>('send');
  private readonly speak = byId<HTMLInputElement>('speak');
  private open = false;

  constructor(private readonly events: ComposerEvents) {
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.submit();
    });
    this.box.addEventListener('keydown', (event) => {
      // `isComposing`: Enter that only picks a word from an input method is no send.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    });
    this.box.addEventListener('input', () => this.fit());
    this.speak.addEventListener('change', () => events.onSpeak(this.speak.checked));
    this.fit();
  }

  /** Whether messages can be sent now. */
  render(open: boolean, speak: boolean): void {
    this.open = open;
    this.speak.checked = speak;
    this.button.disabled = !open || this.box.value.trim() === '';
    this.box.placeholder = open ? 'Message Janet' : 'Message Janet (in a moment)';
  }

  focus(): void {
    this.box.focus();
  }

  private submit(): void {
    const text = this.box.value.trim();
    if (!this.open || text === '' || !this.events.onSend(text)) return;
    this.box.value = '';
    this.fit();
  }

  /** Grows the box with its text; the style sheet bounds it. */
  private fit(): void {
    this.box.style.height = 'auto';
    this.box.style.height = `${this.box.scrollHeight}px`;
    this.button.disabled = !this.open || this.box.value.trim() === '';
  }
}
