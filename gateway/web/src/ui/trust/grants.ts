/** Standing consents: what she may without asking. */
import type { TrustState } from '../../state/trust.js';
import { actionWords, when } from '../../state/trust-words.js';
import { h } from '../dom.js';
import type { Hand, View } from './asking.js';
import { button, form, freshId, lineField, submit, TellLine } from './parts.js';

const OTHER = 'other';
/** How the server calls handing requests on. */
const DELEGATE = 'delegate:';

export class GrantsView implements View {
  readonly title = 'What she may without asking';
  readonly root = h('div', { class: 'view' });
  private readonly told = new TellLine();
  private readonly list = h('ul');
  private readonly none = h('p', { class: 'about' }, 'Nothing: she asks each time.');
  private shown: TrustState['grants'] = null;

  constructor(private readonly hand: Hand) {
    const id = freshId();
    const what = h(
      'select',
      { id, class: 'line' },
      h('option', { value: 'remember' }, 'Remember something'),
      h('option', { value: 'transfer' }, 'Move a conversation to the other soul'),
      h('option', { value: OTHER }, 'Hand requests on to …'),
    );
    const name = lineField('Whom', { maxlength: '120' });
    name.root.hidden = true;
    what.addEventListener('change', () => (name.root.hidden = what.value !== OTHER));
    const add = form(
      () => {
        const whom = name.input.value.trim().toLowerCase();
        const action = what.value === OTHER ? `${DELEGATE}${whom}` : what.value;
        if (action === DELEGATE) name.input.focus();
        else this.hand.ask('grants', { type: 'grant_add', action });
      },
      h('div', { class: 'field' }, h('label', { for: id }, 'Allow for good'), what),
      name.root,
      submit('Allow it'),
    );
    this.none.hidden = true;
    this.root.append(this.told.root, this.none, this.list, h('section', {}, h('h3', {}, 'One more'), h('p', { class: 'about' }, 'Janet asks you once; a click is needed.'), add));
  }

  ask(): void {
    this.hand.ask('grants', { type: 'grant_list' });
  }

  close(): void {}

  render({ grants, told }: TrustState): void {
    this.told.render(told.grants);
    if (grants === null || grants === this.shown) return;
    this.shown = grants;
    this.none.hidden = grants.length > 0;
    const hadFocus = this.list.contains(document.activeElement);
    this.list.replaceChildren(
      ...grants.map(({ grantId, action, sinceMs }) => {
        const words = actionWords(action);
        const revoke = button('Revoke', () => void this.hand.ask('grants', { type: 'grant_revoke', grant_id: grantId }));
        revoke.setAttribute('aria-label', `Revoke: ${words}`);
        return h('li', { class: 'item' }, h('p', { class: 'item-name' }, `She may ${words}.`), h('p', { class: 'about' }, `Since ${when(sinceMs)}`), revoke);
      }),
    );
    if (hadFocus) this.root.querySelector<HTMLElement>('select')?.focus();
  }
}
