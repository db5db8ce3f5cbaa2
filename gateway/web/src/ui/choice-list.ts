/** One of the server's lists in the settings, there only while there is something to choose. */
import type { Choice } from '../protocol/messages.js';
import { isChoice, label, shownAs } from '../state/choices.js';
import { byId, h } from './dom.js';

export class ChoiceList {
  private readonly field: HTMLElement;
  private readonly list: HTMLSelectElement;
  private shown = '';

  constructor(name: string, onChosen: (id: string) => void) {
    this.field = byId(`${name}-field`);
    this.list = byId<HTMLSelectElement>(name);
    this.list.addEventListener('change', () => onChosen(this.list.value));
  }

  render(offered: readonly Choice[], holds: string | undefined): void {
    this.field.hidden = !isChoice(offered);
    // The same list comes with every answer; one that is open must not close because of it.
    const shown = JSON.stringify(offered);
    if (shown !== this.shown) {
      this.shown = shown;
      this.list.replaceChildren(...offered.map((choice) => h('option', { value: choice.id }, label(choice))));
    }
    const chosen = shownAs(offered, holds);
    if (this.list.value !== chosen) this.list.value = chosen;
  }
}
