/**
 * The vault of secrets. Safe words and secrets go from their fields straight onto the wire, and a secret that was
 * handed out stands in one element for a while; the state has neither.
 */
import type { VaultItem } from '../../protocol/trust.js';
import type { TrustState, Vault } from '../../state/trust.js';
import { CHECKING_WORDS, secondsUntil, when } from '../../state/trust-words.js';
import { h, setText } from '../dom.js';
import type { Hand, SecretsView, View } from './asking.js';
import { button, form, lineField, submit, Sure, takeWord, TellLine, wordField } from './parts.js';
import { ShownSecret } from './shown-secret.js';
import { VaultMore } from './vault-more.js';

const TICK_MS = 250;

export class VaultView implements View, SecretsView {
  readonly secrets = this;
  readonly title = 'Her vault of secrets';
  readonly root = h('div', { class: 'view' });
  private readonly told = new TellLine();
  private readonly whose = h('p', { class: 'about' });
  private readonly busy = h('p', { class: 'about', role: 'status' });
  private readonly create: HTMLElement;
  private readonly unlock: HTMLElement;
  private readonly open = h('section', { 'aria-label': 'What is in it' });
  private readonly put: HTMLElement;
  private readonly list = h('ul');
  private readonly about = h('p', { class: 'about' });
  private readonly secret: ShownSecret;
  private readonly more: VaultMore;
  private readonly shown = new Map<string, Item>();
  private timer: number | undefined;
  private vault: Vault | null = null;
  private before: TrustState['told']['vault'];

  constructor(private readonly hand: Hand) {
    this.secret = new ShownSecret((text) => hand.say(text));
    this.more = new VaultMore(hand);
    this.create = this.creating();
    this.unlock = this.unlocking();
    this.put = this.putting();
    this.open.append(h('div', { class: 'row' }, h('h3', {}, 'What is in it'), button('Lock it now', () => this.lock())), this.about, this.list);
    this.root.append(this.told.root, this.whose, this.busy, this.secret.root, this.create, this.unlock, this.open, this.put, this.more.root);
    for (const part of [this.create, this.unlock, this.open, this.put, this.more.root]) part.hidden = true;
  }

  ask(): void {
    this.hand.ask('vault', { type: 'vault_list' });
  }

  onValue(value: string, requestId: string | null): void {
    this.secret.show(value, requestId);
  }

  onExported(file: string): void {
    this.more.onExported(file);
  }

  conceal(): void {
    this.secret.hide();
  }

  close(): void {
    window.clearInterval(this.timer);
    this.secret.hide();
    this.root.querySelectorAll('input').forEach((input) => (input.value = ''));
  }

  render({ vault, told, stopped }: TrustState): void {
    const isNews = this.vault !== null && told.vault !== this.before && told.vault?.ok === true;
    this.before = told.vault;
    this.vault = vault;
    this.told.render(told.vault);
    const { exists, locked, soul } = vault;
    setText(this.whose, soul === 'constitutional' ? 'This is the constitutional soul’s vault, in which this conversation lives now. It has a safe word of its own.' : '');
    if (locked || stopped !== null) this.secret.hide();
    this.create.hidden = exists !== false;
    this.unlock.hidden = exists !== true || !locked;
    this.open.hidden = exists !== true || locked;
    // What is kept while it is locked is sealed, and read by nobody before the safe word.
    this.put.hidden = exists !== true;
    this.more.root.hidden = exists !== true;
    this.more.render(locked);
    setText(this.about, vault.items.length === 0 ? 'Nothing is in it yet.' : vault.said);
    this.renderItems(vault.items);
    // Something was kept, forgotten or taken in: there are other names.
    if (isNews && !locked) this.ask();
    this.timer ??= window.setInterval(() => this.tick(), TICK_MS);
    this.tick();
  }

  private tick(): void {
    if (this.vault === null) return;
    const { checking, retryAt } = this.vault;
    const wait = retryAt === null ? 0 : secondsUntil(retryAt, Date.now());
    setText(this.busy, checking !== null ? CHECKING_WORDS[checking] : wait > 0 ? `Too many wrong words. The next one is looked at in ${wait} s.` : '');
    this.root.querySelectorAll<HTMLButtonElement>('.takes-word').forEach((one) => one.setAttribute('aria-disabled', String(wait > 0 || checking !== null)));
  }

  private renderItems(items: readonly VaultItem[]): void {
    const wanted = new Set(items.map((item) => item.name));
    for (const [name, item] of this.shown) {
      if (wanted.has(name)) continue;
      item.root.remove();
      this.shown.delete(name);
    }
    items.forEach((one, at) => {
      const item = this.shown.get(one.name) ?? new Item(one.name, () => this.get(one.name), () => void this.hand.ask('vault', { type: 'vault_forget', name: one.name }));
      this.shown.set(one.name, item);
      item.render(one);
      if (this.list.children[at] !== item.root) this.list.insertBefore(item.root, this.list.children[at] ?? null);
    });
  }

  private get(name: string): void {
    const requestId = this.hand.ask('vault', { type: 'vault_get', name });
    if (requestId !== null) this.secret.await(name, requestId);
  }

  private lock(): void {
    this.secret.hide();
    this.hand.ask('vault', { type: 'vault_lock' });
  }

  /** Whether a safe word is looked at now; one that is not stays where it was typed. */
  private get isReady(): boolean {
    return this.vault !== null && this.vault.checking === null && (this.vault.retryAt === null || Date.now() >= this.vault.retryAt);
  }

  private creating(): HTMLElement {
    const [word, again] = [wordField('A safe word for it'), wordField('Once more')];
    const wrong = h('p', { class: 'field-note refused', role: 'status' });
    const send = (): void => {
      const same = word.input.value === again.input.value;
      setText(wrong, same ? '' : 'Both must be the same.');
      if (!same) again.input.focus();
      else if (this.isReady) {
        takeWord(word.input, (safe_word) => this.hand.ask('vault', { type: 'vault_create', safe_word }) !== null);
        if (word.input.value === '') again.input.value = '';
      }
    };
    return form(
      send,
      h('p', {}, 'A vault keeps secrets encrypted under a safe word that only you know. It is typed, never spoken, and stored nowhere: whoever forgets it loses what is in the vault.'),
      word.root,
      again.root,
      wrong,
      submitting('Make the vault'),
    );
  }

  private unlocking(): HTMLElement {
    const word = wordField('Safe word');
    return form(
      () => {
        if (this.isReady) takeWord(word.input, (safe_word) => this.hand.ask('vault', { type: 'vault_unlock', safe_word }) !== null);
      },
      h('p', {}, 'The vault is locked.'),
      word.root,
      submitting('Unlock'),
    );
  }

  private putting(): HTMLElement {
    const [name, value, tags] = [lineField('Name', { maxlength: '120', required: true }), wordField('The secret'), lineField('Words to find it by, with commas (optional)', { maxlength: '400' })];
    const put = form(
      () => {
        const words = tags.input.value.split(',').map((tag) => tag.trim()).filter((tag) => tag !== '');
        if (name.input.value.trim() === '') return;
        takeWord(value.input, (secret) => this.hand.ask('vault', { type: 'vault_put', name: name.input.value.trim(), value: secret, ...(words.length > 0 ? { tags: words } : {}) }) !== null);
        if (value.input.value === '') name.input.value = tags.input.value = '';
      },
      name.root,
      value.root,
      tags.root,
      submit('Keep it'),
    );
    return h('section', {}, h('h3', {}, 'Keep a secret'), put);
  }
}

/** One secret, by its name. */
class Item {
  readonly root = h('li', { class: 'item' });
  private readonly about = h('p', { class: 'about' });
  private readonly show: HTMLButtonElement;

  constructor(name: string, onShow: () => void, onForget: () => void) {
    const title = h('p', { class: 'item-name' }, name);
    this.show = button('Show', onShow);
    this.show.setAttribute('aria-label', `Show ${name}`);
    const forget = new Sure('Forget', 'Forget it for good?', 'Forget it', onForget, { 'aria-label': `Forget ${name}` });
    this.root.append(title, this.about, h('div', { class: 'row' }, this.show, forget.root));
  }

  render({ tags, createdMs, isStub }: VaultItem): void {
    const where = isStub ? ['only its name is here'] : [];
    setText(this.about, [...tags, ...where, when(createdMs)].join(' · '));
    this.show.hidden = isStub;
  }
}

/** A button that gives away a safe word, and looks so while none is looked at. */
export function submitting(label: string): HTMLButtonElement {
  const made = submit(label);
  made.classList.add('takes-word');
  return made;
}
