import { describe, expect, it } from 'vitest';
import type { ConsentOutcome, KeptTrustMessage, MemoryEntry, Question, VaultResult } from '../src/protocol/trust.js';
import { activity } from '../src/state/activity.js';
import { initialState, type Event, type State } from '../src/state/model.js';
import { reduce } from '../src/state/reduce.js';

const NOW = 1_000_000;
const CONNECTED: Event = { type: 'server', message: { type: 'connected', clientId: 'c', status: 'ready', role: 'operator', capabilities: ['memory', 'vault', 'consent', 'red_thread'], iceServers: [] } };

function told(message: KeptTrustMessage, now = NOW): Event {
  return { type: 'trust', message, now };
}

function run(...events: Event[]): State {
  return [CONNECTED, ...events].reduce(reduce, initialState);
}

function asked(consentId: string, more: Partial<Question> = {}): Event {
  return told({ type: 'soul_check', consentId, conversationUuid: 'u', action: 'forget_all', impact: 'All goes.', prompt: 'Shall I?', expiresAt: NOW + 30_000, needsClick: true, ...more });
}

function closed(consentId: string, outcome: ConsentOutcome): Event {
  return told({ type: 'consent_closed', consentId, outcome });
}

function stopped(active: boolean): Event {
  return told({ type: 'red_thread_state', active, since: active ? NOW : 0, node: 'kitchen' });
}

function memory(id: string): MemoryEntry {
  return { id, text: `Words of ${id}`, kind: 'note', source: 'here', createdMs: 1, editedMs: null, score: null, souls: ['networked'], receipt: { receiptId: 'r', action: 'remember', how: 'click', operator: 'here', atMs: 1 } };
}

function found(requestId: string | null, ids: string[], total = ids.length): Event {
  return told({ type: 'memory_results', results: ids.map(memory), total, requestId });
}

function vault(more: Partial<VaultResult>): Event {
  return told({ type: 'vault_result', action: 'unlock', status: 'done', exists: true, locked: false, message: 'Done.', items: null, retryAfterMs: null, soul: 'networked', requestId: null, ...more });
}

const LOST: Event = { type: 'link_lost', why: 'cut', retryAt: null };
const open = (state: State): string[] => state.trust.questions.map((one) => one.consentId);
const notes = (state: State): string[] => state.entries.flatMap((entry) => (entry.kind === 'note' ? [entry.text] : []));
const refused = (requestId: string, code = 'not_consented', field: string | null = null): Event => ({ type: 'server', message: { type: 'error', code, message: 'no consent', field, requestId } });

describe('questions', () => {
  it('wait in the order in which they came, and each goes with its own end', () => {
    const state = run(asked('a'), asked('b'), asked('c'));
    expect(open(state)).toEqual(['a', 'b', 'c']);
    const later = reduce(state, closed('b', 'granted'));
    expect(open(later)).toEqual(['a', 'c']);
    expect(notes(later)).toEqual(['You said yes: forget everything.']);
  });

  it('the same one again stays at its place, and waits anew', () => {
    const state = run(asked('a'), asked('b'), { type: 'consent_answered', consentId: 'a' }, asked('a', { prompt: 'Once more: shall I?' }));
    expect(open(state)).toEqual(['a', 'b']);
    expect(state.trust.questions[0]).toMatchObject({ prompt: 'Once more: shall I?', answered: false });
  });

  it.each([
    ['granted', 'You said yes'],
    ['denied', 'You said no'],
    ['expired', 'Nobody answered, which is a no'],
    ['withdrawn', 'The question was withdrawn'],
  ] as const)('%s is told in the chat', (outcome, words) => {
    expect(notes(run(asked('a'), closed('a', outcome)))).toEqual([`${words}: forget everything.`]);
  });

  it('the end of one that is not shown is nobody’s news', () => {
    const state = run(asked('a'));
    expect(reduce(state, closed('z', 'granted'))).toBe(state);
  });

  it('one whose end is not told goes some time after its time', () => {
    const state = run(asked('a'), asked('b'), { type: 'consent_overdue', consentId: 'a' });
    expect(open(state)).toEqual(['b']);
    expect(notes(state)).toEqual(['Nobody answered, which is a no: forget everything.']);
  });

  it.each([
    [NOW + 12_000, NOW + 12_000],
    // This machine's clock is ahead, or far behind.
    [NOW - 1, NOW + 30_000],
    [NOW + 3_600_000, NOW + 30_000],
  ])('asked until %i waits until %i', (expiresAt, until) => {
    expect(run(asked('a', { expiresAt })).trust.questions[0]?.until).toBe(until);
  });

  it('go with the connection: no answer could reach anybody', () => {
    expect(open(run(asked('a'), asked('b'), LOST))).toEqual([]);
  });

  it('an answer that came too late takes its question away, and no other', () => {
    const state = run({ type: 'trust_shown', view: 'memory' }, asked('a'), asked('b'), { type: 'consent_answered', consentId: 'a' }, refused('trust-consent-4', 'unexpected'));
    expect(open(state)).toEqual(['b']);
    expect(state.trust.told.memory).toMatchObject({ ok: false });
    expect(state.entries).toEqual([]);
  });

  it('an answer that is not enough leaves its question open, and is told beside it', () => {
    const state = run(asked('a'), { type: 'consent_answered', consentId: 'a' }, refused('trust-consent-4', 'not_consented'));
    expect(state.trust.questions[0]).toMatchObject({ consentId: 'a', answered: false });
    expect(state.trust.told.consent).toMatchObject({ ok: false, text: 'No consent.' });
    expect(reduce(state, closed('a', 'denied')).trust.told.consent).toBeUndefined();
  });

  it('nothing in the state ever says yes by itself', () => {
    const state = run(asked('a'), stopped(true), stopped(false), LOST, CONNECTED);
    expect(JSON.stringify(state)).not.toContain('granted');
  });
});

describe('the red thread', () => {
  it('is pulled, is on its way, and holds', () => {
    const pulled = run({ type: 'red_pulled' });
    expect(pulled.trust).toMatchObject({ pulling: true, stopped: null });
    expect(reduce(pulled, stopped(true)).trust).toMatchObject({ pulling: false, stopped: { since: NOW, node: 'kitchen' } });
  });

  it('in the middle of everything: questions, a vault, a transfer, an answer', () => {
    const state = run(
      { type: 'sent', text: 'Hi', requestId: 'r1' },
      asked('a'),
      asked('b'),
      vault({ items: [{ name: 'door', tags: [], createdMs: 1, isOpen: true, isStub: false }] }),
      vault({ action: 'get', status: 'checking' }),
      { type: 'transfer_asked' },
      stopped(true),
    );
    expect(open(state)).toEqual([]);
    expect(notes(state)).toEqual(['The question was withdrawn: forget everything.', 'The question was withdrawn: forget everything.']);
    // The server says so as well, a little later.
    expect(notes(reduce(state, closed('a', 'withdrawn')))).toHaveLength(2);
    expect(state.trust.vault).toMatchObject({ locked: true, items: [], checking: null });
    expect(state.trust.stopped).not.toBeNull();
    expect(state).toMatchObject({ her: 'quiet', awaiting: false, partial: null });
    expect(activity(state)).toBe('stopped');
  });

  it('pulled without a connection it is still to be told: until the server says so', () => {
    expect(run({ type: 'red_pulled' }, LOST, CONNECTED).trust.pulling).toBe(true);
  });

  it('after a reconnect the server says whether it holds, and nothing older does', () => {
    expect(run(stopped(true), LOST).trust.stopped).not.toBeNull();
    expect(run(stopped(true), LOST, CONNECTED).trust.stopped).toBeNull();
    expect(run(stopped(true), LOST, CONNECTED, stopped(true)).trust.stopped).not.toBeNull();
    // The same connection says once more what it is when the models are loaded.
    expect(run(stopped(true), CONNECTED).trust.stopped).not.toBeNull();
  });

  it('is let go, and what was said of it before goes too', () => {
    const wrong = run(stopped(true), refused('trust-red_thread-2', 'vault_refused'));
    expect(wrong.trust.told.red_thread).toMatchObject({ ok: false });
    expect(reduce(wrong, stopped(false)).trust).toMatchObject({ stopped: null, told: {} });
  });

  it('a refused pull is told where it is read, and is no pull any more', () => {
    const state = run({ type: 'red_pulled' }, refused('trust-red_thread-1', 'internal'));
    expect(state.trust.pulling).toBe(false);
    expect(state.entries.map((entry) => entry.kind)).toEqual(['error']);
  });

  it('a safe word that is being looked at says so there, not at the vault', () => {
    const state = run(stopped(true), vault({ status: 'delayed', message: 'Too many.', retryAfterMs: 4000, requestId: 'trust-red_thread-2' }));
    expect(state.trust.told).toMatchObject({ red_thread: { text: 'Too many. The next try is looked at in 4 s.' } });
    expect(state.trust.told.vault).toBeUndefined();
  });
});

describe('her memory', () => {
  const asking = (requestId: string, query = '', more = false): Event => ({ type: 'memory_asked', requestId, query, more });

  it('pages are put behind one another, and one that stands there already does not stand there twice', () => {
    const state = run(asking('q1'), found('q1', ['a', 'b'], 4), asking('q2', '', true), found('q2', ['b', 'c', 'd'], 4));
    expect(state.trust.memory.entries.map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('the answer to an earlier search is nobody’s', () => {
    const state = run(asking('q1', 'c'), asking('q2', 'cat'), found('q1', ['x']));
    expect(state.trust.memory).toMatchObject({ entries: [], total: null });
    expect(reduce(state, found('q2', ['a'])).trust.memory.entries).toHaveLength(1);
  });

  it('goes from the page with its view', () => {
    const state = run({ type: 'trust_shown', view: 'memory' }, asking('q1'), found('q1', ['a']), { type: 'trust_shown', view: null });
    expect(JSON.stringify(state)).not.toContain('Words of a');
  });

  it('that the other soul’s vault has locked itself says nothing of the one that is shown', () => {
    const open = run(vault({ requestId: 'trust-vault-1' }));
    expect(reduce(open, vault({ action: 'status', locked: true, soul: 'constitutional' })).trust.vault).toMatchObject({ locked: false, soul: 'networked' });
    expect(reduce(open, vault({ action: 'status', locked: true })).trust.vault.locked).toBe(true);
    expect(reduce(open, vault({ action: 'list', soul: 'constitutional', requestId: 'trust-vault-2' })).trust.vault.soul).toBe('constitutional');
  });

  it('how something ended is news each time, with its proof', () => {
    const proof = { entries: 2, vectors: 2, bytesSearched: 5, traces: 0, auditNumber: 7 };
    const done = told({ type: 'memory_result', action: 'forget_all', success: true, message: 'Gone.', id: null, proof, requestId: null });
    const once = run(done);
    expect(once.trust.told.memory).toEqual({ ok: true, text: 'Gone.', proof });
    expect(reduce(once, done).trust.told.memory).not.toBe(once.trust.told.memory);
    expect(run({ type: 'trust_shown', view: 'privacy' }, done).trust.told).toHaveProperty('privacy');
  });

  it('a refusal is told in its view and not in the chat', () => {
    const state = run({ type: 'trust_shown', view: 'memory' }, refused('trust-memory-9', 'not_kept'));
    expect(state.trust.told.memory?.text).toContain('Keep it in the vault');
    expect(state.entries).toEqual([]);
  });
});

describe('the vault', () => {
  it('is looked at, refused and delayed; the delay counts from when it was told', () => {
    const state = run(vault({ status: 'checking' }));
    expect(state.trust.vault.checking).toBe('unlock');
    const delayed = reduce(state, vault({ status: 'delayed', locked: true, message: 'Wrong.', retryAfterMs: 4000 }));
    expect(delayed.trust.vault).toMatchObject({ checking: null, retryAt: NOW + 4000, locked: true });
    // However often one closes and opens the view.
    expect(reduce(delayed, { type: 'trust_shown', view: 'vault' }).trust.vault.retryAt).toBe(NOW + 4000);
    expect(reduce(delayed, vault({ status: 'done' })).trust.vault.retryAt).toBeNull();
  });

  it('keeps no names once it is locked', () => {
    const items = [{ name: 'planted', tags: [], createdMs: 1, isOpen: true, isStub: false }];
    const unlocked = run(vault({ items }));
    expect(unlocked.trust.vault.items).toHaveLength(1);
    expect(JSON.stringify(reduce(unlocked, vault({ action: 'status', locked: true })))).not.toContain('planted');
    expect(JSON.stringify(reduce(unlocked, vault({ action: 'lock', locked: true, items })))).not.toContain('planted');
  });

  it('that names were told is no news, that a word was wrong is', () => {
    expect(run(vault({ action: 'list' })).trust.told).toEqual({});
    expect(run(vault({ status: 'refused', message: 'Wrong.' })).trust.told.vault).toMatchObject({ ok: false, text: 'Wrong.' });
  });

  it('with the connection goes what was being looked at', () => {
    expect(run(vault({ status: 'checking' }), LOST).trust.vault.checking).toBeNull();
    expect(run(vault({ status: 'checking' }), refused('trust-vault-1', 'out_of_range', 'safe_word')).trust.vault.checking).toBeNull();
  });
});

describe('the rest', () => {
  const result = { type: 'transfer_result', success: true, messagesTransferred: 4, summariesTransferred: 1, vaultsTransferred: [], error: null, metadata: { packageId: 'p', duplicates: 0, conflicts: 0, refused: 0, redStubs: 0, durationMs: 1 }, requestId: null } as const;

  it('a transfer goes on while nobody looks, and its end is told', () => {
    const going = run({ type: 'transfer_asked' }, told({ type: 'transfer_progress', stage: 'importing', fraction: 0.5, requestId: null }), { type: 'trust_shown', view: null });
    expect(going.trust.transfer).toEqual({ kind: 'under_way', stage: 'importing', fraction: 0.5 });
    expect(reduce(going, told({ ...result, vaultsTransferred: [] })).trust.transfer.kind).toBe('over');
    expect(reduce(going, told({ type: 'transfer_denied', reason: 'You said no.', requestId: null })).trust.transfer).toEqual({ kind: 'denied', reason: 'You said no.' });
    expect(reduce(going, told({ type: 'transfer_error', code: 'unreachable', message: 'x', field: null, requestId: null })).trust.transfer).toMatchObject({ kind: 'failed', message: 'The other soul cannot be reached. Start it, and try again.' });
    expect(reduce(going, LOST).trust.transfer.kind).toBe('failed');
  });

  it('grants come and go', () => {
    const grant = { grantId: 'g', action: 'remember', sinceMs: 1 };
    const state = run(told({ type: 'grants_listed', grants: [], requestId: null }), told({ type: 'grant_added', grant, requestId: null }), told({ type: 'grant_added', grant, requestId: null }));
    expect(state.trust.grants).toEqual([grant]);
    expect(reduce(state, told({ type: 'grant_revoked', grantId: 'g', requestId: null })).trust.grants).toEqual([]);
  });

  it('the log is read in pages, and its alarm is the latest word', () => {
    const entry = (number: number) => ({ number, atMs: 1, event: 'e', words: 'w' });
    const page = (requestId: string, numbers: number[], verified: boolean): Event => told({ type: 'audit_entries', entries: numbers.map(entry), count: 4, verified, head: 'h', requestId });
    const state = run({ type: 'audit_asked', requestId: 'q1', more: false }, page('q1', [4, 3], true), { type: 'audit_asked', requestId: 'q2', more: true }, page('q2', [2, 1], false));
    expect(state.trust.audit?.entries.map(({ number }) => number)).toEqual([4, 3, 2, 1]);
    expect(state.trust.audit?.verified).toBe(false);
  });

  it('who she is from now on', () => {
    const personas = [{ personaId: 'b', name: 'The butler', description: '' }];
    const state = run(told({ type: 'personas_listed', personas, active: 'janet', requestId: null }), told({ type: 'persona_changed', personaId: 'b', requestId: null }));
    expect(state.trust.personas?.active).toBe('b');
    expect(state.trust.told.personas?.text).toContain('The butler');
  });
});
