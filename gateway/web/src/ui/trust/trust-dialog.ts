/** Where memory, secrets and all that is about trust is looked at: one view at a time, made when it is opened and gone with it. */
import type { State } from '../../state/model.js';
import type { TrustView } from '../../state/trust.js';
import { isOffered, type Capability } from '../../state/trusted.js';
import { byId, setText } from '../dom.js';
import type { Hand, SecretsView, View } from './asking.js';

/** What each of them is about. What shows them is loaded with the first. */
const NEEDS: Readonly<Record<TrustView, Capability>> = {
  memory: 'memory',
  vault: 'vault',
  privacy: 'consent',
  grants: 'consent',
  audit: 'audit',
  personas: 'personas',
  transfer: 'transfer',
};
const NAMES = Object.keys(NEEDS) as TrustView[];

export class TrustDialog {
  private readonly dialog = byId<HTMLDialogElement>('trust');
  private readonly place = byId('trust-view');
  private readonly section = byId('trust-section');
  private view: { name: TrustView; shown: View } | null = null;
  private state: State | null = null;

  constructor(
    private readonly hand: Hand,
    /** What shows them could not be loaded. */
    private readonly onMissing: () => void,
  ) {
    for (const name of NAMES) byId(`trust-${name}`).addEventListener('click', () => void this.open(name));
    byId('trust-close').addEventListener('click', () => this.dialog.close());
    this.dialog.addEventListener('close', () => {
      if (!this.dialog.open) this.leave();
    });
  }

  async open(name: TrustView): Promise<void> {
    const { state } = this;
    if (state === null || !isOffered(state, NEEDS[name])) return;
    const views = await import('./views.js').catch(() => null);
    if (views === null) {
      this.onMissing();
      return;
    }
    this.leave();
    const shown = views.VIEWS[name](this.hand);
    this.view = { name, shown };
    this.hand.apply({ type: 'trust_shown', view: name });
    setText(byId('trust-title'), shown.title);
    this.place.replaceChildren(shown.root);
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.scrollTop = 0;
    byId('trust-title').focus();
    shown.ask();
  }

  /** What comes out of the vault goes to whoever shows the vault, and to nobody else. */
  get secrets(): SecretsView | null {
    return this.view?.shown.secrets ?? null;
  }

  render(state: State): void {
    const isBack = state.link.kind === 'open' && state.status !== null && this.state?.status === null;
    this.state = state;
    const offered = NAMES.filter((name) => isOffered(state, NEEDS[name]));
    this.section.hidden = offered.length === 0;
    for (const name of NAMES) byId(`trust-${name}`).hidden = !offered.includes(name);
    if (this.view === null) return;
    // Another server, or another role: there is nothing to look at any more.
    if (!offered.includes(this.view.name)) {
      this.dialog.close();
      return;
    }
    // What came out of a vault does not outlive the connection that it came over.
    if (state.link.kind !== 'open') this.secrets?.conceal();
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
