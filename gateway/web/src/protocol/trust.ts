/**
 * What the page keeps of messages about memory, consent, secrets, the red thread and the two souls.
 *
 * Three of them carry what nobody may keep (`SecretMessage`); the state is not given those, by type.
 */
import type * as wire from './generated.js';
import type { Answer, Kept, ServerMessage } from './messages.js';

export type Receipt = Kept<wire.Receipt>;
export type MemoryEntry = Kept<wire.MemoryEntry, 'id' | 'text' | 'kind' | 'source' | 'created_ms'> & {
  editedMs: number | null;
  score: number | null;
  /** The souls that remember it. */
  souls: SoulName[];
  receipt: Receipt;
};
export type MemoryVerb = wire.MemoryVerb;
/** That something is gone. */
export type Proof = Kept<wire.Proof, 'entries' | 'vectors' | 'bytes_searched' | 'traces' | 'audit_number'> & {
  /** Where conversations were to go, too. */
  conversations?: number;
  messages?: number;
};
export type VaultItem = Kept<wire.VaultItem>;
export type VaultVerb = wire.VaultVerb;
export type Grant = Kept<wire.Grant>;
export type AuditEntry = Kept<wire.AuditEntry>;
export type Persona = Kept<wire.Persona>;
export type OpenMicrophone = Kept<wire.OpenMicrophone>;
export type LeftMachine = Kept<wire.LeftMachine>;
export type SoulName = wire.SoulName;
export type VaultName = wire.VaultName;
export type SoulInfo = Kept<wire.SoulInfo, 'soul' | 'is_here' | 'is_reachable' | 'key'> & { conversations: number | null; memories: number | null };
export type TransferStage = wire.TransferStage;
export type ConsentOutcome = wire.ConsentOutcome;

/** A question; a soul check may need a click. */
export type Question = Kept<wire.SoulCheckEvent, 'consent_id' | 'conversation_uuid' | 'action' | 'impact' | 'prompt' | 'expires_at' | 'needs_click'> & {
  type: 'consent_request' | 'soul_check';
};

export type TransferResult = Kept<wire.TransferResultEvent, 'type' | 'success' | 'messages_transferred' | 'summaries_transferred' | 'vaults_transferred'> &
  Answer & { error: string | null; metadata: Kept<wire.TransferMetadata> };

/** How far something about the vault is; the secret itself is a message of its own. */
export type VaultResult = Kept<wire.VaultResultEvent, 'type' | 'action' | 'status' | 'exists' | 'locked' | 'message'> &
  Answer & { items: VaultItem[] | null; retryAfterMs: number | null; soul: SoulName | null };

export type PrivacyReport = Kept<wire.PrivacyEvent, 'type' | 'conversations' | 'messages' | 'keep_ms' | 'vault_exists' | 'vault_locked' | 'audit_entries'> &
  Answer & { memories: number | null; microphones: OpenMicrophone[]; leftMachine: LeftMachine[] };

/** What nobody may keep. */
export type SecretMessage =
  /** A secret, and what was said beside it. */
  | { type: 'vault_value'; value: string; result: VaultResult }
  | (Kept<wire.VaultExportedEvent, 'type' | 'file'> & Answer)
  | (Kept<wire.RedThreadTokenEvent, 'type' | 'token' | 'expires_at'> & Answer);

/** What the state may keep. */
export type KeptTrustMessage =
  | Question
  /** The question as a WAV file. */
  | Kept<wire.ConsentRequestAudioEvent, 'type' | 'consent_id' | 'audio'>
  | Kept<wire.ConsentClosedEvent, 'type' | 'consent_id' | 'outcome'>
  | (Kept<wire.TransferProgressEvent, 'type' | 'stage' | 'fraction'> & Answer)
  | TransferResult
  | (Kept<wire.TransferDeniedEvent, 'type' | 'reason'> & Answer)
  | (Kept<wire.TransferErrorEvent, 'type' | 'message'> & Answer & { code: string; field: string | null })
  | (Kept<wire.MemoryResultsEvent, 'type' | 'total'> & Answer & { results: MemoryEntry[] })
  | (Kept<wire.MemoryResultEvent, 'type' | 'action' | 'success' | 'message'> & Answer & { id: string | null; proof: Proof | null })
  | VaultResult
  | Kept<wire.RedThreadStateEvent, 'type' | 'active' | 'since' | 'node'>
  | (Kept<wire.GrantsListedEvent, 'type'> & Answer & { grants: Grant[] })
  | (Kept<wire.GrantAddedEvent, 'type'> & Answer & { grant: Grant })
  | (Kept<wire.GrantRevokedEvent, 'type' | 'grant_id'> & Answer)
  | (Kept<wire.AuditEntriesEvent, 'type' | 'count' | 'verified' | 'head'> & Answer & { entries: AuditEntry[] })
  | (Kept<wire.PersonasListedEvent, 'type' | 'active'> & Answer & { personas: Persona[] })
  | (Kept<wire.PersonaChangedEvent, 'type' | 'persona_id'> & Answer)
  | PrivacyReport
  | (Kept<wire.SoulsListedEvent, 'type'> & Answer & { souls: SoulInfo[] });

export type TrustMessage = KeptTrustMessage | SecretMessage;

const SECRET: Readonly<Record<SecretMessage['type'], true>> = { vault_value: true, vault_exported: true, red_thread_token: true };

/** Whether a message carries what nobody may keep. */
export function isSecret(message: TrustMessage): message is SecretMessage {
  return Object.hasOwn(SECRET, message.type);
}

const KEPT: Readonly<Record<KeptTrustMessage['type'], true>> = {
  consent_request: true,
  soul_check: true,
  consent_request_audio: true,
  consent_closed: true,
  transfer_progress: true,
  transfer_result: true,
  transfer_denied: true,
  transfer_error: true,
  memory_results: true,
  memory_result: true,
  vault_result: true,
  red_thread_state: true,
  grants_listed: true,
  grant_added: true,
  grant_revoked: true,
  audit_entries: true,
  personas_listed: true,
  persona_changed: true,
  privacy: true,
  souls_listed: true,
};

/** Whether a message is about trust. */
export function isAboutTrust(message: ServerMessage): message is TrustMessage {
  return Object.hasOwn(KEPT, message.type) || Object.hasOwn(SECRET, message.type);
}
