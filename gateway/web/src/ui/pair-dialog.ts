/** Asks for the code of `janet pair`, and says what came of it. */
import type { Step } from '../lock/pairing.js';
import { codeIn } from '../lock/pairing.js';
import { byId, setText } from './dom.js';

export class PairDialog {
  private readonly dialog = byId<HTMLDialogElement>('pair');
  private readonly code = byId<HTMLInputElement>('pair-code');
  private readonly send = byId<HTMLButtonElement>('pair-send');
  private readonly told = byId('pair-told');

  constructor(onCode: (code: string) => void) {
    // Without a key there is nothing behind it.
    this.dialog.addEventListener('cancel', (event) => event.preventDefault());
    byId<HTMLFormElement>('pair-form').addEventListener('submit', (event) => {
      event.preventDefault();
      const code = codeIn(this.code.value);
      if (code !== null) onCode(code);
      else setText(this.told, 'The code has eight digits.');
    });
  }

  /** With the code that came in the address, if one did. */
  show(code: string | null): void {
    if (this.dialog.open) return;
    if (code !== null) this.code.value = code;
    this.dialog.showModal();
    this.code.focus();
  }

  hide(): void {
    this.dialog.close();
  }

  render(step: Step): void {
    this.send.disabled = step.kind !== 'asked';
    setText(this.told, step.kind === 'asked' ? (step.why ?? '') : step.kind === 'trying' ? 'Pairing …' : 'Paired.');
  }
}
