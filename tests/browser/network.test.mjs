/** What goes wrong between the page and Janet. Most of it is waiting for time to run out. */
import { test } from 'node:test';
import { question, script, withJanet } from './lib/scripts.mjs';

withJanet();

test('a call goes on over another network, and where there is none the conversation does', (t) => script(t, 'call-network', '--wav', question));

test('where no call comes about, and where a connection is lost, the conversation goes on', (t) => script(t, 'call-lost', '--wav', question));
