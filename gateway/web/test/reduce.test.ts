import { describe, expect, it } from 'vitest';
import type { ContextData, PlainMessage, Trouble, VoiceState } from '../src/protocol/messages.js';
import { activity, reachable } from '../src/state/activity.js';
import { initialState, type Entry, type Event, type State } from '../src/state/model.js';
import { reduce } from '../src/state/reduce.js';

const CONNECTED: PlainMessage = { type: 'connected', clientId: 'c', status: 'ready', role: 'operator', capabilities: ['webrtc'], iceServers: [] };

function server(message: PlainMessage): Event {
  return { type: 'server', message };
}

function run(...events: Event[]): State {
  return events.reduce(reduce, reduce(initialState, server(CONNECTED)));
}

function delta(text: string, replyId = '1'): Event {
  return server({ type: 'assistant_delta', replyId, text });
}

function answer(text: string, more: Partial<Extract<PlainMessage, { type: 'assistant_message' }>> = {}): Event {
  return server({ type: 'assistant_message', replyId: '1', text, userText: '', latency: {}, audio: null, requestId: null, ...more });
}

function transcript(text: string, final: boolean): Event {
  return server({ type: 'transcript', text, final });
}

function speaking(state: VoiceState, replyId = '1'): Event {
  return server({ type: 'speaking', replyId, state });
}

function shown(state: State): string[] {
  return state.entries.map((e: Entry) => (e.kind === 'error' ? `! ${e.title}` : `${e.kind}: ${e.text}`));
}

describe('a typed turn', () => {
  it('shows the message, thinks, streams, and ends with the final text', () => {
    const sent = run({ type: 'sent', text: 'Hi', requestId: 'r1' });
    expect(activity(sent)).toBe('thinking');
    const streaming = [delta('Hel'), delta('lo')].reduce(reduce, sent);
    expect(shown(streaming)).toEqual(['user: Hi', 'assistant: Hello']);
    const done = reduce(streaming, answer('Hello!', { requestId: 'r1', userText: 'Hi', latency: { llm_first: 90 } }));
    expect(shown(done)).toEqual(['user: Hi', 'assistant: Hello!']);
    expect(done.entries[1]).toMatchObject({ done: true, latency: { llm_first: 90 } });
    expect(activity(done)).toBe('idle');
  });

  it('takes the server’s version of what was typed: a secret may be gone from it', () => {
    const state = run({ type: 'sent', text: 'my pin is 1234', requestId: 'r1' }, answer('Noted.', { requestId: 'r1', userText: 'my pin is [secret]' }));
    expect(shown(state)[0]).toBe('user: my pin is [secret]');
  });

  it('two messages in a row: each answer finds its own question', () => {
    const state = run(
      { type: 'sent', text: 'a', requestId: 'r1' },
      { type: 'sent', text: 'b', requestId: 'r2' },
      answer('A', { replyId: '1', requestId: 'r1', userText: 'a!' }),
      answer('B', { replyId: '2', requestId: 'r2', userText: 'b!' }),
    );
    expect(shown(state)).toEqual(['user: a!', 'user: b!', 'assistant: A', 'assistant: B']);
  });

  it('an error ends the thinking and says what to do', () => {
    const state = run(
      { type: 'sent', text: 'a', requestId: 'r1' },
      server({ type: 'error', code: 'bad_field', message: 'text is empty', field: 'text', requestId: 'r1' }),
    );
    expect(shown(state)[1]).toBe('! Text is empty.');
    expect(activity(state)).toBe('idle');
  });
});

describe('a voice stream that is refused', () => {
  const refused = (code: string): Event => server({ type: 'error', code, message: 'no', field: null, requestId: 'voice-1' });

  it('says that there is no room and what to do, and leaves everything else as it is', () => {
    const state = run({ type: 'sent', text: 'Hi', requestId: 'r1' }, refused('overloaded'));
    expect(state.entries.at(-1)).toMatchObject({ kind: 'error', todo: expect.stringContaining('microphone') });
    expect(activity(state)).toBe('thinking');
    expect(reachable(state)).toBe(true);
  });

  it('for want of room makes the page busy, anything else does not', () => {
    expect(run(refused('overloaded')).status).toBe('busy');
    expect(run(refused('internal')).status).toBe('ready');
  });

  it('while the models load: the page waits for them', () => {
    expect(run(refused('not_ready')).status).toBe('models_loading');
  });

  it('a busy server that opens one is not busy any more', () => {
    const busy = run(server({ type: 'error', code: 'overloaded', message: 'no', field: null, requestId: 'r1' }));
    expect(busy.status).toBe('busy');
    expect(reduce(busy, server({ type: 'audio_ready', playRateHz: 48_000 })).status).toBe('ready');
  });
});

describe('a spoken turn', () => {
  it('shows the words as they come, then as a message of their own', () => {
    const hearing = run(transcript('What is', false), transcript('What is the', false));
    expect(hearing.partial).toBe('What is the');
    expect(activity(hearing)).toBe('hearing');
    const heard = reduce(hearing, transcript('What is the capital?', true));
    expect(heard.partial).toBeNull();
    expect(shown(heard)).toEqual(['user: What is the capital?']);
    expect(activity(heard)).toBe('thinking');
    const spoken = [speaking('started'), delta('Paris.'), answer('Paris.', { userText: 'What is the capital?' })].reduce(reduce, heard);
    expect(activity(spoken)).toBe('speaking');
    expect(shown(spoken)).toEqual(['user: What is the capital?', 'assistant: Paris.']);
    expect(activity(reduce(spoken, speaking('finished')))).toBe('idle');
  });

  it('a final transcript that is empty leaves nothing behind', () => {
    const state = run(transcript('uh', false), transcript(' ', true));
    expect(state.partial).toBeNull();
    expect(state.entries).toEqual([]);
    expect(activity(state)).toBe('idle');
  });

  it('an answer whose transcript never came brings its question along', () => {
    expect(shown(run(delta('Paris.'), answer('Paris.', { userText: 'Capital?' })))).toEqual(['user: Capital?', 'assistant: Paris.']);
  });

  it('a backchannel holds her and lets her go on, and its words go away', () => {
    const held = run(speaking('started'), speaking('paused'), transcript('mm-hm', false));
    expect(activity(held)).toBe('held');
    const resumed = reduce(held, speaking('resumed'));
    expect(activity(resumed)).toBe('speaking');
    expect(resumed.partial).toBeNull();
  });

  it('a barge-in marks what was cut and waits for the next answer', () => {
    const state = run(
      transcript('one', true),
      speaking('started'),
      delta('Long answer'),
      speaking('paused'),
      speaking('stopped'),
      answer('Long', { userText: 'one' }),
      transcript('two', true),
    );
    expect(state.entries[1]).toMatchObject({ kind: 'assistant', text: 'Long', interrupted: true, done: true });
    expect(activity(state)).toBe('thinking');
  });

  it('words that nothing follows are put away', () => {
    expect(activity(run(transcript('psst', false), { type: 'partial_stale' }))).toBe('idle');
  });

  it('push-to-talk: ready, hearing while held, thinking after', () => {
    const on = run({ type: 'mic', mic: { kind: 'on', mode: 'push_to_talk', held: false } });
    expect(activity(on)).toBe('ready');
    const held = reduce(on, { type: 'mic', mic: { kind: 'on', mode: 'push_to_talk', held: true } });
    expect(activity(held)).toBe('hearing');
    const given = [{ type: 'mic', mic: { kind: 'on', mode: 'push_to_talk', held: false } }, { type: 'committed' }] as Event[];
    expect(activity(given.reduce(reduce, held))).toBe('thinking');
  });

  it('nor after a question whose answer was cut before its first word', () => {
    expect(activity(run(transcript('one', true), answer('', { userText: 'one' }), { type: 'committed' }, { type: 'partial_stale' }))).toBe('idle');
  });

  it('a slow answer is waited for', () => {
    expect(activity(run(transcript('one', true), { type: 'partial_stale' }))).toBe('thinking');
  });

  it('push-to-talk with nothing said does not think for ever', () => {
    expect(activity(run({ type: 'committed' }, { type: 'partial_stale' }))).toBe('idle');
  });
});

describe('the connection', () => {
  const data = {
    messages: [
      { role: 'user' as const, text: 'a' },
      { role: 'assistant' as const, text: 'b' },
    ],
    models: {},
    calls: [],
    profile: 'cpu',
    version: '1',
    conversation: null,
    status: null,
    loading: null,
    trouble: [],
    busy: false,
    voices: [],
    languageModels: [],
  };

  it('a reload shows the conversation so far, once', () => {
    const state = run(server({ type: 'context', data }), server({ type: 'context', data }));
    expect(shown(state)).toEqual(['user: a', 'assistant: b']);
  });

  it('a reconnect does not show it twice', () => {
    const state = run(
      server({ type: 'context', data }),
      { type: 'link_lost', why: 'cut', retryAt: 5 },
      server(CONNECTED),
      server({ type: 'context', data }),
    );
    expect(shown(state)).toEqual(['user: a', 'assistant: b']);
  });

  it('what was cleared from view stays away until a reload', () => {
    const state = run(
      server({ type: 'context', data }),
      { type: 'cleared' },
      { type: 'link_lost', why: 'cut', retryAt: 5 },
      server(CONNECTED),
      server({ type: 'context', data }),
    );
    expect(state.entries.map((e) => e.kind)).toEqual(['note']);
  });

  describe('with servers that are not used', () => {
    const told = (trouble: Trouble[]): Event => server({ type: 'context', data: { ...data, messages: [], trouble } });
    const llm: Trouble = { role: 'llm', why: 'http://x: it cannot be reached' };
    const tts: Trouble = { role: 'tts', why: 'http://y: it answers 500' };
    const up = told([]);

    it('says once which it is and who does its work, and once that it is over', () => {
      const thought = run(up, told([llm]), told([llm]), up, up);
      expect(shown(thought)).toEqual(['! The language server is not used: http://x: it cannot be reached.', 'note: The language server answers again.']);
      expect(thought.entries[0]).toMatchObject({ todo: expect.stringMatching(/^Janet’s own small model answers meanwhile\./) });
      const spoke = run(up, told([tts]), told([tts]), up, up);
      expect(shown(spoke)).toEqual(['! The speech server is not used: http://y: it answers 500.', 'note: The speech server speaks again.']);
      expect(spoke.entries[0]).toMatchObject({ todo: expect.stringMatching(/^Janet’s own voice speaks meanwhile\./) });
    });

    it('repeats nothing of the one when the other changes', () => {
      const [languageDown, speechDown] = shown(run(told([llm, tts])));
      expect(shown(run(told([tts]), told([llm, tts]), told([tts, llm]), told([tts]), up))).toEqual([
        speechDown,
        languageDown,
        'note: The language server answers again.',
        'note: The speech server speaks again.',
      ]);
    });

    it('says so again when the reason is another', () => {
      const other = { ...llm, why: 'http://x: it has no such model' };
      expect(shown(run(told([llm, tts]), told([other, tts]))).slice(2)).toEqual(['! The language server is not used: http://x: it has no such model.']);
    });

    it('passes over roles that it does not know', () => {
      expect(run(told([{ role: 'stt', why: 'down' }, { role: 'constructor', why: 'down' }]), up).entries).toEqual([]);
    });
  });

  it('a loss ends what was under way and keeps what was said', () => {
    const state = run({ type: 'sent', text: 'a', requestId: 'r' }, delta('half'), speaking('started'), { type: 'link_lost', why: 'cut', retryAt: 9 });
    expect(activity(state)).toBe('offline');
    expect(state.entries[1]).toMatchObject({ done: true, interrupted: true, text: 'half' });
    expect(reachable(state)).toBe(false);
  });

  it('a loss leaves the microphone on, and ends the sample', () => {
    const mic = { kind: 'on', mode: 'hands_free', held: false } as const;
    expect(run({ type: 'mic', mic }, { type: 'link_lost', why: 'cut', retryAt: 1 }).mic).toEqual(mic);
    expect(run({ type: 'mic', mic: { kind: 'sample' } }, { type: 'link_lost', why: 'cut', retryAt: 1 }).mic).toEqual({ kind: 'off' });
  });

  it('models that load make the page wait, and the context says when they are there', () => {
    const loading = run(server({ ...CONNECTED, status: 'models_loading' } as PlainMessage));
    expect(activity(loading)).toBe('loading');
    expect(reachable(loading)).toBe(false);
    const ready = reduce(loading, server({ type: 'context', data: { ...data, messages: [], status: 'ready' } }));
    expect(activity(ready)).toBe('idle');
  });

  it('a conversation that the server has forgotten is told only where one is shown', () => {
    const gone = server({ type: 'error', code: 'unknown_client', message: '', field: 'client_id', requestId: null });
    expect(run(gone).entries).toEqual([]);
    expect(run({ type: 'sent', text: 'a', requestId: 'r' }, answer('b'), gone).entries[2]?.kind).toBe('note');
  });

  it('a conversation that is forgotten is here no more, either', () => {
    const proof = { entries: 0, vectors: 0, bytesSearched: 900, traces: 0, auditNumber: 3, conversations: 1, messages: 2 };
    const before: Event[] = [
      server({ type: 'context', data: { ...data, messages: [{ role: 'user', text: 'Parapluie', interrupted: false }], status: 'ready' } }),
      { type: 'sent', text: 'Parapluie', requestId: 'r' },
      answer('Parapluie'),
      speaking('started'),
      transcript('Parapluie', false),
    ];
    expect(JSON.stringify(run(...before)).match(/Parapluie/g)).toHaveLength(5);
    const gone = (requestId: string | null, of: typeof proof | null): State => run(...before, server({ type: 'conversation_forgotten', message: 'it is forgotten', proof: of, requestId }));
    const state = gone('trust-privacy-4', proof);
    expect(JSON.stringify(state)).not.toContain('Parapluie');
    expect(shown(state)).toEqual(['note: it is forgotten 1 conversation with 2 messages removed. 900 bytes of files searched afterwards: no trace found. The audit log says so in entry 3.']);
    expect(state).toMatchObject({ awaiting: false, her: 'quiet', replyId: null });
    // Told where it was asked for, and there alone: everything that is forgotten says so itself.
    expect(state.trust.told).toEqual({ privacy: { ok: true, text: 'It is forgotten.', proof } });
    for (const requestId of [null, 'r1']) expect(gone(requestId, proof).trust.told).toEqual({});
    expect(shown(gone(null, null))).toEqual(['note: it is forgotten']);
  });

  it('an interruption is no error', () => {
    const state = run(
      { type: 'sent', text: 'a', requestId: 'r' },
      server({ type: 'error', code: 'interrupted', message: '', field: null, requestId: 'r' }),
    );
    expect(shown(state)).toEqual(['user: a']);
    expect(activity(state)).toBe('idle');
  });

  it('an answer cut before its first word leaves no empty line', () => {
    expect(shown(run(transcript('one', true), answer('', { userText: 'one' })))).toEqual(['user: one']);
  });

  it('busy can be tried again, and an answer ends it', () => {
    const busy = run(
      { type: 'sent', text: 'a', requestId: 'r' },
      server({ type: 'error', code: 'overloaded', message: '', field: null, requestId: 'r' }),
    );
    expect(busy.status).toBe('busy');
    expect(reachable(busy)).toBe(true);
    expect(reduce(busy, answer('ok')).status).toBe('ready');
  });

  describe('that is busy', () => {
    const context = (more: Partial<ContextData>): Event => server({ type: 'context', data: { ...data, messages: [], status: 'ready', ...more } });
    const refused = server({ type: 'error', code: 'overloaded', message: '', field: null, requestId: 'voice-1' });

    it('stays so for as long as the context says it', () => {
      const asked = run(refused, context({ busy: true }), context({ busy: true }));
      expect(asked.status).toBe('busy');
      expect(reduce(asked, context({ busy: false })).status).toBe('ready');
      expect(reduce(asked, context({ busy: false, status: null })).status).toBe('ready');
    });

    it('is so by a refusal only: who asks for nothing need not know', () => {
      expect(run(context({ busy: true })).status).toBe('ready');
    });

    it('may have to load its models again', () => {
      expect(run(refused, context({ busy: true, status: 'models_loading' })).status).toBe('models_loading');
    });
  });
});

describe('how far she was heard', () => {
  const heard = (chars: number, replyId = '1'): Event => server({ type: 'speech_heard', replyId, chars });

  it('counts for the reply that sounds, and begins anew with the next', () => {
    const first = run(delta('One two.'), speaking('started'), heard(3));
    expect(first.heardChars).toBe(3);
    expect([heard(7, '9'), speaking('paused'), speaking('resumed')].reduce(reduce, first).heardChars).toBe(3);
    expect(reduce(first, speaking('started', '2')).heardChars).toBe(0);
  });
});
