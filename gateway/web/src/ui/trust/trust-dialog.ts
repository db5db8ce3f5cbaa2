/** Where memory, secrets and all that is about trust is looked at: one view at a time, made when it is opened and gone with it. */
import type { State } from '../../state/model.js';
import type { TrustView } from '../../state/trust.js';
import { isOffered, type Capability } from '../../state/trusted.js';
import { byId, setText } from '../dom.js';
import type { Hand, View } from './asking.js';
import { MemoryView } from './memory.js';

const VIEWS: Readonly<Partial<Record<TrustView, { needs: Capability; make(hand: Hand): View }>>> = {
  memory: { needs: 'memory', make: (hand) => new MemoryView(hand) },
};
const NAMES = Object.keys(VIEWS) as TrustView[];

export class TrustDialog {
  private readonly dialog = byId<HTMLDialogElement>('trust');
  private readonly place = byId('trust-view');
  private readonly section = byId('trust-section');
  private view: { name: TrustView; shown: View } | null = null;
  private state: State | null = null;

  constructor(private readonly hand: Hand) {
    for (const name of NAMES) byId(`trust-${name}`).addEventListener('click', () => this.open(name));
    byId('trust-close').addEventListener('click', () => this.dialog.close());
    this.dialog.addEventListener('close', () => {
      if (!this.dialog.open) this.leave();
    });
  }

  open(name: TrustView): void {
    const { state } = this;
    const made = VIEWS[name];
    if (state === null || made === undefined || !isOffered(state, made.needs)) return;
    this.leave();
    const shown = made.make(this.hand);
    this.view = { name, shown };
    this.hand.apply({ type: 'trust_shown', view: name });
    setText(byId('trust-title'), shown.title);
    this.place.replaceChildren(shown.root);
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.scrollTop = 0;
    byId('trust-title').focus();
    shown.ask();
  }

  render(state: State): void {
    const isBack = state.link.kind === 'open' && state.status !== null && this.state?.status === null;
    this.state = state;
    const offered = NAMES.filter((name) => isOffered(state, VIEWS[name]?.needs ?? 'memory'));
    this.section.hidden = offered.length === 0;
    for (const name of NAMES) byId(`trust-${name}`).hidden = !offered.includes(name);
    if (this.view === null) return;
    // Another server, or another role: there is nothing to look at any more.
    if (!offered.includes(this.view.name)) {
      this.dialog.close();
      return;
    }
    if (isBack) this.view.shown.ask();
    this.view.shown.render(state.trust);
  }

  private leave(): void {
    if (this.view === null) return;
    this.view.shown.close();
    this.view = null;
    this.place.replaceChildren();
    this.hand.apply({ type: 'trust_shown', view: null });
  }
}
