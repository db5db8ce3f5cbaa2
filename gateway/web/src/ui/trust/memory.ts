/** Her memory: searched, listed in pages, added to, changed and forgotten; each with who allowed it. */
import type { MemoryEntry } from '../../protocol/trust.js';
import type { TrustState } from '../../state/trust.js';
import { count, kindWords, receiptWords, soulWords, when } from '../../state/trust-words.js';
import { h, setText } from '../dom.js';
import type { Hand, View } from './asking.js';
import { button, form, freshId, submit, Sure, TellLine } from './parts.js';

const PAGE = 25;
/** Whoever is typing has not finished. */
const SETTLE_MS = 250;

export class MemoryView implements View {
  readonly title = 'What she remembers';
  readonly root = h('div', { class: 'view' });
  private readonly told = new TellLine();
  private readonly search: HTMLInputElement;
  private readonly found = h('p', { class: 'about', role: 'status' });
  private readonly list = h('ol', { class: 'memories' });
  private readonly more = button('Show more', () => this.askMore());
  private readonly all: Sure;
  private readonly shown = new Map<string, Memory>();
  private timer: number | undefined;
  private trust: TrustState | null = null;

  constructor(private readonly hand: Hand) {
    const [searchId, textId] = [freshId(), freshId()];
    this.search = h('input', { id: searchId, type: 'search', class: 'line', autocomplete: 'off', maxlength: '2000' });
    this.search.addEventListener('input', () => {
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.ask(), SETTLE_MS);
    });
    const text = h('textarea', { id: textId, class: 'line', rows: '2', maxlength: '8000', required: true });
    const remember = form(
      () => {
        if (text.value.trim() === '') return;
        if (hand.ask('memory', { type: 'memory_remember', text: text.value.trim() }) !== null) text.value = '';
      },
      h('div', { class: 'field' }, h('label', { for: textId }, 'Something to remember'), text),
      submit('Remember it'),
    );
    this.all = new Sure('Forget all of it', 'Forget everything she remembers?', 'Yes, ask me for my consent', () => void hand.ask('memory', { type: 'memory_forget_all' }));
    this.root.append(
      this.told.root,
      form(() => this.ask(), h('div', { class: 'field' }, h('label', { for: searchId }, 'Search'), this.search)),
      this.found,
      this.list,
      this.more,
      remember,
      h('p', { class: 'about' }, 'She can also read this conversation and ask you what of it she may remember.'),
      button('Remember this conversation', () => void hand.ask('memory', { type: 'memory_distil' })),
      this.all.root,
    );
  }

  ask(): void {
    window.clearTimeout(this.timer);
    const query = this.search.value.trim();
    this.asked(query, query === '' ? { type: 'memory_list', limit: PAGE } : { type: 'memory_search', query, limit: PAGE }, false);
  }

  close(): void {
    window.clearTimeout(this.timer);
  }

  render(trust: TrustState): void {
    const { memory, told } = trust;
    // Something was remembered, changed or forgotten, here or by voice: the list is another.
    const isNews = this.trust !== null && told.memory !== this.trust.told.memory && told.memory?.ok === true;
    this.trust = trust;
    this.told.render(told.memory);
    const { entries, total, query } = memory;
    if (total !== null) {
      const nothing = query === '' ? 'She remembers nothing yet.' : 'Nothing like that is remembered.';
      setText(this.found, total === 0 || entries.length === 0 ? nothing : query === '' ? `${count(total, 'memory', 'memories')}, the newest first.` : `${count(entries.length, 'memory', 'memories')}, the best first.`);
    }
    this.renderList(entries);
    this.more.hidden = query !== '' || total === null || entries.length >= total || entries.length === 0;
    this.all.hidden = total === null || (query === '' && total === 0);
    if (isNews) this.ask();
  }

  private renderList(entries: readonly MemoryEntry[]): void {
    const wanted = new Set(entries.map((entry) => entry.id));
    const areTwo = new Set(entries.flatMap((entry) => entry.souls)).size > 1;
    for (const [id, memory] of this.shown) {
      if (wanted.has(id)) continue;
      memory.root.remove();
      this.shown.delete(id);
    }
    entries.forEach((entry, at) => {
      const memory = this.shown.get(entry.id) ?? new Memory(this.hand, entry.id);
      this.shown.set(entry.id, memory);
      memory.render(entry, areTwo);
      // Moving an element takes its focus away: only what stands elsewhere is moved.
      if (this.list.children[at] !== memory.root) this.list.insertBefore(memory.root, this.list.children[at] ?? null);
    });
  }

  private askMore(): void {
    const last = this.trust?.memory.entries.at(-1);
    if (last !== undefined) this.asked('', { type: 'memory_list', limit: PAGE, before: last.id }, true);
  }

  private asked(query: string, request: Parameters<Hand['ask']>[1], more: boolean): void {
    const requestId = this.hand.ask('memory', request);
    if (requestId !== null) this.hand.apply({ type: 'memory_asked', requestId, query, more });
  }
}

/** One of them. While it is being changed, nothing takes the words away. */
class Memory {
  readonly root = h('li', { class: 'memory' });
  private readonly text = h('p', { class: 'memory-text' });
  private readonly about = h('p', { class: 'about' });
  private readonly receipt = h('p', { class: 'about' });
  private readonly shown: HTMLElement;
  private readonly change: HTMLFormElement;
  private readonly box = h('textarea', { class: 'line', rows: '3', maxlength: '8000', required: true, 'aria-label': 'What it says' });
  private readonly edit: HTMLButtonElement;
  private entry: MemoryEntry | null = null;
  private areTwo = false;

  constructor(hand: Hand, id: string) {
    const textId = freshId();
    this.text.id = textId;
    this.edit = button('Change', () => this.fold(false));
    this.edit.setAttribute('aria-describedby', textId);
    const forget = new Sure('Forget', 'Forget it for good?', 'Forget it', () => void hand.ask('memory', { type: 'memory_forget', id }), { 'aria-describedby': textId });
    this.change = form(
      () => {
        if (this.box.value.trim() === '') return;
        if (hand.ask('memory', { type: 'memory_edit', id, text: this.box.value.trim() }) !== null) this.fold(true);
      },
      this.box,
      h('div', { class: 'row' }, submit('Save'), button('Cancel', () => this.fold(true))),
    );
    this.change.hidden = true;
    this.shown = h(
      'div',
      {},
      this.text,
      this.about,
      h('details', { class: 'receipt' }, h('summary', {}, 'Who allowed it'), this.receipt),
      h('div', { class: 'row' }, this.edit, forget.root),
    );
    this.root.append(this.shown, this.change);
  }

  /** `areTwo`: whether both souls remember something. */
  render(entry: MemoryEntry, areTwo: boolean): void {
    if (entry === this.entry && areTwo === this.areTwo) return;
    this.entry = entry;
    this.areTwo = areTwo;
    setText(this.text, entry.text);
    const edited = entry.editedMs === null ? '' : ` · changed ${when(entry.editedMs)}`;
    const whose = areTwo && entry.souls.length > 0 ? ` · ${soulWords(entry.souls)}` : '';
    setText(this.about, `${kindWords(entry.kind)} · ${entry.source} · ${when(entry.createdMs)}${edited}${whose}`);
    setText(this.receipt, `${receiptWords(entry.receipt)} Receipt ${entry.receipt.receiptId}.`);
  }

  private fold(shut: boolean): void {
    this.shown.hidden = !shut;
    this.change.hidden = shut;
    if (!shut) this.box.value = this.entry?.text ?? '';
    if (shut) this.edit.focus();
    else this.box.focus();
  }
}
