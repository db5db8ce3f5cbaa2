/** Reads the messages about memory, consent, secrets, the red thread and the two souls: a wrong field is none. */
import { bad, isFields, number, requestId, text, textOr, wordOf, type Anything, type Name, type Unread } from './fields.js';
import type * as wire from './generated.js';
import type {
  AuditEntry,
  Grant,
  LeftMachine,
  MemoryEntry,
  OpenMicrophone,
  Persona,
  PrivacyReport,
  Proof,
  Question,
  Receipt,
  SoulInfo,
  TransferResult,
  TrustMessage,
  VaultItem,
  VaultResult,
} from './trust.js';

/** The wire's own names of these messages. */
export type TrustType = Exclude<TrustMessage['type'], 'vault_value'>;

const outcome = wordOf<wire.ConsentOutcome>({ granted: true, denied: true, expired: true, withdrawn: true });
const stage = wordOf<wire.TransferStage>({ asking: true, exporting: true, importing: true, reconciling: true });
const memoryVerb = wordOf<wire.MemoryVerb>({ remember: true, edit: true, forget: true, forget_all: true });
const vaultVerb = wordOf<wire.VaultVerb>({
  create: true,
  unlock: true,
  lock: true,
  put: true,
  get: true,
  list: true,
  forget: true,
  change: true,
  export: true,
  import: true,
  status: true,
});
const vaultStatus = wordOf<wire.VaultStatus>({ checking: true, done: true, refused: true, delayed: true });
const soulName = wordOf<wire.SoulName>({ networked: true, constitutional: true });
const vaultName = wordOf<wire.VaultName>({ green: true, red: true });

export function readTrust(type: TrustType, fields: Anything): TrustMessage {
  const answers = { requestId: requestId(fields) };
  switch (type) {
    case 'consent_request':
    case 'soul_check':
      return question(type, fields);
    case 'consent_request_audio':
      return audio(type, fields);
    case 'consent_closed':
      return closed(type, fields);
    case 'transfer_progress':
      return {
        type,
        stage: stage(fields['stage']) ?? bad('stage'),
        fraction: Math.min(1, number<wire.TransferProgressEvent>(fields, 'fraction')),
        ...answers,
      };
    case 'transfer_result':
      return { ...transferResult(type, fields), ...answers };
    case 'transfer_denied':
      return { type, reason: text<wire.TransferDeniedEvent>(fields, 'reason'), ...answers };
    case 'transfer_error': {
      const fault: Unread<wire.TransferErrorEvent> = fields;
      return { type, code: text(fault, 'code'), message: text(fault, 'message'), field: textIfAny(fault, 'field'), ...answers };
    }
    case 'memory_results':
      return {
        type,
        results: list(fields, 'results', memory),
        total: number<wire.MemoryResultsEvent>(fields, 'total'),
        ...answers,
      };
    case 'memory_result':
      return { ...memoryResult(type, fields), ...answers };
    case 'vault_result':
      return vaultResult(type, fields);
    case 'vault_exported':
      return { type, file: base64<wire.VaultExportedEvent>(fields, 'file'), ...answers };
    case 'red_thread_state': {
      const state: Unread<wire.RedThreadStateEvent> = fields;
      return { type, active: flag(state, 'active'), since: number(state, 'since'), node: text(state, 'node') };
    }
    case 'red_thread_token': {
      const token: Unread<wire.RedThreadTokenEvent> = fields;
      return { type, token: text(token, 'token'), expiresAt: number(token, 'expires_at'), ...answers };
    }
    case 'grants_listed':
      return { type, grants: list(fields, 'grants', grant), ...answers };
    case 'grant_added':
      return { type, grant: object(fields, 'grant', grant), ...answers };
    case 'grant_revoked':
      return { type, grantId: text<wire.GrantRevokedEvent>(fields, 'grant_id'), ...answers };
    case 'audit_entries': {
      const log: Unread<wire.AuditEntriesEvent> = fields;
      return {
        type,
        entries: list(fields, 'entries', auditEntry),
        count: number(log, 'count'),
        verified: flag(log, 'verified'),
        head: text(log, 'head'),
        ...answers,
      };
    }
    case 'personas_listed':
      return { type, personas: list(fields, 'personas', persona), active: text<wire.PersonasListedEvent>(fields, 'active'), ...answers };
    case 'persona_changed':
      return { type, personaId: text<wire.PersonaChangedEvent>(fields, 'persona_id'), ...answers };
    case 'privacy':
      return { ...privacy(type, fields), ...answers };
    case 'souls_listed':
      return { type, souls: list(fields, 'souls', soul), ...answers };
  }
}

function question(type: Question['type'], fields: Unread<wire.SoulCheckEvent>): Question {
  // There is no question that grants by itself; whatever says so is none.
  if (fields.requires_response !== true) return bad('requires_response');
  return {
    type,
    consentId: text(fields, 'consent_id'),
    conversationUuid: textOr(fields, 'conversation_uuid', ''),
    action: text(fields, 'action'),
    impact: text(fields, 'impact'),
    prompt: text(fields, 'prompt'),
    expiresAt: number(fields, 'expires_at'),
    needsClick: type === 'soul_check' ? flag(fields, 'needs_click') : false,
  };
}

function audio(type: 'consent_request_audio', fields: Unread<wire.ConsentRequestAudioEvent>): TrustMessage {
  if (fields.audio_format !== 'wav') return bad('audio_format');
  return { type, consentId: text(fields, 'consent_id'), audio: base64(fields, 'audio') };
}

function closed(type: 'consent_closed', fields: Unread<wire.ConsentClosedEvent>): TrustMessage {
  // For whatever reason of a newer server: over is over, and nothing but `granted` is a yes.
  return { type, consentId: text(fields, 'consent_id'), outcome: outcome(text(fields, 'outcome')) ?? 'withdrawn' };
}

function transferResult(type: 'transfer_result', fields: Unread<wire.TransferResultEvent>): Omit<TransferResult, 'requestId'> {
  return {
    type,
    success: flag(fields, 'success'),
    messagesTransferred: number(fields, 'messages_transferred'),
    summariesTransferred: number(fields, 'summaries_transferred'),
    vaultsTransferred: list(fields, 'vaults_transferred', (value) => vaultName(value) ?? bad('vaults_transferred')),
    error: textIfAny(fields, 'error'),
    metadata: object(fields, 'metadata', (value: Unread<wire.TransferMetadata>) => ({
      packageId: text(value, 'package_id'),
      duplicates: number(value, 'duplicates'),
      conflicts: number(value, 'conflicts'),
      refused: number(value, 'refused'),
      redStubs: number(value, 'red_stubs'),
      durationMs: number(value, 'duration_ms'),
    })),
  };
}

function memoryResult(type: 'memory_result', fields: Unread<wire.MemoryResultEvent>) {
  return {
    type,
    action: memoryVerb(fields.action) ?? bad('action'),
    success: flag(fields, 'success'),
    message: text(fields, 'message'),
    id: textIfAny(fields, 'id'),
    proof: fields.proof === undefined || fields.proof === null ? null : object(fields, 'proof', proof),
  };
}

function vaultResult(type: 'vault_result', fields: Unread<wire.VaultResultEvent>): TrustMessage {
  const result: VaultResult = {
    type,
    action: vaultVerb(fields.action) ?? bad('action'),
    status: vaultStatus(fields.status) ?? bad('status'),
    exists: flag(fields, 'exists'),
    locked: flag(fields, 'locked'),
    message: text(fields, 'message'),
    items: fields.items === undefined || fields.items === null ? null : list(fields, 'items', vaultItem),
    retryAfterMs: numberIfAny(fields, 'retry_after_ms'),
    // An older server has one vault.
    soul: fields.soul === undefined ? null : (soulName(fields.soul) ?? bad('soul')),
    requestId: requestId(fields),
  };
  const value = textIfAny(fields, 'value');
  return value === null ? result : { type: 'vault_value', value, result };
}

function privacy(type: 'privacy', fields: Unread<wire.PrivacyEvent>): Omit<PrivacyReport, 'requestId'> {
  return {
    type,
    memories: numberIfAny(fields, 'memories'),
    conversations: number(fields, 'conversations'),
    messages: number(fields, 'messages'),
    keepMs: number(fields, 'keep_ms'),
    vaultExists: flag(fields, 'vault_exists'),
    vaultLocked: flag(fields, 'vault_locked'),
    microphones: list(fields, 'microphones', microphone),
    leftMachine: list(fields, 'left_machine', leftMachine),
    auditEntries: number(fields, 'audit_entries'),
  };
}

function memory(value: unknown): MemoryEntry {
  const fields: Unread<wire.MemoryEntry> = isFields(value) ? value : bad('results');
  return {
    id: text(fields, 'id'),
    text: text(fields, 'text'),
    kind: text(fields, 'kind'),
    source: text(fields, 'source'),
    createdMs: number(fields, 'created_ms'),
    editedMs: numberIfAny(fields, 'edited_ms'),
    score: numberIfAny(fields, 'score'),
    // An older server has one soul's.
    souls: fields.souls === undefined ? [] : list(fields, 'souls', (name) => soulName(name) ?? bad('souls')),
    receipt: object(fields, 'receipt', receipt),
  };
}

function receipt(fields: Unread<wire.Receipt>): Receipt {
  return {
    receiptId: text(fields, 'receipt_id'),
    action: text(fields, 'action'),
    how: text(fields, 'how'),
    operator: text(fields, 'operator'),
    atMs: number(fields, 'at_ms'),
  };
}

export function proof(fields: Unread<wire.Proof>): Proof {
  const conversations = numberIfAny(fields, 'conversations');
  const messages = numberIfAny(fields, 'messages');
  return {
    ...(conversations === null ? {} : { conversations }),
    ...(messages === null ? {} : { messages }),
    entries: number(fields, 'entries'),
    vectors: number(fields, 'vectors'),
    bytesSearched: number(fields, 'bytes_searched'),
    traces: number(fields, 'traces'),
    auditNumber: number(fields, 'audit_number'),
  };
}

function vaultItem(value: unknown): VaultItem {
  const fields: Unread<wire.VaultItem> = isFields(value) ? value : bad('items');
  return {
    name: text(fields, 'name'),
    tags: list(fields, 'tags', (tag) => (typeof tag === 'string' ? tag : bad('tags'))),
    createdMs: number(fields, 'created_ms'),
    isOpen: flag(fields, 'is_open'),
    isStub: flag(fields, 'is_stub'),
  };
}

function grant(value: unknown): Grant {
  const fields: Unread<wire.Grant> = isFields(value) ? value : bad('grants');
  return { grantId: text(fields, 'grant_id'), action: text(fields, 'action'), sinceMs: number(fields, 'since_ms') };
}

function auditEntry(value: unknown): AuditEntry {
  const fields: Unread<wire.AuditEntry> = isFields(value) ? value : bad('entries');
  return { number: number(fields, 'number'), atMs: number(fields, 'at_ms'), event: text(fields, 'event'), words: text(fields, 'words') };
}

function persona(value: unknown): Persona {
  const fields: Unread<wire.Persona> = isFields(value) ? value : bad('personas');
  return { personaId: text(fields, 'persona_id'), name: text(fields, 'name'), description: text(fields, 'description') };
}

function microphone(value: unknown): OpenMicrophone {
  const fields: Unread<wire.OpenMicrophone> = isFields(value) ? value : bad('microphones');
  return { device: text(fields, 'device'), sinceMs: number(fields, 'since_ms'), isYours: flag(fields, 'is_yours') };
}

function leftMachine(value: unknown): LeftMachine {
  const fields: Unread<wire.LeftMachine> = isFields(value) ? value : bad('left_machine');
  return { what: text(fields, 'what'), whereto: text(fields, 'whereto'), times: number(fields, 'times'), lastMs: number(fields, 'last_ms') };
}

function soul(value: unknown): SoulInfo {
  const fields: Unread<wire.SoulInfo> = isFields(value) ? value : bad('souls');
  return {
    soul: soulName(fields.soul) ?? bad('soul'),
    isHere: flag(fields, 'is_here'),
    isReachable: flag(fields, 'is_reachable'),
    key: text(fields, 'key'),
    conversations: numberIfAny(fields, 'conversations'),
    memories: numberIfAny(fields, 'memories'),
  };
}

/** Guessed flags could say that a log was checked, or that a vault is locked. */
function flag<Message>(fields: Unread<Message>, name: Name<Message>): boolean {
  const value = fields[name];
  return typeof value === 'boolean' ? value : bad(name);
}

function textIfAny<Message>(fields: Unread<Message>, name: Name<Message>): string | null {
  const value = fields[name];
  return value === undefined || value === null ? null : text(fields, name);
}

function numberIfAny<Message>(fields: Unread<Message>, name: Name<Message>): number | null {
  const value = fields[name];
  return value === undefined || value === null ? null : number(fields, name);
}

function base64<Message>(fields: Unread<Message>, name: Name<Message>): string {
  const value = text(fields, name);
  return /^[A-Za-z0-9+/]*={0,2}$/.test(value) && value.length % 4 === 0 ? value : bad(name);
}

function list<Message, One>(fields: Unread<Message>, name: Name<Message>, one: (value: unknown) => One): One[] {
  const value = fields[name];
  return Array.isArray(value) ? value.map(one) : bad(name);
}

function object<Message, One>(fields: Unread<Message>, name: Name<Message>, read: (value: Anything) => One): One {
  const value = fields[name];
  return isFields(value) ? read(value) : bad(name);
}
