/** All that can be looked at; a chunk of its own. */
import type { TrustView } from '../../state/trust.js';
import type { Hand, View } from './asking.js';
import { AuditView } from './audit.js';
import { GrantsView } from './grants.js';
import { MemoryView } from './memory.js';
import { PersonasView } from './personas.js';
import { PrivacyView } from './privacy.js';
import { TransferView } from './transfer.js';
import { VaultView } from './vault.js';

export const VIEWS: Readonly<Record<TrustView, (hand: Hand) => View>> = {
  memory: (hand) => new MemoryView(hand),
  vault: (hand) => new VaultView(hand),
  privacy: (hand) => new PrivacyView(hand),
  grants: (hand) => new GrantsView(hand),
  audit: (hand) => new AuditView(hand),
  personas: (hand) => new PersonasView(hand),
  transfer: (hand) => new TransferView(hand),
};
