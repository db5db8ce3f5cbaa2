/**
 * The page in a real browser against a real Janet, where something is heard or drawn in time: one after the other,
 * with nothing beside them.
 */
import { test } from 'node:test';
import { clip, question, run, script, withJanet } from './lib/scripts.mjs';

withJanet();

test('a spoken question gets a spoken answer in the page', (t) =>
  script(t, 'voice', '--wav', question, '--text', 'What is the capital of France?'));

test('speaking over her holds her, stops her, and is answered', (t) =>
  script(t, 'barge', '--wav', question, '--over', clip('interruption')));

test('a "mm-hm" does not stop her', (t) => script(t, 'backchannel', '--wav', question, '--over', clip('mm-hm')));

test('a "yeah" does not stop her', (t) => script(t, 'backchannel', '--wav', question, '--over', clip('yeah')));

test('a question is answered over WebRTC, and speaking over her stops her there, too', (t) =>
  script(t, 'call', '--wav', question, '--over', clip('interruption'), '--text', 'What is the capital of France?'));

test('Janet is called, held and hung up; she rings, and is answered and declined', (t) =>
  script(t, 'phone', '--wav', question, '--text', 'What is the capital of France?'));

test('microphone and speaker are chosen, and lost ones replaced', (t) => script(t, 'devices', '--wav', question));

// A Janet of its own, whose model says "Yes" to everything.
test('a question is heard, answered by a spoken yes, and not by her own', { skip: !process.env.JANET && 'JANET names no binary' }, (t) =>
  run(t, 'consent-spoken', '--wav', question, '--janet', process.env.JANET));

test('the keyboard alone does, and so does a finger', (t) => script(t, 'keyboard', '--wav', question));

test('her face moves with her voice, and the page does without where it cannot be drawn', (t) => script(t, 'face', '--wav', question));

// A Janet of its own, who says what is known. What the figures are on a quiet machine says ./bench face.
test('her mouth is with her voice, over the WebSocket and over WebRTC', { skip: !process.env.JANET && 'JANET names no binary' }, (t) =>
  run(t, 'face-skew', '--of', 'worklet,webrtc', '--limits', 'loose', '--janet', process.env.JANET));

test('she is visited by headset, looks at it, and is left', (t) => script(t, 'xr'));
