import { describe, expect, it } from 'vitest';
import { trustPlace, trustRequest } from '../src/protocol/requests.js';
import { explainStopped, explainTrust } from '../src/state/explain-trust.js';
import { actionWords, answerWords, bytes, duration, nodeWords, personaWords, proofWords, soulWords, receiptWords, secondsUntil } from '../src/state/trust-words.js';
import { isOffered } from '../src/state/trusted.js';
import { transferWords } from '../src/ui/trust/transfer.js';

describe('words of trust', () => {
  it.each([
    ['click', 'here', 'You allowed it by a click on Janet’s machine'],
    ['spoken', 'ab12', 'You allowed it by a spoken yes on the device ab12'],
    ['standing_grant', 'here', 'You allowed it by a standing consent on'],
    ['telepathy', 'here', 'You allowed it by “telepathy” on'],
  ])('a receipt: %s by %s', (how, operator, begins) => {
    expect(receiptWords({ receiptId: 'r', action: 'remember', how, operator, atMs: 0 })).toMatch(new RegExp(`^${begins}`));
  });

  it('a spoken yes is asked for only where somebody would hear it', () => {
    expect(answerWords(false, true)).toContain('say yes or no once she has asked');
    // Somebody may listen in another conversation.
    expect(answerWords(false, false)).toBe('Click Yes or No. Nobody listens for a spoken answer now.');
    for (const listens of [true, false]) expect(answerWords(true, listens)).toContain('A click is needed');
  });

  it('a proof has all its numbers', () => {
    const words = proofWords({ entries: 12, vectors: 1, bytesSearched: 1_405_504, traces: 0, auditNumber: 14 });
    expect(words).toBe('12 memories and 1 vector removed. 1.4 MB of files searched afterwards: no trace found. The audit log says so in entry 14.');
    expect(proofWords({ entries: 1, vectors: 1, bytesSearched: 900, traces: 2, auditNumber: 1 })).toContain('2 traces found');
    const forgotten = { entries: 0, vectors: 0, bytesSearched: 900, traces: 0, auditNumber: 1, conversations: 1, messages: 40 };
    expect(proofWords(forgotten)).toContain('1 conversation with 40 messages removed. ');
    expect(proofWords({ ...forgotten, entries: 2, vectors: 2 })).toContain('2 memories and 2 vectors, 1 conversation with 40 messages removed. ');
  });

  it('a soul is named, and two are both', () => {
    expect(soulWords([])).toBe('');
    expect(soulWords(['constitutional'])).toBe('constitutional soul');
    expect(soulWords(['networked', 'constitutional'])).toBe('both souls');
  });

  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [4096, '4.1 kB'],
    [40_960, '41 kB'],
    [2_000_000, '2.0 MB'],
  ])('%i bytes', (n, words) => expect(bytes(n)).toBe(words));

  it.each([
    [0, '0 seconds'],
    [1000, '1 second'],
    [60_000, '1 minute'],
    [1_800_000, '30 minutes'],
    [7_200_000, '2 hours'],
    [604_800_000, '7 days'],
  ])('%i ms', (ms, words) => expect(duration(ms)).toBe(words));

  it('seconds are counted to the end, and not below it', () => {
    expect([secondsUntil(1000, 0), secondsUntil(1000, 1), secondsUntil(1000, 999), secondsUntil(1000, 1000), secondsUntil(1000, 5000)]).toEqual([1, 1, 1, 0, 0]);
  });

  it('an action of a newer server is read as it is written', () => {
    expect(actionWords('forget_all')).toBe('forget everything');
    expect(actionWords('delegate:calendar')).toBe('hand requests on to calendar');
    expect(actionWords('paint_a_picture')).toBe('paint a picture');
  });

  it('every code that trust knows has words of its own, and no server’s', () => {
    for (const code of ['red_thread', 'not_permitted', 'not_consented', 'vault_refused', 'vault_locked', 'not_found', 'not_kept', 'unexpected', 'unreachable', 'field_too_large', 'empty_field']) {
      expect(explainTrust(code, 'server words', null)).not.toContain('server words');
    }
    expect(explainTrust('out_of_range', 'field "safe_word": too easy to guess', 'safe_word')).toBe('Too easy to guess.');
    expect(explainStopped('vault_refused', '', null)).toContain('not the safe word');
    expect(explainStopped('not_permitted', '', null)).toContain('operator');
  });

  it('a request says where its error is told', () => {
    expect(trustPlace(trustRequest('red_thread', 12))).toBe('red_thread');
    expect([trustPlace(null), trustPlace('chosen'), trustPlace('trust-memory'), trustPlace('xtrust-memory-1')]).toEqual([null, null, null, null]);
  });

  it('only the operator is offered anything, and only what there is', () => {
    expect(isOffered({ role: 'operator', capabilities: ['memory'] }, 'memory')).toBe(true);
    expect(isOffered({ role: 'operator', capabilities: ['memory'] }, 'vault')).toBe(false);
    expect(isOffered({ role: 'guest', capabilities: ['memory'] }, 'memory')).toBe(false);
  });

  it('machines without a name, and personas of the same', () => {
    expect([nodeWords('kitchen'), nodeWords('dffd0cea57cbfd9615687f0d6f09373b')]).toEqual(['kitchen', 'machine dffd0cea']);
    const persona = (personaId: string, name: string) => ({ personaId, name, description: '' });
    const all = [persona('janet', 'Janet'), persona('tutor', 'Janet'), persona('b', 'The butler')];
    expect(all.map((one) => personaWords(one, all))).toEqual(['Janet, “janet”', 'Janet, “tutor”', 'The butler']);
  });

  it('how a transfer ended', () => {
    const metadata = { packageId: 'p', duplicates: 2, conflicts: 1, refused: 0, redStubs: 0, durationMs: 1 };
    const result = { type: 'transfer_result', success: true, messagesTransferred: 1, summariesTransferred: 3, vaultsTransferred: [], error: null, metadata, requestId: null } as const;
    expect(transferWords({ kind: 'over', result: { ...result, vaultsTransferred: [] } })).toBe('Moved: 1 message and 3 memories that were not there. 2 messages were there already; of 1 message both sides are kept.');
    expect(transferWords({ kind: 'over', result: { ...result, vaultsTransferred: [], success: false, error: 'The link broke.' } })).toBe('Not moved: The link broke.');
    expect(transferWords({ kind: 'denied', reason: 'You said no.' })).toBe('Not moved: You said no.');
  });
});
