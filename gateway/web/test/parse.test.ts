import { describe, expect, it } from 'vitest';
import { parseServerMessage, Unreadable } from '../src/protocol/parse.js';

function parse(value: unknown): ReturnType<typeof parseServerMessage> {
  return parseServerMessage(JSON.stringify(value));
}

describe('what the server says', () => {
  it('connected', () => {
    expect(parse({ type: 'connected', client_id: 'ab', status: 'models_loading', role: 'operator', capabilities: ['voice', 'webrtc', 5], extra: 1 })).toEqual({
      type: 'connected',
      clientId: 'ab',
      status: 'models_loading',
      role: 'operator',
      capabilities: ['voice', 'webrtc'],
      iceServers: [],
    });
    expect(parse({ type: 'connected', client_id: 'ab' })).toMatchObject({ capabilities: [] });
    const turn = { urls: ['turn:t.example'], username: 'janet', credential: 'word' };
    const servers = [turn, { urls: ['stun:s.example'], username: 'alone' }, { urls: 5 }, null];
    expect(parse({ type: 'connected', client_id: 'ab', ice_servers: servers })).toMatchObject({ iceServers: [turn, { urls: ['stun:s.example'] }] });
  });

  it('how a call goes', () => {
    expect(parse({ type: 'vr_answer', session_id: 's', session_no: 1, sdp: 'v=0', sdp_type: 'answer', request_id: 'r' })).toEqual({ type: 'vr_answer', sessionId: 's', sdp: 'v=0', requestId: 'r' });
    expect(parse({ type: 'vr_response', session_id: 's', status: 'ended' })).toEqual({ type: 'vr_response', sessionId: 's', status: 'ended' });
    expect(parse({ type: 'vr_error', code: 'unreachable', message: 'no', session_id: 's', request_id: 'r' })).toEqual({
      type: 'vr_error',
      code: 'unreachable',
      field: null,
      sessionId: 's',
      requestId: 'r',
    });
    expect(parse({ type: 'vr_ice', session_id: 's', candidate: 'candidate:1' })).toMatchObject({ candidate: { candidate: 'candidate:1', sdpMid: '0', sdpMLineIndex: 0 } });
    expect(parse({ type: 'face_clock', rtp_timestamp: 4294967295, sample: 0 })).toEqual({ type: 'face_clock', rtpTimestamp: 4294967295, sample: 0 });
  });

  it('how a call by telephone goes', () => {
    expect(parse({ type: 'voip_incoming', call_id: 'c', node_id: 'local', caller: 'Kitchen' })).toEqual({ type: 'voip_incoming', callId: 'c', caller: 'Kitchen' });
    expect(parse({ type: 'voip_offer', call_id: 'c', sdp: 'v=0', sdp_type: 'offer', node_id: 'local' })).toEqual({ type: 'voip_offer', callId: 'c', sdp: 'v=0' });
    expect(parse({ type: 'voip_connected', call_id: 'c', status: 'connected' })).toEqual({ type: 'voip_connected', callId: 'c' });
    expect(parse({ type: 'voip_state', call_id: 'c', state: 'on_hold' })).toEqual({ type: 'voip_state', callId: 'c', state: 'on_hold' });
    expect(parse({ type: 'voip_ended', call_id: 'c', reason: 'hung_up', duration_ms: 9 })).toEqual({ type: 'voip_ended', callId: 'c', reason: 'hung_up', durationMs: 9 });
    // Over is over, for whatever reason of a newer server.
    expect(parse({ type: 'voip_ended', call_id: 'c', reason: 'bored', duration_ms: 9 })).toMatchObject({ reason: 'failed' });
    expect(parse({ type: 'voip_error', code: 'busy', message: 'no', call_id: 'c' })).toEqual({ type: 'voip_error', code: 'busy', message: 'no', field: null, callId: 'c', requestId: null });
    expect(parse({ type: 'voip_ice', call_id: 'c', candidate: 'candidate:1' })).toMatchObject({ callId: 'c', candidate: { sdpMid: '0' } });
  });

  it('the calls so far: odd ones are left out', () => {
    const past = { direction: 'incoming', duration_ms: 0, missed: true, reason: 'missed', started_ms: 5 };
    expect(parse({ type: 'context', data: { calls: [past, 7, { ...past, direction: 'up' }, { ...past, started_ms: 'x' }] } })).toMatchObject({
      data: { calls: [{ direction: 'incoming', durationMs: 0, missed: true, reason: 'missed', startedMs: 5 }] },
    });
  });

  it.each([
    { type: 'voip_state', call_id: 'c', state: 'upside down' },
    { type: 'voip_offer', sdp: 'v=0' },
    { type: 'vr_response', session_id: 's', status: 'perhaps' },
    { type: 'vr_answer', session_id: 's' },
    { type: 'face_clock', rtp_timestamp: -1, sample: 0 },
  ])('a call with an odd field is unreadable: %o', (message) => {
    expect(parse(message)).toBeInstanceOf(Unreadable);
  });

  it('an answer: marks that are no numbers are left out, the rest stays', () => {
    const message = parse({
      type: 'assistant_message',
      reply_id: 7,
      text: 'Paris.',
      user_text: 'What?',
      audio: null,
      latency: { transcript: -12.5, odd: 'x', none: null },
    });
    expect(message).toMatchObject({ replyId: '7', text: 'Paris.', userText: 'What?', audio: null, latency: { transcript: -12.5 } });
    expect(message).not.toHaveProperty('latency.odd');
  });

  it('an answer needs no ledger', () => {
    expect(parse({ type: 'assistant_message', reply_id: 'a', text: '' })).toMatchObject({ latency: {}, userText: '' });
  });

  it('context: odd entries are left out', () => {
    expect(
      parse({
        type: 'context',
        data: {
          messages: [{ role: 'user', text: 'a' }, { role: 'system', text: 'b' }, 5, { role: 'assistant' }],
          models: { llm: { name: 'x', note: 'y' }, tts: 'z', stt: 3 },
          conversation: { id: 'c', uuid: 'u', expires_after_s: 1800 },
          language_models: 'none',
          voices: [{ id: 'auto', name: 'alloy' }, { id: 'own' }, { name: 'nobody' }, { id: '' }, 7, null],
        },
      }),
    ).toMatchObject({
      data: {
        messages: [{ role: 'user', text: 'a' }],
        models: { llm: { name: 'x', note: 'y' }, tts: { name: 'z', note: '' } },
        conversation: { id: 'c', uuid: 'u', expiresAfterS: 1800 },
        profile: '',
        status: null,
        voices: [
          { id: 'auto', name: 'alloy' },
          { id: 'own', name: 'own' },
        ],
        languageModels: [],
      },
    });
  });

  it('an error keeps code, field and request', () => {
    expect(parse({ type: 'error', code: 'x', message: 'm', field: 'f', request_id: 'r' })).toEqual({
      type: 'error',
      code: 'x',
      message: 'm',
      field: 'f',
      requestId: 'r',
    });
  });

  it('a conversation that is forgotten, with the proof where there is one', () => {
    const proof = { entries: 0, vectors: 0, bytes_searched: 900, traces: 0, audit_number: 3 };
    const gone = { type: 'conversation_forgotten', conversation_uuid: 'u', message: 'Gone.', request_id: 'r' };
    expect(parse({ ...gone, proof })).toMatchObject({ message: 'Gone.', proof: { bytesSearched: 900 }, requestId: 'r' });
    for (const none of [gone, { ...gone, proof: null }]) expect(parse(none)).toMatchObject({ message: 'Gone.', proof: null });
    for (const wrong of [5, {}, [proof]]) expect(parse({ ...gone, proof: wrong })).toBeInstanceOf(Unreadable);
  });

  it('a type that this page does not know is passed over', () => {
    expect(parse({ type: 'voip_audio', audio: 1 })).toBeNull();
  });
});

describe('what cannot be read says why, and never throws', () => {
  it.each([
    ['', 'not JSON'],
    ['{', 'not JSON'],
    ['null', 'not an object'],
    ['[]', 'not an object'],
    ['"connected"', 'not an object'],
    ['{}', 'no type'],
    ['{"type":5}', 'no type'],
    ['{"type":"connected"}', 'connected: bad client_id'],
    ['{"type":"playout_flush","from_sample":-1}', 'playout_flush: bad from_sample'],
    ['{"type":"playout_flush","from_sample":"9"}', 'playout_flush: bad from_sample'],
    ['{"type":"speaking","reply_id":"a","state":"singing"}', 'speaking: bad state'],
    ['{"type":"assistant_delta","reply_id":{},"text":"a"}', 'assistant_delta: bad reply_id'],
    ['{"type":"transcript","final":true}', 'transcript: bad text'],
    ['{"type":"context","data":[]}', 'context: bad data'],
    ['{"type":"audio_ready"}', 'audio_ready: bad play_rate_hz'],
  ])('%s', (frame, reason) => {
    const read = parseServerMessage(frame);
    expect(read).toBeInstanceOf(Unreadable);
    expect((read as Unreadable).reason).toBe(reason);
  });
});
