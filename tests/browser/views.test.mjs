/** What the page shows and takes where nothing is timed. */
import { test } from 'node:test';
import { script, withJanet } from './lib/scripts.mjs';

withJanet();

test('axe finds nothing, a phone shows everything, trouble says what to do next', (t) => script(t, 'a11y'));

test('typed chat answers, explains errors, resumes and works with no microphone', (t) => script(t, 'text'));

test('everything is stopped by one press, and questions are answered by nothing but an answer', (t) => script(t, 'trust-stop'));

test('memory, secrets, the log and what else is about trust are looked at and changed', (t) => script(t, 'trust-views'));

test('an avatar is put on, refused with a reason, kept and taken off', (t) => script(t, 'avatar'));

test('the page can be installed, and keeps nothing but itself', (t) => script(t, 'shell'));
