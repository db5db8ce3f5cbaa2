import { describe, expect, it } from 'vitest';
import { subprotocols } from '../src/lock/device-key.js';
import { codeIn, fromHash, Pairing } from '../src/lock/pairing.js';
import { lossOf } from '../src/net/connection.js';

const WANTED = { type: 'pair_wanted', fingerprint: 'b3'.repeat(32) } as const;
const CHALLENGE = {
  type: 'pair_challenge',
  message: '42e30139b402c5d151e481dbed5259ebdc74cc6b8b8650ae4ca728360652242926',
} as const;
const fault = (message: string) =>
  ({ type: 'error', code: 'pair_failed', message, field: null, requestId: null }) as const;
const pairing = (known: string | null = null): Pairing => new Pairing(known, (bytes) => bytes.fill(7));

describe('a pairing', () => {
  it('takes a code however it is typed', () => {
    for (const typed of ['12345678', '1234 5678', ' 1234-5678 ']) expect(codeIn(typed)).toBe('12345678');
    for (const typed of ['', '1234567', '123456789', '1234567a', '１２３４５６７８']) expect(codeIn(typed), typed).toBeNull();
  });

  it('reads what came in the address, and only that', () => {
    const fingerprint = 'ab'.repeat(32);
    expect(fromHash(`#pair=12345678&sha256=${fingerprint}`)).toEqual({ code: '12345678', fingerprint });
    expect(fromHash('')).toEqual({ code: null, fingerprint: null });
    expect(fromHash('#pair=x&sha256=AB')).toEqual({ code: null, fingerprint: null });
  });

  it('believes a key only with the proof that belongs to it', () => {
    const door = pairing();
    door.told(WANTED);
    expect(door.enter('12345678', 'a browser')).toMatchObject({ type: 'pair_start', name: 'a browser' });
    expect(door.told(CHALLENGE)).toMatchObject({ type: 'pair_finish' });
    door.told({ type: 'paired', key: 'k', proof: '0'.repeat(64) });
    expect(door.step).toMatchObject({ kind: 'asked' });
    // Nor when it never asked.
    const asked = pairing();
    asked.told({ type: 'paired', key: 'k', proof: '' });
    expect(asked.step).toMatchObject({ kind: 'asked' });
  });

  it('takes the fingerprint that came with the code, not the one that the server tells', () => {
    const proofOf = (known: string | null) => {
      const door = pairing(known);
      door.told(WANTED);
      door.enter('12345678', 'a browser');
      return door.told(CHALLENGE);
    };
    expect(proofOf(WANTED.fingerprint)).toEqual(proofOf(null));
    expect(proofOf('ab'.repeat(32))).not.toEqual(proofOf(null));
  });

  it('says why it came to nothing and may be tried again', () => {
    const door = pairing();
    door.told(WANTED);
    door.told(fault('before anything was tried'));
    expect(door.step).toEqual({ kind: 'asked', why: null });
    door.enter('12345678', 'a browser');
    door.told(fault('the code is wrong'));
    expect(door.step).toEqual({ kind: 'asked', why: 'the code is wrong' });
    expect(door.told(CHALLENGE)).toBeNull();
    door.enter('12345678', 'a browser');
    door.told({ ...CHALLENGE, message: '42' });
    expect(door.step).toMatchObject({ kind: 'asked' });
    door.enter('12345678', 'a browser');
    door.told(WANTED);
    expect(door.step).toMatchObject({ kind: 'asked', why: expect.stringContaining('lost') });
  });

  it('shows a key as a subprotocol, and a refused key is no mere cut', () => {
    expect(subprotocols(null)).toEqual([]);
    expect(subprotocols('abc')).toEqual(['janet.1', 'janet.key.abc']);
    expect(lossOf(1008, 'not paired: this device key is not known (any more)')).toBe('not_paired');
    expect(lossOf(1008, 'superseded: …')).toBe('elsewhere');
  });
});
