/**
 * The mock's memory, secrets and red thread: answers as PROTOCOL.md says, keeps everything in plain variables, and
 * knows one safe word. For work on the page and for its tests; nothing here protects anything.
 */
export const SAFE_WORD = 'a mock of a word';
export const CAPABILITIES = ['memory', 'vault', 'consent', 'red_thread', 'transfer', 'audit', 'personas'];
const ASK_MS = 30_000;

/** What all connections of one mock share. */
export function freshWorld(memories = 3) {
  const world = { stopped: null, memories: [], vault: null, locked: true, audit: [], grants: [], persona: 'janet', guesses: 0, next: 1, sessions: new Set() };
  for (let n = 0; n < memories; n += 1) keep(world, n === 0 ? 'The cat is called Minka.' : `Number ${n} of what she was told to remember.`, 'click');
  return world;
}

function note(world, event, words) {
  world.audit.unshift({ number: world.audit.length + 1, at_ms: Date.now(), event, words });
}

function keep(world, text, how) {
  const id = `m${world.next++}`;
  world.memories.unshift({ id, text, kind: 'note', source: 'a conversation on this machine', created_ms: Date.now(), souls: ['networked'], receipt: { receipt_id: `r-${id}`, action: 'remember', how, operator: 'here', at_ms: Date.now() } });
  note(world, 'memory remembered', 'Something was remembered, allowed by a click.');
  return id;
}

export class MockTrust {
  #tell;
  #waiting = new Map();
  #tokens = new Set();

  constructor(tell, world) {
    this.#tell = tell;
    this.world = world;
    this.session = { tell, stop: () => this.#stop() };
    world.sessions.add(this.session);
  }

  hello() {
    if (this.world.stopped !== null) this.#tell({ type: 'red_thread_state', active: true, ...this.world.stopped });
  }

  end() {
    this.world.sessions.delete(this.session);
    for (const { timer } of this.#waiting.values()) clearTimeout(timer);
  }

  /** Whether it was about trust. */
  takes(m) {
    const handle = HANDLERS[m.type];
    if (handle === undefined) return false;
    const answer = (message) => this.#tell({ ...message, request_id: m.request_id });
    if (this.world.stopped !== null && !m.type.startsWith('red_thread') && !m.type.endsWith('_read') && m.type !== 'vault_lock') {
      answer({ type: 'error', code: 'red_thread', message: 'everything is stopped' });
    } else handle(this, m, answer);
    return true;
  }

  /** Asks; `then` is done after a yes. */
  ask(action, prompt, impact, then, { type = 'soul_check', needs_click = false, ms = ASK_MS } = {}) {
    const consent_id = `c${this.world.next++}`;
    const timer = setTimeout(() => this.close(consent_id, 'expired'), ms);
    this.#waiting.set(consent_id, { timer, then, action });
    const asked = { consent_id, conversation_uuid: 'u', action, impact, prompt, requires_response: true, expires_at: Date.now() + ms };
    // What older clients know a transfer's question by comes first.
    if (type === 'consent_request' || action === 'transfer') this.#tell({ type: 'consent_request', ...asked });
    if (type === 'soul_check') this.#tell({ type, ...asked, needs_click });
    return consent_id;
  }

  close(consent_id, outcome) {
    const asked = this.#waiting.get(consent_id);
    if (asked === undefined) return false;
    clearTimeout(asked.timer);
    this.#waiting.delete(consent_id);
    this.#tell({ type: 'consent_closed', consent_id, conversation_uuid: 'u', outcome });
    note(this.world, `consent ${outcome}`, `${asked.action}: ${outcome}.`);
    asked.then(outcome === 'granted');
    return true;
  }

  token() {
    const token = `t${this.world.next++}`;
    this.#tokens.add(token);
    return token;
  }

  spend(token) {
    return this.#tokens.delete(token);
  }

  #stop() {
    for (const id of [...this.#waiting.keys()]) this.close(id, 'withdrawn');
  }
}

function toAll(world, message) {
  for (const { tell } of world.sessions) tell(message);
}

function go(world) {
  world.stopped = null;
  note(world, 'red_thread cleared', 'The operator let her go on.');
  toAll(world, { type: 'red_thread_state', active: false, since: 0, node: 'here' });
}

const vault = ({ world }, action, status, message, more = {}) => ({ type: 'vault_result', action, status, exists: world.vault !== null, locked: world.locked, message, ...more });
const items = ({ world }) => [...world.vault].map(([name, { tags, at }]) => ({ name, tags, created_ms: at, is_open: true, is_stub: false }));

/** Looks at a safe word, as slowly as hashing does. */
function check(trust, action, word, answer, then) {
  answer(vault(trust, action, 'checking', 'Looking at it.'));
  setTimeout(() => {
    const { world } = trust;
    if (word === SAFE_WORD) {
      world.guesses = 0;
      then();
      return;
    }
    world.guesses += 1;
    const wait = world.guesses >= 3 ? { retry_after_ms: 4000 } : {};
    answer(vault(trust, action, world.guesses >= 3 ? 'delayed' : 'refused', 'the safe word is wrong, there is no such secret, or the vault is damaged', wait));
  }, 150);
}

const HANDLERS = {
  red_thread({ world }) {
    world.stopped ??= { since: Date.now(), node: 'kitchen' };
    world.locked = true;
    note(world, 'red_thread pulled', 'The red thread was pulled.');
    for (const { stop } of world.sessions) stop();
    toAll(world, { type: 'red_thread_state', active: true, ...world.stopped });
  },
  red_thread_clear(trust, m, answer) {
    if (m.token != null) {
      if (trust.spend(m.token)) go(trust.world);
      else answer({ type: 'error', code: 'unexpected', message: 'no such token' });
    } else if (m.safe_word != null) {
      if (m.safe_word === SAFE_WORD) go(trust.world);
      else answer({ type: 'error', code: 'vault_refused', message: 'refused' });
    } else answer({ type: 'red_thread_token', token: trust.token(), expires_at: Date.now() + 20_000 });
  },
  consent_response(trust, m, answer) {
    if (!trust.close(m.consent_id, m.granted ? 'granted' : 'denied')) answer({ type: 'error', code: 'unexpected', message: 'no such question' });
  },
  memory_list({ world }, m, answer) {
    const from = m.before == null ? 0 : world.memories.findIndex(({ id }) => id === m.before) + 1;
    answer({ type: 'memory_results', results: world.memories.slice(from, from + (m.limit ?? 50)), total: world.memories.length });
  },
  memory_search({ world }, m, answer) {
    const found = world.memories.filter(({ text }) => text.toLowerCase().includes(m.query.toLowerCase()));
    answer({ type: 'memory_results', results: found.slice(0, m.limit ?? 10).map((one) => ({ ...one, score: 0.9 })), total: world.memories.length });
  },
  memory_remember({ world }, m, answer) {
    if (/password|pin/i.test(m.text)) {
      answer({ type: 'error', code: 'not_kept', message: 'that is a secret' });
      return;
    }
    answer({ type: 'memory_result', action: 'remember', success: true, message: 'Remembered.', id: keep(world, m.text, 'click'), receipt_id: 'r' });
  },
  memory_distil(trust, m, answer) {
    const found = ['The user likes green tea.', "The user's cat is called Mimi."];
    trust.ask('remember', `${found.join(' ')} Shall I remember these 2 things of our conversation?`, found.join('\n'), (yes) => {
      if (!yes) {
        answer({ type: 'error', code: 'not_consented', message: 'no consent' });
        return;
      }
      for (const text of found) answer({ type: 'memory_result', action: 'remember', success: true, message: 'Remembered.', id: keep(trust.world, text, 'click'), receipt_id: 'r' });
    }, { type: 'consent_request' });
  },
  memory_edit({ world }, m, answer) {
    const at = world.memories.findIndex(({ id }) => id === m.id);
    if (at === -1) answer({ type: 'error', code: 'not_found', message: 'no such memory' });
    else {
      world.memories[at] = { ...world.memories[at], text: m.text, edited_ms: Date.now() };
      answer({ type: 'memory_result', action: 'edit', success: true, message: 'Changed.', id: m.id });
    }
  },
  memory_forget({ world }, m, answer) {
    world.memories = world.memories.filter(({ id }) => id !== m.id);
    note(world, 'memory forgotten', 'A memory was forgotten.');
    answer({ type: 'memory_result', action: 'forget', success: true, message: 'Forgotten.', id: m.id, proof: { entries: 1, vectors: 1, bytes_searched: 405_504, traces: 0, audit_number: world.audit.length } });
  },
  memory_forget_all(trust, m, answer) {
    const { world } = trust;
    trust.ask('forget_all', 'Shall I forget everything that I remember?', `${world.memories.length} memories go, with all that was made from them. Nothing brings them back.`, (yes) => {
      if (!yes) {
        answer({ type: 'error', code: 'not_consented', message: 'no consent' });
        return;
      }
      const entries = world.memories.length;
      world.memories = [];
      note(world, 'memory forgotten', 'Everything was forgotten.');
      answer({ type: 'memory_result', action: 'forget_all', success: true, message: 'Everything is forgotten.', proof: { entries, vectors: entries, bytes_searched: 1_405_504, traces: 0, audit_number: world.audit.length, ...(m.everything === true ? { conversations: 1, messages: 2 } : {}) } });
    }, { needs_click: true });
  },
  vault_list(trust, _, answer) {
    answer(vault(trust, 'list', 'done', 'this is what the vault holds', trust.world.locked ? {} : { items: items(trust) }));
  },
  vault_create(trust, m, answer) {
    answer(vault(trust, 'create', 'checking', 'Making it.'));
    setTimeout(() => {
      if (m.safe_word !== SAFE_WORD) {
        answer({ type: 'error', code: 'out_of_range', message: 'field "safe_word": too easy to guess: take eight characters at least, and not digits alone', field: 'safe_word' });
        return;
      }
      trust.world.vault = new Map();
      note(trust.world, 'vault created', 'The vault of secrets was made.');
      answer(vault(trust, 'create', 'done', 'the vault is made; it is locked'));
    }, 150);
  },
  vault_unlock(trust, m, answer) {
    check(trust, 'unlock', m.safe_word, answer, () => {
      trust.world.locked = false;
      note(trust.world, 'vault unlocked', 'The vault was unlocked.');
      answer(vault(trust, 'unlock', 'done', 'the vault is unlocked', { items: items(trust) }));
    });
  },
  vault_lock(trust, _, answer) {
    trust.world.locked = true;
    note(trust.world, 'vault locked', 'The vault was locked.');
    answer(vault(trust, 'lock', 'done', 'the vault is locked; what was unlocked is overwritten'));
  },
  vault_put(trust, m, answer) {
    trust.world.vault.set(m.name, { value: m.value, tags: m.tags ?? [], at: Date.now() });
    note(trust.world, 'vault kept', 'A secret was kept.');
    answer(vault(trust, 'put', 'done', 'the secret is kept'));
  },
  vault_get(trust, m, answer) {
    const found = trust.world.locked ? undefined : trust.world.vault.get(m.name);
    if (found === undefined) answer(vault(trust, 'get', 'refused', 'That did not work.'));
    else answer(vault(trust, 'get', 'done', 'this is the secret', { value: found.value }));
  },
  vault_forget(trust, m, answer) {
    trust.world.vault.delete(m.name);
    answer(vault(trust, 'forget', 'done', 'the secret is gone'));
  },
  vault_change(trust, m, answer) {
    check(trust, 'change', m.safe_word, answer, () => answer(vault(trust, 'change', 'done', 'the safe word is changed')));
  },
  vault_export(trust, m, answer) {
    check(trust, 'export', m.safe_word, answer, () => {
      answer(vault(trust, 'export', 'checking', 'Waiting for consent.'));
      trust.ask('export', 'Shall I write all secrets into a file?', `${trust.world.vault.size} secrets leave this vault, under a password of their own.`, (yes) => {
        if (!yes) {
          answer({ type: 'error', code: 'not_consented', message: 'no consent' });
          return;
        }
        answer({ type: 'vault_exported', file: Buffer.from(JSON.stringify([...trust.world.vault])).toString('base64') });
      }, { needs_click: true });
    });
  },
  vault_import(trust, m, answer) {
    answer(vault(trust, 'import', 'checking', 'Reading it.'));
    try {
      for (const [name, entry] of JSON.parse(Buffer.from(m.file, 'base64').toString())) trust.world.vault.set(name, entry);
      answer(vault(trust, 'import', 'done', 'the secrets are taken in'));
    } catch {
      answer(vault(trust, 'import', 'refused', 'The password is wrong, or the file is damaged.'));
    }
  },
  grant_list({ world }, _, answer) {
    answer({ type: 'grants_listed', grants: world.grants });
  },
  grant_add(trust, m, answer) {
    trust.ask('new_grant', `May I ${m.action} from now on without asking?`, 'It holds until you revoke it.', (yes) => {
      if (!yes) {
        answer({ type: 'error', code: 'not_consented', message: 'no consent' });
        return;
      }
      const grant = { grant_id: `g${trust.world.next++}`, action: m.action, since_ms: Date.now() };
      trust.world.grants.push(grant);
      answer({ type: 'grant_added', grant });
    }, { needs_click: true });
  },
  grant_revoke({ world }, m, answer) {
    world.grants = world.grants.filter(({ grant_id }) => grant_id !== m.grant_id);
    answer({ type: 'grant_revoked', grant_id: m.grant_id });
  },
  audit_read({ world }, m, answer) {
    const rest = world.audit.filter(({ number }) => m.before == null || number < m.before);
    answer({ type: 'audit_entries', entries: rest.slice(0, m.limit ?? 50), count: world.audit.length, verified: !world.tampered, head: '9f2c'.repeat(16) });
  },
  persona_list({ world }, _, answer) {
    const personas = [
      { persona_id: 'janet', name: 'Janet', description: 'Kind, curious, and brief.' },
      { persona_id: 'butler', name: 'The butler', description: 'Formal, dry, and always at your service.' },
    ];
    answer({ type: 'personas_listed', personas, active: world.persona });
  },
  persona_set(trust, m, answer) {
    trust.ask('persona_change', 'Shall I be the butler from now on?', 'I will sound and act differently. My memory and what I must never do stay as they are.', (yes) => {
      if (yes) trust.world.persona = m.persona_id;
      answer(yes ? { type: 'persona_changed', persona_id: m.persona_id } : { type: 'error', code: 'not_consented', message: 'no consent' });
    });
  },
  privacy_read({ world }, _, answer) {
    answer({
      type: 'privacy',
      memories: world.memories.length,
      conversations: 2,
      messages: 14,
      keep_ms: 1_800_000,
      vault_exists: world.vault !== null,
      vault_locked: world.locked,
      microphones: [{ device: 'here', since_ms: Date.now() - 60_000, is_yours: true }],
      left_machine: [{ what: 'language_model', whereto: 'models.example', times: 12, last_ms: Date.now() - 5_000 }, { what: 'push', whereto: 'push.example', times: 0, last_ms: 0 }],
      audit_entries: world.audit.length,
    });
  },
  soul_list({ world }, _, answer) {
    answer({
      type: 'souls_listed',
      souls: [
        { soul: 'networked', is_here: true, is_reachable: true, key: '9f2c11aa', conversations: 2, memories: world.memories.length },
        { soul: 'constitutional', is_here: false, is_reachable: true, key: '04be77d0' },
      ],
    });
  },
  transfer_context(trust, m, answer) {
    const progress = (stage, fraction) => answer({ type: 'transfer_progress', conversation_uuid: 'u', stage, fraction });
    if ((m.include_vaults ?? []).includes('red') && m.safe_word !== SAFE_WORD) {
      answer({ type: 'transfer_error', code: 'vault_refused', message: 'refused' });
      return;
    }
    progress('asking', 0);
    trust.ask('transfer', 'Shall I move this conversation to the other soul?', '14 messages and 3 memories go there.', (yes) => {
      if (!yes) {
        answer({ type: 'transfer_denied', conversation_uuid: 'u', reason: 'You said no. Nothing was changed.' });
        return;
      }
      const steps = ['exporting', 'importing', 'reconciling'].flatMap((stage) => [0.2, 0.7].map((fraction) => [stage, fraction]));
      steps.forEach(([stage, fraction], n) => setTimeout(() => progress(stage, fraction), 200 * n));
      setTimeout(() => answer({
        type: 'transfer_result',
        conversation_uuid: 'u',
        success: true,
        messages_transferred: 14,
        summaries_transferred: 3,
        vaults_transferred: m.include_vaults ?? [],
        error: null,
        metadata: { package_id: 'p-81', duplicates: 2, conflicts: 1, refused: 0, red_stubs: 0, duration_ms: 412 },
      }), 200 * steps.length);
    });
  },
};
