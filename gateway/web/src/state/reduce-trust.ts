/** Trust event in, next state out. Pure. */
import type { KeptTrustMessage, VaultResult } from '../protocol/trust.js';
import { isOlderAnswer, trustPlace, type RequestPlace } from '../protocol/requests.js';
import { explainStopped, explainTrust } from './explain-trust.js';
import { sentence } from './explain.js';
import { personaWords } from './trust-words.js';
import { initialTrust, putAway, type OpenQuestion, type Told, type TrustEvent, type TrustPlace, type TrustState, type Vault } from './trust.js';

/** How long a question waits where the clocks of both machines do not agree. */
const USUAL_MS = 30_000;
/** None waits for longer than this: the clocks do not agree. */
const LONGEST_MS = 5 * 60_000;

export function reduceTrust(trust: TrustState, event: TrustEvent): TrustState {
  switch (event.type) {
    case 'trust':
      return onMessage(trust, event.message, event.now);
    case 'trust_shown':
      return putAway(trust, event.view);
    case 'consent_answered':
      return { ...trust, questions: trust.questions.map((one) => (one.consentId === event.consentId ? { ...one, answered: true } : one)), told: untold(trust.told, 'consent') };
    case 'consent_overdue':
      return without(trust, event.consentId);
    case 'red_pulled':
      return trust.stopped === null ? { ...trust, pulling: true } : trust;
    case 'memory_asked':
      return { ...trust, memory: { ...trust.memory, query: event.query, asked: { requestId: event.requestId, more: event.more } } };
    case 'audit_asked':
      return { ...trust, auditAsked: { requestId: event.requestId, more: event.more } };
    case 'transfer_asked':
      return { ...trust, transfer: { kind: 'under_way', stage: 'asking', fraction: 0 } };
    case 'trust_told':
      return tell(event.place === 'vault' ? { ...trust, vault: { ...trust.vault, checking: null } } : trust, event.place, event.ok, event.text);
  }
}

/** Who is connected now knows nothing of what was going on; whether everything is stopped it says next. */
export function onReconnected(trust: TrustState): TrustState {
  return { ...trust, stopped: null };
}

/** Without a connection no question can be answered, and nobody hears how something ended. */
export function onDisconnected(trust: TrustState): TrustState {
  const next = { ...trust, questions: [], vault: { ...trust.vault, checking: null } };
  if (trust.transfer.kind !== 'under_way') return next;
  return { ...next, transfer: { kind: 'failed', message: 'The connection was lost on the way. The audit log says how the transfer ended.' } };
}

/** The server refused what was asked for there. */
export function onRefused(trust: TrustState, place: RequestPlace, code: string, message: string, field: string | null): TrustState {
  const told = tell(trust, place, false, explainAt(place, code, message, field));
  if (place === 'vault') return { ...told, vault: { ...told.vault, checking: null } };
  if (place === 'transfer') return { ...told, transfer: initialTrust.transfer };
  if (place === 'red_thread') return { ...told, pulling: false };
  if (place !== 'consent') return told;
  // It asks for more than a click; else it is not open any more, and goes.
  if (code === 'not_consented') return { ...told, questions: told.questions.map((one) => ({ ...one, answered: false })) };
  const gone = { ...trust, questions: trust.questions.filter((one) => !one.answered) };
  return trust.view === null ? gone : tell(gone, trust.view, false, explainTrust('unexpected', message, field));
}

function onMessage(trust: TrustState, message: KeptTrustMessage, now: number): TrustState {
  switch (message.type) {
    case 'consent_request':
    case 'soul_check': {
      const left = message.expiresAt - now;
      const until = left > 0 && left <= LONGEST_MS ? message.expiresAt : now + USUAL_MS;
      const known = trust.questions.some((one) => one.consentId === message.consentId);
      const asked: OpenQuestion = { ...message, until, answered: false };
      const questions = known ? trust.questions.map((one) => (one.consentId === message.consentId ? asked : one)) : [...trust.questions, asked];
      return { ...trust, questions };
    }
    case 'consent_request_audio':
      return trust;
    case 'consent_closed':
      return without(trust, message.consentId);
    case 'red_thread_state':
      if (!message.active) return { ...trust, stopped: null, pulling: false, told: untold(trust.told, 'red_thread') };
      // Whatever waited for an answer does not any more.
      return { ...putAwaySecrets(trust), stopped: { since: message.since, node: message.node }, pulling: false, questions: [] };
    case 'memory_results': {
      const { asked } = trust.memory;
      if (isOlderAnswer(message.requestId, asked?.requestId)) return trust;
      const entries = asked?.more === true ? [...trust.memory.entries, ...message.results.filter((one) => trust.memory.entries.every((known) => known.id !== one.id))] : message.results;
      return { ...trust, memory: { ...trust.memory, entries, total: message.total, asked: null } };
    }
    case 'memory_result':
      // All is forgotten from there, too.
      return tell(trust, trust.view === 'privacy' ? 'privacy' : 'memory', message.success, sentence(message.message), message.proof);
    case 'vault_result':
      return onVault(trust, message, now);
    case 'audit_entries': {
      if (isOlderAnswer(message.requestId, trust.auditAsked?.requestId)) return trust;
      const before = trust.auditAsked?.more === true ? (trust.audit?.entries ?? []) : [];
      const { count, verified, head } = message;
      return { ...trust, audit: { entries: [...before, ...message.entries], count, verified, head }, auditAsked: null };
    }
    case 'grants_listed':
      return { ...trust, grants: message.grants };
    case 'grant_added':
      return { ...tell(trust, 'grants', true, 'It holds from now on.'), grants: [...(trust.grants ?? []).filter((one) => one.grantId !== message.grant.grantId), message.grant] };
    case 'grant_revoked':
      return { ...tell(trust, 'grants', true, 'Revoked: from now on she asks again.'), grants: (trust.grants ?? []).filter((one) => one.grantId !== message.grantId) };
    case 'personas_listed':
      return { ...trust, personas: { all: message.personas, active: message.active } };
    case 'persona_changed': {
      const { personas } = trust;
      const persona = personas?.all.find((one) => one.personaId === message.personaId);
      const name = persona === undefined ? undefined : personaWords(persona, personas?.all ?? []);
      return { ...tell(trust, 'personas', true, `She is ${name ?? message.personaId} from the next answer on.`), personas: personas === null ? null : { ...personas, active: message.personaId } };
    }
    case 'privacy':
      return { ...trust, privacy: message };
    case 'souls_listed':
      return { ...trust, souls: message.souls };
    case 'transfer_progress':
      return { ...trust, transfer: { kind: 'under_way', stage: message.stage, fraction: message.fraction } };
    case 'transfer_result':
      return { ...trust, transfer: { kind: 'over', result: message } };
    case 'transfer_denied':
      return { ...trust, transfer: { kind: 'denied', reason: sentence(message.reason) } };
    case 'transfer_error':
      return { ...trust, transfer: { kind: 'failed', message: explainTrust(message.code, message.message, message.field) } };
  }
}

function onVault(trust: TrustState, message: VaultResult, now: number): TrustState {
  if (trustPlace(message.requestId) === 'red_thread') {
    const words = sentence(message.message);
    const wait = message.retryAfterMs;
    return tell(trust, 'red_thread', message.status !== 'refused', wait === null ? words : `${words} The next try is looked at in ${Math.ceil(wait / 1000)} s.`);
  }
  const { action, status, exists, locked, items, retryAfterMs, soul } = message;
  // Nobody asked: the other soul's has locked itself, and it is not the one that is shown.
  if (message.requestId === null && soul !== null && trust.vault.soul !== null && soul !== trust.vault.soul) return trust;
  const vault: Vault = {
    exists,
    soul,
    locked,
    items: locked ? [] : (items ?? trust.vault.items),
    said: locked ? '' : items !== null && action === 'list' ? sentence(message.message) : trust.vault.said,
    checking: status === 'checking' ? action : null,
    retryAt: retryAfterMs === null ? (status === 'done' ? null : trust.vault.retryAt) : now + retryAfterMs,
  };
  const next = { ...trust, vault };
  // That names were told is no news, and what was handed out speaks for itself.
  if (status === 'checking' || (status === 'done' && (action === 'list' || action === 'get'))) return next;
  return tell(next, 'vault', status === 'done', sentence(message.message));
}

/** A closed vault's names are nobody's. */
function putAwaySecrets(trust: TrustState): TrustState {
  return { ...trust, vault: { ...trust.vault, locked: true, items: [], said: '', checking: null } };
}

function without(trust: TrustState, consentId: string): TrustState {
  if (trust.questions.every((one) => one.consentId !== consentId)) return trust;
  return { ...trust, questions: trust.questions.filter((one) => one.consentId !== consentId), told: untold(trust.told, 'consent') };
}

/** What was said in a place is over. */
function untold(told: TrustState['told'], place: TrustPlace): TrustState['told'] {
  const { [place]: _, ...rest } = told;
  return rest;
}

function explainAt(place: RequestPlace, code: string, message: string, field: string | null): string {
  if (place === 'red_thread') return explainStopped(code, message, field);
  return place === 'consent' && code === 'not_consented' ? sentence(message) : explainTrust(code, message, field);
}

/** Says there how something ended. */
export function tell(trust: TrustState, place: TrustPlace, ok: boolean, text: string, proof: Told['proof'] = null): TrustState {
  return { ...trust, told: { ...trust.told, [place]: { ok, text, proof } } };
}
