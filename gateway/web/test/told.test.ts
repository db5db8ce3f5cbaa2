import { describe, expect, it } from 'vitest';
import { parseServerMessage } from '../src/protocol/parse.js';
import { announcement } from '../src/state/announce.js';
import { asText, fileName } from '../src/state/as-text.js';
import type { Activity } from '../src/state/activity.js';
import type { Entry } from '../src/state/model.js';

describe('what a screen reader is told', () => {
  it.each<[Activity, Activity, RegExp | null]>([
    ['idle', 'listening', /listening/i],
    ['speaking', 'listening', null],
    ['thinking', 'speaking', /speaks/],
    ['speaking', 'held', /held/i],
    ['held', 'speaking', /goes on/],
    ['listening', 'idle', /off/],
    ['ready', 'hearing', /release/i],
    ['listening', 'hearing', null],
    ['speaking', 'speaking', null],
    ['idle', 'offline', null],
  ])('from %s to %s', (before, now, told) => {
    if (told === null) expect(announcement(before, now)).toBeNull();
    else expect(announcement(before, now)).toMatch(told);
  });
});

describe('the conversation as text', () => {
  const reply = (text: string, more: object = {}): Entry => ({ kind: 'assistant', key: text, replyId: text, text, done: true, interrupted: false, latency: {}, ...more });

  it('holds what was said by both, and nothing of the page', () => {
    const entries: Entry[] = [
      { kind: 'user', key: 'a', text: 'Hi', spoken: false, requestId: null },
      reply('Hello. '),
      { kind: 'error', key: 'b', title: 'Oh', todo: 'Do' },
      reply('I was', { interrupted: true }),
      reply('half', { done: false }),
    ];
    expect(asText(entries)).toBe('You: Hi\n\nJanet: Hello.\n\nJanet: I was [interrupted]\n');
    expect(asText([])).toBe('');
  });

  it('gets a name by date and time', () => {
    expect(fileName(new Date(2026, 4, 9, 8, 5))).toBe('janet-2026-05-09-0805.txt');
  });
});

describe('what came with captions and settings', () => {
  it('is read', () => {
    expect(parseServerMessage('{"type":"speech_heard","reply_id":"r","chars":4}')).toEqual({ type: 'speech_heard', replyId: 'r', chars: 4 });
    expect(parseServerMessage('{"type":"settings","voice_speed":1.5,"sensitivity":"high","voice":"own","model":"server:a"}')).toEqual({
      type: 'settings',
      voiceSpeed: 1.5,
      sensitivity: 'high',
      voice: 'own',
      model: 'server:a',
    });
    expect(parseServerMessage('{"type":"context","data":{"loading":{"stage":"voice","done":7},"trouble":[{"role":"tts","why":"down"}],"busy":true}}')).toMatchObject({
      data: { loading: { stage: 'voice', done: 1 }, trouble: [{ role: 'tts', why: 'down' }], busy: true },
    });
  });

  it('is read as far as it can be', () => {
    expect(parseServerMessage('{"type":"context","data":{"trouble":[{"role":"llm"},{"why":"down"},7,{"role":"tts","why":"down","x":1}],"busy":"no"}}')).toMatchObject({
      data: { trouble: [{ role: 'tts', why: 'down' }], busy: false },
    });
    expect(parseServerMessage('{"type":"context","data":{}}')).toMatchObject({ data: { trouble: [], busy: false } });
  });

  it('is refused when it is odd', () => {
    expect(parseServerMessage('{"type":"settings","voice_speed":1,"sensitivity":"extreme"}')).toHaveProperty('reason');
    expect(parseServerMessage('{"type":"speech_heard","reply_id":"r","chars":-1}')).toHaveProperty('reason');
  });
});
