/** One try to pair, as the page lives it. Decides what is sent and what is said; knows no socket and no document. */
import type { ClientMessage, ServerMessage } from '../protocol/messages.js';
import { Client, NotAMessage } from './spake2.js';

/** What is shown. */
export type Step =
  | { kind: 'asked'; why: string | null }
  | { kind: 'trying' }
  | { kind: 'paired'; key: string };

type Told = Extract<ServerMessage, { type: 'pair_wanted' | 'pair_challenge' | 'paired' | 'error' }>;

/** Whether a message can be about a pairing. */
export function isOfPairing(message: ServerMessage): message is Told {
  return ['pair_wanted', 'pair_challenge', 'paired', 'error'].includes(message.type);
}

/** The eight digits, however they were typed; null: that is no code. */
export function codeIn(text: string): string | null {
  const digits = text.replaceAll(/[\s-]/g, '');
  return /^[0-9]{8}$/.test(digits) ? digits : null;
}

/** What `janet pair` put behind the `#` of its address. */
export function fromHash(hash: string): { code: string | null; fingerprint: string | null } {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const fingerprint = fields.get('sha256');
  return {
    code: codeIn(fields.get('pair') ?? ''),
    fingerprint: fingerprint !== null && /^[0-9a-f]{64}$/.test(fingerprint) ? fingerprint : null,
  };
}

export class Pairing {
  step: Step = { kind: 'asked', why: null };
  private exchange: Client | null = null;
  private expected: string | null = null;
  private claimed = '';

  /** `known`: the fingerprint that came with the code, if it was not typed. */
  constructor(
    private readonly known: string | null,
    private readonly random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array,
  ) {}

  /** Tries a code; what is to be sent. */
  enter(code: string, name: string): ClientMessage {
    // A page cannot see the certificate: the one that came with the code, else what the server says.
    this.exchange = new Client(code, this.known ?? this.claimed, this.random(new Uint8Array(64)));
    this.step = { kind: 'trying' };
    return { type: 'pair_start', name, message: this.exchange.message };
  }

  /** What the server said; what is to be sent, if anything. */
  told(message: Told): ClientMessage | null {
    switch (message.type) {
      case 'pair_wanted':
        this.claimed = message.fingerprint;
        // A connection that was lost took its try along.
        if (this.step.kind === 'trying') this.fail('The connection was lost; enter the code again.');
        return null;
      case 'pair_challenge':
        return this.prove(message.message);
      case 'paired':
        if (message.proof === this.expected) this.step = { kind: 'paired', key: message.key };
        else this.fail('Whoever answered does not know the code. This is not your Janet.');
        return null;
      case 'error':
        if (this.step.kind === 'trying') this.fail(message.message);
        return null;
    }
  }

  private prove(challenge: string): ClientMessage | null {
    if (this.exchange === null) return null;
    try {
      const proofs = this.exchange.finish(challenge);
      this.exchange = null;
      this.expected = proofs.server;
      return { type: 'pair_finish', proof: proofs.client };
    } catch (error) {
      if (!(error instanceof NotAMessage)) throw error;
      this.fail('Whoever answered does not speak the protocol.');
      return null;
    }
  }

  private fail(why: string): void {
    this.exchange = null;
    this.expected = null;
    this.step = { kind: 'asked', why };
  }
}
