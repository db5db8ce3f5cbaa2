/** Where memory, secrets and all that is about trust is looked at: one view at a time, made when it is opened and gone with it. */
import type { State } from '../../state/model.js';
import type { TrustView } from '../../state/trust.js';
import { isOffered, type Capability } from '../../state/trusted.js';
import { byId, setText } from '../dom.js';
import type { Hand, View } from './asking.js';
import { AuditView } from './audit.js';
import { GrantsView } from './grants.js';
import { MemoryView } from './memory.js';
import { PersonasView } from './personas.js';
import { PrivacyView } from './privacy.js';
import { TransferView } from './transfer.js';
import { VaultView } from './vault.js';

const VIEWS: Readonly<Record<TrustView, { needs: Capability; make(hand: Hand): View }>> = {
  memory: { needs: 'memory', make: (hand) => new MemoryView(hand) },
  vault: { needs: 'vault', make: (hand) => new VaultView(hand) },
  privacy: { needs: 'consent', make: (hand) => new PrivacyView(hand) },
  grants: { needs: 'consent', make: (hand) => new GrantsView(hand) },
  audit: { needs: 'audit', make: (hand) => new AuditView(hand) },
  personas: { needs: 'personas', make: (hand) => new PersonasView(hand) },
  transfer: { needs: 'transfer', make: (hand) => new TransferView(hand) },
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
    const { needs, make } = VIEWS[name];
    if (state === null || !isOffered(state, needs)) return;
    this.leave();
    const shown = make(this.hand);
    this.view = { name, shown };
    this.hand.apply({ type: 'trust_shown', view: name });
    setText(byId('trust-title'), shown.title);
    this.place.replaceChildren(shown.root);
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.scrollTop = 0;
    byId('trust-title').focus();
    shown.ask();
  }

  /** The vault, while it is looked at: nobody else is given what comes out of it. */
  get vault(): VaultView | null {
    return this.view?.shown instanceof VaultView ? this.view.shown : null;
  }

  render(state: State): void {
    const isBack = state.link.kind === 'open' && state.status !== null && this.state?.status === null;
    this.state = state;
    const offered = NAMES.filter((name) => isOffered(state, VIEWS[name].needs));
    this.section.hidden = offered.length === 0;
    for (const name of NAMES) byId(`trust-${name}`).hidden = !offered.includes(name);
    if (this.view === null) return;
    // Another server, or another role: there is nothing to look at any more.
    if (!offered.includes(this.view.name)) {
      this.dialog.close();
      return;
    }
    // What came out of a vault does not outlive the connection that it came over.
    if (state.link.kind !== 'open') this.vault?.conceal();
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
