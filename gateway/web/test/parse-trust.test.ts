import { describe, expect, it } from 'vitest';
import { parseServerMessage, Unreadable } from '../src/protocol/parse.js';
import { isAboutTrust, isSecret } from '../src/protocol/trust.js';

type Fields = Record<string, unknown>;

function parse(value: unknown): ReturnType<typeof parseServerMessage> {
  return parseServerMessage(JSON.stringify(value));
}

const RECEIPT = { receipt_id: 'r1', action: 'remember', how: 'click', operator: 'here', at_ms: 7 };
const MEMORY = { id: 'm1', text: 'The cat is called Minka.', kind: 'fact', source: 'a conversation', created_ms: 5, edited_ms: 6, score: 0.5, receipt: RECEIPT };
const PROOF = { entries: 1, vectors: 1, bytes_searched: 4096, traces: 0, audit_number: 9 };
const ITEM = { name: 'door', tags: ['house'], created_ms: 5, is_open: true, is_stub: false };
const GRANT = { grant_id: 'g', action: 'remember', since_ms: 3 };
const ENTRY = { number: 1, at_ms: 2, event: 'vault unlocked', words: 'The vault was unlocked.' };
const PERSONA = { persona_id: 'p', name: 'Janet', description: 'Kind.' };
const MICROPHONE = { device: 'here', since_ms: 4, is_yours: true };
const LEFT = { what: 'push', whereto: 'push.example', times: 2, last_ms: 8 };
const SOUL = { soul: 'networked', is_here: true, is_reachable: true, key: '9f', conversations: 1, memories: 2 };
const METADATA = { package_id: 'p', duplicates: 1, conflicts: 2, refused: 3, red_stubs: 4, duration_ms: 5 };
const ASKED = { consent_id: 'c', conversation_uuid: 'u', action: 'remember', impact: 'One more.', prompt: 'May I?', requires_response: true, expires_at: 30_000 };

/** One of each, and the fields without which it is still one. */
const FRAMES: ReadonlyArray<readonly [Fields, readonly string[]]> = [
  [{ type: 'consent_request', ...ASKED }, ['conversation_uuid']],
  [{ type: 'soul_check', ...ASKED, needs_click: true }, ['conversation_uuid']],
  [{ type: 'consent_request_audio', consent_id: 'c', conversation_uuid: 'u', audio: 'AAECAw==', audio_format: 'wav' }, ['conversation_uuid']],
  [{ type: 'consent_closed', consent_id: 'c', conversation_uuid: 'u', outcome: 'expired' }, ['conversation_uuid']],
  [{ type: 'transfer_progress', conversation_uuid: 'u', stage: 'importing', fraction: 0.5 }, ['conversation_uuid']],
  [{ type: 'transfer_result', conversation_uuid: 'u', success: true, messages_transferred: 4, summaries_transferred: 1, vaults_transferred: ['green', 'red'], error: 'no', metadata: METADATA }, ['conversation_uuid', 'error']],
  [{ type: 'transfer_denied', conversation_uuid: 'u', reason: 'no' }, ['conversation_uuid']],
  [{ type: 'transfer_error', conversation_uuid: 'u', code: 'bad_json', message: 'no', field: 'x' }, ['conversation_uuid', 'field']],
  [{ type: 'memory_results', results: [MEMORY], total: 1 }, []],
  [{ type: 'memory_result', action: 'forget', success: true, message: 'Forgotten.', id: 'm1', receipt_id: 'r1', proof: PROOF }, ['id', 'receipt_id', 'proof']],
  [{ type: 'vault_result', action: 'list', status: 'done', exists: true, locked: false, message: 'Names.', items: [ITEM], retry_after_ms: 500 }, ['items', 'retry_after_ms']],
  [{ type: 'vault_result', action: 'get', status: 'done', exists: true, locked: false, message: 'Here.', value: '4711' }, ['value']],
  [{ type: 'vault_exported', file: 'AAECAw==' }, []],
  [{ type: 'red_thread_state', active: true, since: 5, node: 'kitchen' }, []],
  [{ type: 'red_thread_token', token: 't', expires_at: 9 }, []],
  [{ type: 'grants_listed', grants: [GRANT] }, []],
  [{ type: 'grant_added', grant: GRANT }, []],
  [{ type: 'grant_revoked', grant_id: 'g' }, []],
  [{ type: 'audit_entries', entries: [ENTRY], count: 1, verified: true, head: '9f' }, []],
  [{ type: 'personas_listed', personas: [PERSONA], active: 'p' }, []],
  [{ type: 'persona_changed', persona_id: 'p' }, []],
  [{ type: 'privacy', memories: 1, conversations: 2, messages: 3, keep_ms: 4, vault_exists: true, vault_locked: true, microphones: [MICROPHONE], left_machine: [LEFT], audit_entries: 5 }, ['memories']],
  [{ type: 'souls_listed', souls: [SOUL] }, []],
];
/** Nothing depends on it: at worst no spoken answer is offered, and the page knows whose receipt it was. */
const PASSED_OVER = ['conversation_uuid', 'receipt_id'];
/** What may be left out of what is inside. */
const OPTIONAL_INSIDE = ['edited_ms', 'score', 'conversations', 'memories'];

/** The same with one field of its objects and lists changed, however deep. */
function* inside(value: Fields, change: (fields: Fields, name: string) => Fields | null): Generator<[string, Fields]> {
  for (const [name, held] of Object.entries(value)) {
    const isList = Array.isArray(held) && typeof held[0] === 'object';
    const one = isList ? (held[0] as Fields) : typeof held === 'object' && held !== null && !Array.isArray(held) ? (held as Fields) : null;
    if (one === null) continue;
    const wrap = (changed: Fields): Fields => ({ ...value, [name]: isList ? [changed] : changed });
    for (const field of Object.keys(one)) {
      const changed = change(one, field);
      if (changed !== null) yield [`${name}.${field}`, wrap(changed)];
    }
    for (const [path, changed] of inside(one, change)) yield [`${name}.${path}`, wrap(changed)];
  }
}

const without = (fields: Fields, name: string): Fields => Object.fromEntries(Object.entries(fields).filter(([field]) => field !== name));
/** Of no kind that any field has. */
const WRONG = { of: 'no kind' };

describe('messages about trust', () => {
  it.each(FRAMES)('%o is read', (frame) => {
    const message = parse({ ...frame, request_id: 'trust-memory-1', extra: 1 });
    expect(message).not.toBeNull();
    expect(message).not.toBeInstanceOf(Unreadable);
    expect(message !== null && !(message instanceof Unreadable) && isAboutTrust(message)).toBe(true);
  });

  it.each(FRAMES)('%o without a field is unreadable, but for those that may lack', (frame, optional) => {
    for (const name of Object.keys(frame).filter((field) => field !== 'type')) {
      const message = parse(without(frame, name));
      expect(message instanceof Unreadable, `${String(frame['type'])} without ${name}`).toBe(!optional.includes(name));
      if (message instanceof Unreadable) expect(message.reason).toBe(`${String(frame['type'])}: bad ${name}`);
    }
  });

  it.each(FRAMES)('%o with a field of a wrong kind is unreadable', (frame) => {
    for (const name of Object.keys(frame).filter((field) => field !== 'type' && !PASSED_OVER.includes(field))) {
      for (const wrong of [WRONG, [WRONG], typeof frame[name] === 'number' ? '7' : 7, typeof frame[name] === 'number' ? -1 : -7]) {
        expect(parse({ ...frame, [name]: wrong }), `${String(frame['type'])}: ${name}`).toBeInstanceOf(Unreadable);
      }
    }
  });

  it.each(FRAMES)('%o with something wrong inside is unreadable', (frame) => {
    const lacking = inside(frame, (one, name) => (OPTIONAL_INSIDE.includes(name) ? null : without(one, name)));
    const wrong = inside(frame, (one, name) => ({ ...one, [name]: WRONG }));
    for (const [path, changed] of [...lacking, ...wrong]) expect(parse(changed), `${String(frame['type'])}: ${path}`).toBeInstanceOf(Unreadable);
  });

  it.each<[Fields, string]>([
    [{ type: 'soul_check', ...ASKED, needs_click: true, requires_response: false }, 'a question that grants by itself'],
    [{ type: 'soul_check', ...ASKED, needs_click: 'no' }, 'a click that is perhaps needed'],
    [{ type: 'consent_request_audio', consent_id: 'c', audio: 'no base64!', audio_format: 'wav' }, 'sound that is none'],
    [{ type: 'consent_request_audio', consent_id: 'c', audio: 'AAECAw==', audio_format: 'mp3' }, 'sound of another format'],
    [{ type: 'vault_result', action: 'peek', status: 'done', exists: true, locked: true, message: '' }, 'an unknown verb'],
    [{ type: 'vault_result', action: 'get', status: 'perhaps', exists: true, locked: true, message: '' }, 'an unknown status'],
    [{ type: 'vault_result', action: 'list', status: 'done', exists: true, locked: true, message: '', items: [{ ...ITEM, tags: [5] }] }, 'a tag that is no text'],
    [{ type: 'memory_result', action: 'invent', success: true, message: '' }, 'another unknown verb'],
    [{ type: 'souls_listed', souls: [{ ...SOUL, soul: 'third' }] }, 'a third soul'],
    [{ type: 'transfer_progress', stage: 'dreaming', fraction: 0 }, 'an unknown stage'],
    [{ type: 'audit_entries', entries: [ENTRY], count: 1, verified: 1, head: '' }, 'a log that is checked by the number one'],
  ])('%o is unreadable: %s', (frame) => {
    expect(parse(frame)).toBeInstanceOf(Unreadable);
  });

  it('a question is over for whatever reason of a newer server, and that is no yes', () => {
    expect(parse({ type: 'consent_closed', consent_id: 'c', outcome: 'bored' })).toEqual({ type: 'consent_closed', consentId: 'c', outcome: 'withdrawn' });
  });

  it('a consent request never needs a click, whatever stands there', () => {
    expect(parse({ type: 'consent_request', ...ASKED, needs_click: true })).toMatchObject({ needsClick: false });
    expect(parse({ type: 'soul_check', ...ASKED, needs_click: true })).toMatchObject({ needsClick: true });
  });

  it('what nobody may keep is a message of its own: what the state is given has no secret', () => {
    const message = parse({ type: 'vault_result', action: 'get', status: 'done', exists: true, locked: false, message: 'Here.', value: 'planted-4711', request_id: 'trust-vault-3' });
    if (message === null || message instanceof Unreadable || message.type !== 'vault_value') throw new Error('no secret');
    expect(isSecret(message)).toBe(true);
    expect(message.value).toBe('planted-4711');
    expect(JSON.stringify(message.result)).not.toContain('planted');
    expect(message.result).toMatchObject({ type: 'vault_result', requestId: 'trust-vault-3' });
    for (const frame of [{ type: 'red_thread_token', token: 't', expires_at: 9 }, { type: 'vault_exported', file: 'AAECAw==' }]) {
      const other = parse(frame);
      expect(other !== null && !(other instanceof Unreadable) && isAboutTrust(other) && isSecret(other)).toBe(true);
    }
  });

  it('why a frame is unreadable quotes nothing of it', () => {
    const message = parse({ type: 'vault_result', action: 'get', status: 'done', exists: 'planted', locked: false, message: 'planted', value: 'planted' });
    expect((message as Unreadable).reason).toBe('vault_result: bad exists');
  });
});
