/** One of the server's lists in the settings, there only while there is something to choose. */
import type { Choice } from '../protocol/messages.js';
import { isChoice, label, shownAs } from '../state/choices.js';
import type { Explanation } from '../state/explain.js';
import { byId, h } from './dom.js';

export class ChoiceList {
  private readonly field: HTMLElement;
  private readonly list: HTMLSelectElement;
  /** Why a choice was refused; a live region. */
  private readonly note: HTMLElement;
  private shown = '';
  private told: Explanation | undefined;

  constructor(name: string, onChosen: (id: string) => void) {
    this.field = byId(`${name}-field`);
    this.list = byId<HTMLSelectElement>(name);
    this.note = byId(`${name}-refused`);
    this.list.addEventListener('change', () => onChosen(this.list.value));
  }

  render(offered: readonly Choice[], holds: string | undefined, refused: Explanation | undefined): void {
    // What was just refused may have been the last there was to choose: that is said all the same.
    this.field.hidden = !isChoice(offered) && refused === undefined;
    // The same list comes with every answer; one that is open must not close because of it.
    const shown = JSON.stringify(offered);
    if (shown !== this.shown) {
      this.shown = shown;
      this.list.replaceChildren(...offered.map((choice) => h('option', { value: choice.id }, label(choice))));
    }
    const chosen = shownAs(offered, holds);
    if (this.list.value !== chosen) this.list.value = chosen;
    this.tell(refused);
  }

  /** By identity, not by its words: a second refusal is news to a screen reader, too. */
  private tell(refused: Explanation | undefined): void {
    if (refused === this.told) return;
    this.told = refused;
    this.note.replaceChildren(...(refused === undefined ? [] : [`${refused.title} ${refused.todo}`]));
  }
}
