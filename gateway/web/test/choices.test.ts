import { describe, expect, it } from 'vitest';
import type { Choice, ContextData, PlainMessage } from '../src/protocol/messages.js';
import { CHOSEN, KEPT } from '../src/protocol/requests.js';
import { isChoice, keptToAskFor, keptToBeginWith, label, shownAs } from '../src/state/choices.js';
import { initialState, type Event, type State } from '../src/state/model.js';
import { reduce } from '../src/state/reduce.js';
import { DEFAULTS } from '../src/state/settings.js';

const ALLOY: Choice = { id: 'auto', name: 'alloy' };
const JOE: Choice = { id: 'own', name: 'joe' };
const WHISTLE: Choice = { id: 'server:whistle', name: 'whistle' };

function server(message: PlainMessage): Event {
  return { type: 'server', message };
}

function context(voices: Choice[], languageModels: Choice[] = []): Event {
  const data: ContextData = {
    messages: [],
    models: {},
    calls: [],
    profile: '',
    version: '',
    conversation: null,
    status: 'ready',
    loading: null,
    trouble: [],
    busy: false,
    voices,
    languageModels,
  };
  return server({ type: 'context', data });
}

function settings(voice: string, model = 'auto'): Event {
  return server({ type: 'settings', voiceSpeed: 1, sensitivity: 'normal', voice, model });
}

function refused(requestId: string): Event {
  return server({ type: 'error', code: 'out_of_range', message: 'field "voice": there is no such voice', field: 'voice', requestId });
}

function run(...events: Event[]): State {
  return events.reduce(reduce, initialState);
}

/** What is asked for with this voice kept, after these events. */
function asked(voice: string | null, ...events: Event[]): string | null {
  return keptToAskFor({ ...DEFAULTS, voice }, run(...events))?.voice ?? null;
}

describe('a list of the server’s', () => {
  it('is there only while there is something to choose', () => {
    expect([[], [ALLOY], [ALLOY, JOE]].map(isChoice)).toEqual([false, false, true]);
  });

  it('says whose each of them is', () => {
    expect([ALLOY, JOE, WHISTLE, { id: 'own', name: '' }].map(label)).toEqual(['Automatic (alloy)', 'Her own (joe)', 'whistle', 'Her own']);
  });

  it('shows what holds, and that it is as configured where that is not known', () => {
    expect(['own', 'server:gone', undefined].map((holds) => shownAs([ALLOY, JOE], holds))).toEqual(['own', 'auto', 'auto']);
  });
});

describe('a choice that was kept', () => {
  it('is asked for once the server offers it, and then no more', () => {
    const { id } = WHISTLE;
    expect(asked(id, settings('auto'))).toBeNull();
    expect(asked(id, settings('auto'), context([ALLOY, JOE]))).toBeNull();
    expect(asked(id, settings('auto'), context([ALLOY, JOE, WHISTLE]))).toBe(id);
    expect(asked(id, settings(id), context([ALLOY, JOE, WHISTLE]))).toBeNull();
  });

  it('of her own holds before anybody has looked for a server', () => {
    expect(asked('own', settings('auto'), context([JOE]))).toBe('own');
    expect(asked('own', settings('own'), context([JOE]))).toBeNull();
  });

  it('of her own model is asked for before the lists come: no server gets a question in between', () => {
    expect(keptToBeginWith({ ...DEFAULTS, model: 'own', voice: WHISTLE.id })).toEqual({ model: 'own' });
    // Whether these are there only the lists say.
    expect(keptToBeginWith({ ...DEFAULTS, model: 'server:a', voice: WHISTLE.id })).toEqual({});
    expect(keptToBeginWith(DEFAULTS)).toEqual({});
  });

  it('may be one of a voice, of a model or of both', () => {
    const offers = [settings('auto', 'server:gone'), context([ALLOY, JOE, WHISTLE], [ALLOY, JOE])];
    const kept = (voice: string | null, model: string | null) => keptToAskFor({ ...DEFAULTS, voice, model }, run(...offers));
    expect(kept(null, 'own')).toEqual({ model: 'own' });
    expect(kept(WHISTLE.id, null)).toEqual({ voice: WHISTLE.id });
    expect(kept('own', 'server:gone')).toEqual({ voice: 'own', model: 'auto' });
    expect(kept('auto', null)).toBeNull();
  });

  it('holds again on the next connection, which begins as configured', () => {
    const before = [settings('own'), context([ALLOY, JOE])];
    expect(asked('own', ...before, settings('auto'), context([ALLOY, JOE]))).toBe('own');
  });

  it('gives way to the configured one while it is gone', () => {
    expect(asked('server:whistle', settings('auto'), context([ALLOY, JOE]))).toBeNull();
    const gone = [settings('server:whistle'), context([ALLOY, JOE])];
    expect(asked('server:whistle', ...gone)).toBe('auto');
    expect(asked('server:whistle', ...gone, settings('auto'), context([ALLOY, JOE, WHISTLE]))).toBe('server:whistle');
  });

  it('is nothing to ask for where none was made, or the server knows no choice', () => {
    expect(asked(null, settings('auto'), context([ALLOY, JOE]))).toBeNull();
    expect(asked('own', settings('auto'), context([]))).toBeNull();
  });

  it('is refused without a word', () => {
    const state = run(settings('auto'), context([ALLOY, JOE]));
    expect(reduce(state, refused(KEPT))).toBe(state);
  });
});

describe('a choice that is made now', () => {
  it('is shown at once, and what the server says counts', () => {
    const chosen = run(settings('auto'), { type: 'chosen', choice: { voice: 'own' } });
    expect(chosen.applied?.voice).toBe('own');
    expect(reduce(chosen, settings('auto')).applied?.voice).toBe('auto');
  });

  it('says what is wrong where it is refused, and leaves a question that waits alone', () => {
    const state = run({ type: 'sent', text: 'Hi', requestId: 'r1' }, refused(CHOSEN));
    expect(state.entries.at(-1)).toMatchObject({ kind: 'error', title: 'That voice is not there any more.' });
    expect(state).toMatchObject({ awaiting: true, her: 'thinking' });
  });

  describe('with the settings open, which the chat lies behind', () => {
    const open: Event = { type: 'settings_shown', open: true };
    const refusedThere = run(settings('auto'), open, { type: 'chosen', choice: { voice: 'server:gone' } }, refused(CHOSEN));

    it('says beside its list what is wrong, and not in the chat', () => {
      expect(refusedThere.refused).toEqual({ voice: { title: 'That voice is not there any more.', todo: expect.any(String) } });
      expect(refusedThere.entries).toEqual([]);
      const model = server({ type: 'error', code: 'out_of_range', message: 'no', field: 'model', requestId: CHOSEN });
      expect(Object.keys(reduce(refusedThere, model).refused)).toEqual(['voice', 'model']);
    });

    it('says so until the next choice', () => {
      expect(reduce(refusedThere, settings('auto')).refused).toBe(refusedThere.refused);
      expect(reduce(refusedThere, { type: 'chosen', choice: { model: 'own' } }).refused).toEqual({});
    });

    it('says it no more when they are opened again', () => {
      const shut = reduce(refusedThere, { type: 'settings_shown', open: false });
      expect(reduce(shut, open).refused).toEqual({});
      expect(reduce(shut, refused(CHOSEN)).entries).toHaveLength(1);
    });

    it('says what has no list in the chat', () => {
      const state = run(open, server({ type: 'error', code: 'internal', message: 'no', field: null, requestId: CHOSEN }));
      expect(state.refused).toEqual({});
      expect(state.entries).toHaveLength(1);
    });
  });
});
