/** Who she can be. */
import type { TrustState } from '../../state/trust.js';
import { personaWords } from '../../state/trust-words.js';
import { h, setText } from '../dom.js';
import type { Hand, View } from './asking.js';
import { form, freshId, submit, TellLine } from './parts.js';

export class PersonasView implements View {
  readonly title = 'Who she is';
  readonly root = h('div', { class: 'view' });
  private readonly told = new TellLine();
  private readonly list = h('fieldset', { class: 'choices' });
  private readonly choose: HTMLFormElement;
  private readonly none = h('p', { class: 'about' }, '');
  private shown: TrustState['personas'] = null;

  constructor(private readonly hand: Hand) {
    this.choose = form(() => this.chosen(), this.list, submit('Be this one'));
    this.choose.hidden = true;
    this.root.append(this.told.root, h('p', {}, 'A persona changes how she speaks and acts. What she must never do stays as it is.'), this.none, this.choose);
  }

  ask(): void {
    this.hand.ask('personas', { type: 'persona_list' });
  }

  close(): void {}

  render({ personas, told }: TrustState): void {
    this.told.render(told.personas);
    if (personas === null || personas === this.shown) return;
    this.shown = personas;
    this.choose.hidden = personas.all.length === 0;
    setText(this.none, personas.all.length === 0 ? 'There are none to choose from. “janet persona import” takes one in.' : '');
    this.list.replaceChildren(
      h('legend', { class: 'visually-hidden' }, 'Personas'),
      ...personas.all.map((persona) => {
        const { personaId, description } = persona;
        const name = personaWords(persona, personas.all);
        const id = freshId();
        const isActive = personaId === personas.active;
        const radio = h('input', { id, type: 'radio', name: 'persona', value: personaId, ...(isActive ? { checked: true } : {}), 'aria-describedby': `${id}-about` });
        return h('div', { class: 'choice' }, radio, h('div', {}, h('label', { for: id }, isActive ? `${name} (now)` : name), h('p', { id: `${id}-about`, class: 'about' }, description)));
      }),
    );
  }

  private chosen(): void {
    const persona_id = this.list.querySelector<HTMLInputElement>('input:checked')?.value;
    if (persona_id !== undefined && persona_id !== this.shown?.active) this.hand.ask('personas', { type: 'persona_set', persona_id });
  }
}
