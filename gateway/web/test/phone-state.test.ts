import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseServerMessage } from '../src/protocol/parse.js';
import { dueAt, IDLE, LONGER_MS, may, SHOWN_MS, step, talkedMs, WAITS_MS, type Act, type PhoneEvent, type PhoneState, type Told } from '../src/phone/phone-state.js';

/** One step of the server's machine: what happened, and what came of it. */
interface Outcome {
  refused: string | null;
  state: PhoneState['state'];
  told: Array<Record<string, unknown>>;
  voice_flows: boolean;
}
interface Vectors {
  transitions: Array<{ way: string; after: string[]; from: string; event: string; outcome: Outcome }>;
  stories: Array<{ name: string; steps: Array<{ at_ms: number; event: string | null; outcome: Outcome }> }>;
  timers: Array<{ name: string; after_ms: number }>;
  reasons: string[];
}

const vectors = JSON.parse(readFileSync(new URL('../../protocol/schema/call-vectors.json', import.meta.url), 'utf8')) as Vectors;
const ID = 'c1';
/** What the client does, in the server's words and in the page's. Recordings are not the page's way. */
const ACTS: Record<string, Act> = { call: 'call', accept: 'accept', hold: 'hold', resume: 'resume', hang_up: 'hang_up' };

/** What the page's machine is given when this happens at the server's: first its own part, then what it is told. */
function events(event: string | null, told: Outcome['told']): PhoneEvent[] {
  const own: Record<string, PhoneEvent[]> = {
    call: [{ type: 'call', id: ID, name: 'Janet' }, { type: 'asked' }],
    accept: [{ type: 'accept' }, { type: 'asked' }],
    answer: [{ type: 'agreed' }],
    hold: [{ type: 'hold' }],
    resume: [{ type: 'resume' }],
    hang_up: [{ type: 'hang_up' }],
    client_gone: [{ type: 'gone' }],
  };
  return [...(event === null ? [] : (own[event] ?? [])), ...told.map((message): PhoneEvent => ({ type: 'told', message: read(message) }))];
}

/** As it comes over the wire: the vectors leave the call's id and the offer's content out. */
function read(message: Record<string, unknown>): Told {
  const parsed = parseServerMessage(JSON.stringify({ call_id: ID, caller: 'Janet', sdp: 'v=0', ...message }));
  if (parsed === null || !('type' in parsed)) throw new Error(`not understood: ${JSON.stringify(message)}`);
  return parsed as Told;
}

function follow(phone: PhoneState, event: string | null, outcome: Outcome, at: number): PhoneState {
  return events(event, outcome.told).reduce((state, one) => step(state, one, at), phone);
}

/** The page's state after these events, each of which the server took. */
function went(after: string[]): PhoneState {
  return after.reduce<PhoneState>((phone, event, i) => {
    const row = vectors.transitions.find((one) => one.event === event && one.from === phone.state && one.after.at(-1) === after[i - 1]);
    return follow(phone, event, row?.outcome as Outcome, 0);
  }, IDLE);
}

describe('the server’s own vectors', () => {
  it.each(vectors.transitions.map((row): [string, typeof row] => [`${row.way}: ${row.event}`, row]))('%s', (_, { after, from, event, outcome }) => {
    const phone = went(after);
    expect(phone.state).toBe(from);
    const act = ACTS[event];
    // After its end the next call has the next machine.
    if (act !== undefined && !(from === 'ended' && act === 'call')) {
      // What the server would refuse is not offered. What it takes is, unless it is so already.
      const isSo = (act === 'hold' && from === 'on_hold') || (act === 'resume' && from === 'connected');
      expect(may(phone, act)).toBe(outcome.refused === null && !isSo);
      if (!may(phone, act)) {
        expect(step(phone, events(event, [])[0] as PhoneEvent, 1_000)).toBe(phone);
        return;
      }
    }
    if (outcome.refused !== null) return;
    const next = follow(phone, event, outcome, 1_000);
    expect(next.state).toBe(outcome.state);
    expect(next.state === 'connected').toBe(outcome.voice_flows);
    const ending = outcome.told.find(({ type }) => type === 'voip_ended');
    if (ending !== undefined && next.state === 'ended') expect(next.end).toEqual({ why: ending['reason'], durationMs: ending['duration_ms'] });
  });

  it.each(vectors.stories.map(({ name, steps }): [string, typeof steps] => [name, steps]))('%s', (_, steps) => {
    let phone: PhoneState = IDLE;
    for (const { at_ms: at, event, outcome } of steps) {
      if (outcome.refused === null) phone = follow(phone, event, outcome, at);
      // A refusal comes with the end that was told before it.
      else phone = follow(phone, null, outcome, at);
      // How it ended is not looked at for ever; the vectors know no such thing.
      expect(phone.state).toBe(outcome.state);
      const ending = outcome.told.find(({ type }) => type === 'voip_ended');
      if (ending !== undefined) expect(talkedMs(phone, at)).toBe(ending['duration_ms']);
    }
  });

  it('waits a little longer than the server for everything, which has the word', () => {
    const names: Record<string, keyof typeof WAITS_MS> = { ring: 'ringing', connect: 'connecting', hold: 'on_hold' };
    for (const { name, after_ms: ms } of vectors.timers) {
      const ours = names[name];
      if (ours !== undefined) expect(WAITS_MS[ours]).toBe(ms);
    }
    expect(LONGER_MS).toBeGreaterThan(0);
  });
});

const RING: PhoneEvent = { type: 'told', message: { type: 'voip_incoming', callId: 'r1', caller: 'Kitchen' } };
const CALL: PhoneEvent = { type: 'call', id: ID, name: 'Janet' };

function after(...all: Array<[number, PhoneEvent]>): PhoneState {
  return all.reduce<PhoneState>((phone, [at, event]) => step(phone, event, at), IDLE);
}

const CONNECTED: Array<[number, PhoneEvent]> = [[0, CALL], [100, { type: 'asked' }], [200, { type: 'agreed' }], [500, { type: 'told', message: { type: 'voip_connected', callId: ID } }]];

describe('a call of the page', () => {
  it('takes nothing of another call', () => {
    const phone = after(...CONNECTED);
    expect(step(phone, { type: 'told', message: { type: 'voip_ended', callId: 'x', reason: 'hung_up', durationMs: 1 } }, 600)).toBe(phone);
    expect(step(phone, RING, 600)).toBe(phone);
  });

  it('that crosses with a ring becomes that ring, and its refusal is nobody’s', () => {
    const phone = after([0, CALL], [100, { type: 'asked' }], [150, RING]);
    expect(phone).toMatchObject({ state: 'ringing', who: { id: 'r1', name: 'Kitchen' } });
    const busy: PhoneEvent = { type: 'told', message: { type: 'voip_error', code: 'busy', message: 'no', field: null, callId: ID, requestId: ID } };
    expect(step(phone, busy, 160)).toBe(phone);
  });

  it('that the server does not take says why', () => {
    const error: Told = { type: 'voip_error', code: 'overloaded', message: 'no room', field: null, callId: ID, requestId: ID };
    expect(after([0, CALL], [10, { type: 'asked' }], [20, { type: 'told', message: error }])).toMatchObject({ state: 'ended', ours: false, end: { why: 'refused', code: 'overloaded' } });
    // Of a candidate there are others.
    const candidate: PhoneEvent = { type: 'told', message: { ...error, field: 'candidate' } };
    const phone = after([0, CALL], [10, { type: 'asked' }]);
    expect(step(phone, candidate, 20)).toBe(phone);
  });

  it('waits for whoever is asked for the microphone, and for the server only so long', () => {
    expect(dueAt(after([0, CALL]))).toBeNull();
    const asked = after([0, CALL], [9_000, { type: 'asked' }]);
    const due = 9_000 + WAITS_MS.connecting + LONGER_MS;
    expect(dueAt(asked)).toBe(due);
    expect(step(asked, { type: 'time' }, due - 1)).toBe(asked);
    expect(step(asked, { type: 'time' }, due)).toMatchObject({ state: 'ended', end: { why: 'timed_out' } });
    const ring = after([0, RING]);
    expect(step(ring, { type: 'time' }, WAITS_MS.ringing + LONGER_MS)).toMatchObject({ state: 'ended', end: { why: 'missed' } });
  });

  it('is held once the server says so; until then it can be asked for once', () => {
    const asked = step(after(...CONNECTED), { type: 'hold' }, 600);
    expect(asked).toMatchObject({ state: 'connected', asked: true });
    expect(may(asked, 'hold')).toBe(false);
    const held = step(asked, { type: 'told', message: { type: 'voip_state', callId: ID, state: 'on_hold' } }, 700);
    expect(held).toMatchObject({ state: 'on_hold', asked: false, talkingSince: 500 });
    const unexpected: Told = { type: 'voip_error', code: 'unexpected', message: '', field: null, callId: ID, requestId: null };
    expect(step(asked, { type: 'told', message: unexpected }, 700)).toMatchObject({ state: 'connected', asked: false });
  });

  it('that was hung up here is over at once, and the server says how long it was', () => {
    const ours = step(after(...CONNECTED), { type: 'hang_up' }, 10_500);
    expect(ours).toMatchObject({ state: 'ended', ours: true, end: { why: 'hung_up', durationMs: 10_000 } });
    const told = step(ours, { type: 'told', message: { type: 'voip_ended', callId: ID, reason: 'hung_up', durationMs: 9_990 } }, 10_600);
    expect(talkedMs(told, 99_999)).toBe(9_990);
    expect(step(told, { type: 'time' }, 10_500 + SHOWN_MS - 1)).toBe(told);
    expect(step(told, { type: 'time' }, 10_500 + SHOWN_MS)).toBe(IDLE);
  });

  it('whose end somebody may not have seen stays until it is closed, or the next one comes', () => {
    const lost = step(after(...CONNECTED), { type: 'gone' }, 3_500);
    expect(lost).toMatchObject({ state: 'ended', ours: false, end: { why: 'client_gone', durationMs: 3_000 } });
    expect(dueAt(lost)).toBeNull();
    expect(step(lost, { type: 'dismissed' }, 4_000)).toBe(IDLE);
    expect(step(lost, RING, 4_000).state).toBe('ringing');
    expect(step(lost, { ...CALL, id: 'c2' }, 4_000).state).toBe('connecting');
  });
});
