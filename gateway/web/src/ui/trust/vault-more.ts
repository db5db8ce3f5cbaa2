/** What is done to a vault now and then: another safe word, a copy in a file, a file taken in. */
import { h, setText } from '../dom.js';
import type { Hand } from './asking.js';
import { form, freshId, submit, takeWord, wordField } from './parts.js';

/** What the server takes. */
const LARGEST_FILE = 4 * 1024 * 1024;

export class VaultMore {
  readonly root = h('details');
  private readonly taking: HTMLElement;

  constructor(private readonly hand: Hand) {
    this.taking = this.importing();
    this.root.append(h('summary', {}, 'Safe word, copies and files'), h('div', { class: 'view' }, this.changing(), this.exporting(), this.taking));
  }

  render(locked: boolean): void {
    // A file is taken in once the vault is unlocked.
    this.taking.hidden = locked;
  }

  onExported(file: string): void {
    const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
    const url = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
    h('a', { href: url, download: `janet-secrets-${new Date().toISOString().slice(0, 10)}.vault` }).click();
    // The browser has taken the file over by the next turn of its loop.
    window.setTimeout(() => URL.revokeObjectURL(url), 0);
  }

  private changing(): HTMLElement {
    const fields = [wordField('Safe word until now'), wordField('The new one'), wordField('The new one once more')] as const;
    return this.pair('Another safe word', 'Change it', fields, (safe_word, new_safe_word) => this.hand.ask('vault', { type: 'vault_change', safe_word, new_safe_word }) !== null);
  }

  private exporting(): HTMLElement {
    const fields = [wordField('Safe word'), wordField('A password for the file'), wordField('The password once more')] as const;
    return this.pair('A copy in a file', 'Write the file', fields, (safe_word, password) => this.hand.ask('vault', { type: 'vault_export', safe_word, password }) !== null);
  }

  /** A word that is there, and a new one twice. */
  private pair(title: string, label: string, fields: readonly [Field, Field, Field], send: (word: string, fresh: string) => boolean): HTMLElement {
    const [word, fresh, again] = fields;
    const wrong = h('p', { class: 'field-note refused', role: 'status' });
    const sent = (): void => {
      const same = fresh.input.value === again.input.value;
      setText(wrong, same ? '' : 'Both must be the same.');
      if (!same || fresh.input.value === '') {
        (same ? fresh : again).input.focus();
        return;
      }
      takeWord(word.input, (old) => send(old, fresh.input.value));
      if (word.input.value === '') fresh.input.value = again.input.value = '';
    };
    return h('section', {}, h('h3', {}, title), form(sent, word.root, fresh.root, again.root, wrong, submit(label)));
  }

  private importing(): HTMLElement {
    const id = freshId();
    const chosen = h('input', { id, type: 'file', class: 'line', required: true });
    const password = wordField('The file’s password');
    const wrong = h('p', { class: 'field-note refused', role: 'status' });
    const take = async (): Promise<void> => {
      const file = chosen.files?.[0];
      if (file === undefined) return;
      setText(wrong, file.size > LARGEST_FILE ? 'That file is too large to be one of secrets.' : '');
      if (file.size > LARGEST_FILE) return;
      const bytes = new Uint8Array(await file.arrayBuffer());
      takeWord(password.input, (word) => this.hand.ask('vault', { type: 'vault_import', file: toBase64(bytes), password: word }) !== null);
      chosen.value = '';
    };
    return h('section', {}, h('h3', {}, 'Take in a file'), form(() => void take(), h('div', { class: 'field' }, h('label', { for: id }, 'File of secrets'), chosen), password.root, wrong, submit('Take it in')));
  }
}

type Field = ReturnType<typeof wordField>;

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}
