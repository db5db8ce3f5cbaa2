import { describe, expect, it } from 'vitest';
import type { ContextData } from '../src/protocol/messages.js';
import { initialState, type State } from '../src/state/model.js';
import { isHeard } from '../src/state/trusted.js';

const here = { conversation: { id: 'c', uuid: 'u', expiresAfterS: 60 } } as ContextData;
const open: State = { ...initialState, context: here, mic: { kind: 'on', mode: 'hands_free', held: false } };
const asked = { conversationUuid: 'u' };

describe('a spoken answer', () => {
  it('is heard where a microphone is open in the conversation that asks', () => {
    expect(isHeard(open, asked)).toBe(true);
    expect(isHeard({ ...open, mic: { kind: 'off' } }, asked)).toBe(false);
    expect(isHeard({ ...open, mic: { kind: 'on', mode: 'push_to_talk', held: true } }, asked)).toBe(false);
  });

  it('is not where another conversation asks, or nobody knows which', () => {
    expect(isHeard(open, { conversationUuid: 'another' })).toBe(false);
    expect(isHeard({ ...open, context: null }, asked)).toBe(false);
    expect(isHeard({ ...open, context: { ...here, conversation: { id: 'c', uuid: '', expiresAfterS: null } } }, { conversationUuid: '' })).toBe(false);
  });
});
