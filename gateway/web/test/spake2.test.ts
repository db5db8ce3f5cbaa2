import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { describe, expect, it } from 'vitest';
import { Client, NotAMessage } from '../src/lock/spake2.js';

const FINGERPRINT = bytesToHex(sha256(utf8ToBytes('certificate')));
/** The bytes 0 to 63 as a little-endian number. */
const RANDOM = Uint8Array.from({ length: 64 }, (_, at) => 63 - at);
/** Made by python-spake2 0.9; the server's tests have the same. */
const VECTOR = {
  client: '41d7e252ddf92c8dddf4ee130cb21d25bfe785f86a5562b36b91327808bfc448a3',
  server: '42e30139b402c5d151e481dbed5259ebdc74cc6b8b8650ae4ca728360652242926',
  proofs: {
    client: '9533121f6a0c24af487675e81b56a91dc29867d69f6d22fa29edf3fbbb087f02',
    server: 'a9fd3bbcb9a18b9abfb9844f7495f094679764151abd6789aed0cde5c9c397b3',
  },
};

describe('SPAKE2', () => {
  it('gives the messages and proofs of another implementation', () => {
    const client = new Client('12345678', FINGERPRINT, RANDOM);
    expect(client.message).toBe(VECTOR.client);
    expect(client.finish(VECTOR.server)).toEqual(VECTOR.proofs);
  });

  it('gives other proofs for another code or certificate', () => {
    for (const [code, fingerprint] of [
      ['12345679', FINGERPRINT],
      ['12345678', '0'.repeat(64)],
    ] as const) {
      const proofs = new Client(code, fingerprint, RANDOM).finish(VECTOR.server);
      expect(proofs.client).not.toBe(VECTOR.proofs.client);
      expect(proofs.server).not.toBe(VECTOR.proofs.server);
    }
  });

  it('refuses what is no message of the server', () => {
    const client = new Client('12345678', FINGERPRINT, RANDOM);
    for (const wrong of ['', '42', VECTOR.client, `${VECTOR.server}00`, `42${'f'.repeat(64)}`, 'zz']) {
      expect(() => client.finish(wrong), wrong).toThrow(NotAMessage);
    }
  });
});
