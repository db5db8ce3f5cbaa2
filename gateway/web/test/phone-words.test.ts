import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { PhoneState } from '../src/phone/phone-state.js';
import type { EndReason } from '../src/protocol/messages.js';
import { clock, pastCall, phoneClock, phoneTitle, phoneTodo } from '../src/state/phone-words.js';

const who = { id: 'c', direction: 'outgoing', name: 'Janet' } as const;
const talking = { state: 'connected', who, since: 0, talkingSince: 0, asked: false } as const;
const said = (phone: PhoneState, more: Partial<{ her: 'quiet' | 'thinking' | 'speaking'; muted: boolean; ringSilent: boolean }> = {}): string =>
  phoneTitle({ phone, her: 'quiet', muted: false, ringSilent: false, ...more });
const { reasons } = JSON.parse(readFileSync(new URL('../../protocol/schema/call-vectors.json', import.meta.url), 'utf8')) as { reasons: EndReason[] };

describe('what is told of a call', () => {
  it.each<[PhoneState, Parameters<typeof said>[1], string]>([
    [{ state: 'ringing', who, since: 0 }, {}, 'Calling you'],
    [{ state: 'ringing', who, since: 0 }, { ringSilent: true }, 'no sound before you touch the page'],
    [{ state: 'connecting', who, since: 0, stage: 'microphone' }, {}, 'Waiting for the microphone'],
    [{ state: 'connecting', who, since: 0, stage: 'agreed' }, {}, 'Connecting'],
    [talking, {}, 'Listening'],
    [talking, { her: 'speaking' }, 'Speaking'],
    [talking, { muted: true }, 'does not hear you'],
    [{ ...talking, state: 'on_hold' }, {}, 'On hold'],
    [{ ...talking, asked: true }, {}, 'Putting on hold'],
  ])('%o %o', (phone, more, words) => {
    expect(said(phone, more)).toContain(words);
  });

  it.each(reasons)('that ended by %s: what it was, and what to do unless it was meant', (why) => {
    const phone: PhoneState = { state: 'ended', who, since: 0, ours: false, end: { why, durationMs: 0 } };
    expect(said(phone).length).toBeGreaterThan(5);
    expect(phoneTodo(phone).length > 0).toBe(why !== 'hung_up' && why !== 'declined');
    expect(pastCall({ direction: 'outgoing', missed: false, reason: why, durationMs: 0, startedMs: 0 }).detail).not.toBe('');
  });

  it.each(['busy', 'overloaded', 'not_ready', 'unreachable', 'not_permitted'])('that was refused as %s: likewise', (code) => {
    const phone: PhoneState = { state: 'ended', who, since: 0, ours: false, end: { why: 'refused', code, message: 'no', field: null } };
    expect(phoneTodo(phone)).toMatch(/\.$/);
  });

  it.each([
    [0, '0:00'],
    [7_900, '0:07'],
    [754_000, '12:34'],
    [3_723_000, '1:02:03'],
  ])('%i ms are %s', (ms, text) => {
    expect(clock(ms)).toBe(text);
  });

  it('counts from when voice flowed, on hold as well, and shows nothing before', () => {
    expect(phoneClock({ state: 'connecting', who, since: 0, stage: 'asked' }, 5_000)).toBe('');
    expect(phoneClock(talking, 5_000)).toBe('0:05');
    expect(phoneClock({ ...talking, state: 'on_hold', since: 4_000 }, 65_000)).toBe('1:05');
    expect(phoneClock({ state: 'ended', who, since: 0, ours: true, end: { why: 'hung_up', durationMs: 9_000 } }, 99_000)).toBe('0:09');
  });

  it('names the calls so far', () => {
    expect(pastCall({ direction: 'incoming', missed: true, reason: 'missed', durationMs: 0, startedMs: 0 })).toEqual({ title: 'Missed call', detail: '' });
    expect(pastCall({ direction: 'incoming', missed: false, reason: 'hung_up', durationMs: 61_000, startedMs: 0 })).toEqual({ title: 'Janet called', detail: '1:01' });
    expect(pastCall({ direction: 'outgoing', missed: false, reason: 'unreachable', durationMs: 0, startedMs: 0 })).toEqual({ title: 'You called', detail: 'no way found' });
  });
});
