/** Joins a pairing to its dialog: shown when the server wants one, gone when there is a key. */
import type { ClientMessage, ServerMessage } from '../protocol/messages.js';
import { PairDialog } from '../ui/pair-dialog.js';
import { keepDeviceKey } from './device-key.js';
import { fromHash, isOfPairing, Pairing } from './pairing.js';

export class Door {
  private pairing: Pairing | null = null;
  private readonly dialog = new PairDialog((code) => this.enter(code));

  constructor(
    private readonly send: (message: ClientMessage) => boolean,
    private readonly comeIn: () => void,
  ) {}

  /** Whether a message was about pairing; then it is done with. */
  takes(message: ServerMessage): boolean {
    if (message.type === 'pair_wanted') this.ask();
    // Another tab has paired meanwhile, and its key was shown.
    if (message.type === 'connected') this.isIn();
    if (this.pairing === null || !isOfPairing(message)) return false;
    const answer = this.pairing.told(message);
    if (answer !== null) this.send(answer);
    this.dialog.render(this.pairing.step);
    if (this.pairing.step.kind === 'paired') this.paired(this.pairing.step.key);
    return true;
  }

  private isIn(): void {
    if (this.pairing === null) return;
    this.pairing = null;
    this.dialog.hide();
  }

  private ask(): void {
    if (this.pairing !== null) return;
    const { code, fingerprint } = fromHash(location.hash);
    // A code is good once: it does not belong into the history, nor into a bookmark.
    if (code !== null) history.replaceState(null, '', location.pathname + location.search);
    this.pairing = new Pairing(fingerprint, (bytes) => crypto.getRandomValues(bytes));
    this.dialog.show(code);
  }

  private enter(code: string): void {
    if (this.pairing?.step.kind !== 'asked') return;
    this.send(this.pairing.enter(code, nameOfBrowser(navigator.userAgent)));
    this.dialog.render(this.pairing.step);
  }

  private paired(key: string): void {
    this.pairing = null;
    keepDeviceKey(key);
    this.dialog.hide();
    this.comeIn();
  }
}

/** For the list of devices: which browser, on what. */
function nameOfBrowser(agent: string): string {
  const first = (words: [RegExp, string][], otherwise: string): string =>
    words.find(([word]) => word.test(agent))?.[1] ?? otherwise;
  const browser = first([[/Firefox\//, 'Firefox'], [/Edg\//, 'Edge'], [/Chrom(e|ium)\//, 'Chrome'], [/Safari\//, 'Safari']], 'A browser');
  const system = first(
    [[/iPhone/, 'iPhone'], [/iPad/, 'iPad'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Mac OS X/, 'a Mac'], [/Linux/, 'Linux']],
    'some machine',
  );
  return `${browser} on ${system}`;
}
