/**
 * The client's half of a pairing: SPAKE2 over Ed25519 as python-spake2 has it, and the proofs that both
 * sides have its key. Pure: the secret number is an argument. The curve and the hashes are @noble's.
 */
import { ed25519 } from '@noble/curves/ed25519.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';

const { Point } = ed25519;
type Point = InstanceType<typeof Point>;
const ORDER = Point.Fn.ORDER;

/** Points that nobody knows the logarithm of; python-spake2's ParamsEd25519. */
const M = Point.fromHex('15cfd18e385952982b6a8f8c7854963b58e34388c8e6dae891db756481a02312');
const N = Point.fromHex('f04f2e7eb734b2a8f8b472eaf9c3c632576ac64aea650b496a8a20ff00e583c3');
/** What stands before a message: whose it is. */
const SIDE_A = 0x41;
const SIDE_B = 0x42;
const LABEL = 'janet/pair/1';

/** The other side's message is none. */
export class NotAMessage extends Error {}

/** What each side proves, in hexadecimal digits. */
export interface Proofs {
  client: string;
  server: string;
}

/** A client that knows a code and the certificate's SHA-256 (64 lower-case digits). */
export class Client {
  /** What `pair_start` sends, in hexadecimal digits. */
  readonly message: string;
  private readonly point: Uint8Array;
  private readonly password: Uint8Array;
  private readonly secret: bigint;

  constructor(
    code: string,
    private readonly fingerprint: string,
    random: Uint8Array,
  ) {
    this.password = utf8ToBytes(code);
    // 64 random bytes: what is left over at the top does not show.
    this.secret = scalar(random);
    this.point = Point.BASE.multiply(this.secret).add(M.multiply(passwordScalar(this.password))).toBytes();
    this.message = bytesToHex(concatBytes(Uint8Array.of(SIDE_A), this.point));
  }

  /** The proofs, from what `pair_challenge` brought. */
  finish(message: string): Proofs {
    const theirs = read(message);
    const unblinded = theirs.subtract(N.multiply(passwordScalar(this.password)));
    // No honest side sends this; multiplying it would be an error of the library's.
    if (unblinded.is0()) throw new NotAMessage('the other side’s message gives nothing away');
    const shared = unblinded.multiply(this.secret);
    const transcript = concatBytes(
      sha256(this.password),
      sha256(utf8ToBytes(`${LABEL} client`)),
      sha256(utf8ToBytes(`${LABEL} server ${this.fingerprint}`)),
      this.point,
      theirs.toBytes(),
      shared.toBytes(),
    );
    const key = sha256(transcript);
    const proof = (side: string): string => bytesToHex(hmac(sha256, key, utf8ToBytes(`${LABEL} ${side}`)));
    return { client: proof('client'), server: proof('server') };
  }
}

function read(message: string): Point {
  try {
    const [side, ...point] = hexToBytes(message);
    if (side === SIDE_B) return Point.fromBytes(Uint8Array.from(point));
  } catch {
    // No hexadecimal digits, or no point.
  }
  throw new NotAMessage('the other side’s message cannot be read');
}

function passwordScalar(password: Uint8Array): bigint {
  return scalar(hkdf(sha256, password, new Uint8Array(), utf8ToBytes('SPAKE2 pw'), 48));
}

/** Big-endian bytes, modulo the order of the group; never zero. */
function scalar(bytes: Uint8Array): bigint {
  const value = BigInt(`0x${bytesToHex(bytes)}`) % ORDER;
  return value === 0n ? 1n : value;
}
