/** What the page knows of memory, consent, secrets and the red thread. No secret is in it, by type: see `KeptTrustMessage`. */
import type { AuditEntry, Grant, KeptTrustMessage, MemoryEntry, Persona, PrivacyReport, Proof, Question, SoulInfo, SoulName, TransferResult, TransferStage, VaultItem, VaultVerb } from '../protocol/trust.js';

/** What can be looked at. */
export type TrustView = 'memory' | 'vault' | 'privacy' | 'grants' | 'audit' | 'personas' | 'transfer';
/** Where something is told: in a view, where everything is stopped, or beside a question. */
export type TrustPlace = TrustView | 'red_thread' | 'consent';

/** A question that waits. */
export interface OpenQuestion extends Question {
  /** Until when, by this machine's clock (ms, `Date.now`). */
  readonly until: number;
  /** Whether the answer is under way. */
  readonly answered: boolean;
}

/** How something ended, for people. A new object is news, also when its words are the same. */
export interface Told {
  readonly ok: boolean;
  readonly text: string;
  readonly proof: Proof | null;
}

export interface MemoryList {
  readonly entries: readonly MemoryEntry[];
  /** How many there are in all; null until it was said. */
  readonly total: number | null;
  /** What was searched for; empty: nothing, it is the list. */
  readonly query: string;
  /** What was asked last, and whether its answer goes behind what is there. */
  readonly asked: { readonly requestId: string; readonly more: boolean } | null;
}

export interface Vault {
  /** Null until it was said. */
  readonly exists: boolean | null;
  /** Whose it is; null until it was said. */
  readonly soul: SoulName | null;
  readonly locked: boolean;
  readonly items: readonly VaultItem[];
  /** What was said of them as a whole: some may not open any more. */
  readonly said: string;
  /** What is being done, for as long as it is. */
  readonly checking: VaultVerb | null;
  /** Until when no safe word is looked at (ms, `Date.now`). */
  readonly retryAt: number | null;
}

export interface AuditLog {
  readonly entries: readonly AuditEntry[];
  readonly count: number;
  readonly verified: boolean;
  readonly head: string;
}

export type Transfer =
  | { readonly kind: 'none' }
  | { readonly kind: 'under_way'; readonly stage: TransferStage; readonly fraction: number }
  | { readonly kind: 'over'; readonly result: TransferResult }
  | { readonly kind: 'denied'; readonly reason: string }
  | { readonly kind: 'failed'; readonly message: string };

export interface TrustState {
  /** Since when (ms, `Date.now`) and where everything was stopped; null: it is not. */
  readonly stopped: { readonly since: number; readonly node: string } | null;
  /** Whether the red thread was pulled here and the server has not said so yet. */
  readonly pulling: boolean;
  /** The oldest first. */
  readonly questions: readonly OpenQuestion[];
  /** What is looked at. */
  readonly view: TrustView | null;
  readonly told: Readonly<Partial<Record<TrustPlace, Told>>>;
  readonly memory: MemoryList;
  readonly vault: Vault;
  readonly privacy: PrivacyReport | null;
  readonly grants: readonly Grant[] | null;
  readonly audit: AuditLog | null;
  /** Whether the log that was asked for goes behind what is there. */
  readonly auditAsked: { readonly requestId: string; readonly more: boolean } | null;
  readonly personas: { readonly all: readonly Persona[]; readonly active: string } | null;
  readonly souls: readonly SoulInfo[] | null;
  readonly transfer: Transfer;
}

const NO_MEMORY: MemoryList = { entries: [], total: null, query: '', asked: null };
const NO_VAULT: Vault = { exists: null, soul: null, locked: true, items: [], said: '', checking: null, retryAt: null };

export const initialTrust: TrustState = {
  stopped: null,
  pulling: false,
  questions: [],
  view: null,
  told: {},
  memory: NO_MEMORY,
  vault: NO_VAULT,
  privacy: null,
  grants: null,
  audit: null,
  auditAsked: null,
  personas: null,
  souls: null,
  transfer: { kind: 'none' },
};

export type TrustEvent =
  | { type: 'trust'; message: KeptTrustMessage; now: number }
  /** Another view, or none: what was seen is put away. */
  | { type: 'trust_shown'; view: TrustView | null }
  | { type: 'consent_answered'; consentId: string }
  /** Its time was over a while ago, and nobody has said so. */
  | { type: 'consent_overdue'; consentId: string }
  | { type: 'red_pulled' }
  | { type: 'memory_asked'; requestId: string; query: string; more: boolean }
  | { type: 'audit_asked'; requestId: string; more: boolean }
  | { type: 'transfer_asked' }
  /** A fault of the page's own, told beside what it is about. */
  | { type: 'trust_told'; place: TrustPlace; ok: boolean; text: string };

/** What a view showed goes when it does. */
export function putAway(trust: TrustState, view: TrustView | null): TrustState {
  const { stopped, pulling, questions, transfer, vault } = trust;
  // A transfer goes on by itself, and a delay counts however often one looks.
  const kept = transfer.kind === 'under_way' ? transfer : initialTrust.transfer;
  return { ...initialTrust, stopped, pulling, questions, view, transfer: kept, vault: { ...NO_VAULT, retryAt: vault.retryAt } };
}
