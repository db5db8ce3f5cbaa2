/** The audit log, the newest first, and whether it is whole. */
import type { TrustState } from '../../state/trust.js';
import { count, when } from '../../state/trust-words.js';
import { h, setText } from '../dom.js';
import type { Hand, View } from './asking.js';
import { button, TellLine } from './parts.js';

const PAGE = 50;

export class AuditView implements View {
  readonly title = 'What was decided';
  readonly root = h('div', { class: 'view' });
  private readonly told = new TellLine();
  private readonly whole = h('p', { class: 'told', role: 'status' });
  private readonly head = h('p', { class: 'about hash' });
  private readonly list = h('ol', { class: 'audit' });
  private readonly more = button('Show more', () => this.asked(this.oldest, true));
  private shown: TrustState['audit'] = null;
  private oldest = 0;

  constructor(private readonly hand: Hand) {
    this.more.hidden = true;
    this.root.append(this.told.root, this.whole, this.head, h('p', { class: 'about' }, 'Each decision is an entry that is signed and chained to the one before. What was said or remembered is in none of them.'), this.list, this.more);
  }

  ask(): void {
    this.asked(0, false);
  }

  close(): void {}

  render({ audit, told }: TrustState): void {
    this.told.render(told.audit);
    if (audit === null || audit === this.shown) return;
    this.shown = audit;
    const { entries, verified, head } = audit;
    this.whole.toggleAttribute('data-bad', !verified);
    setText(this.whole, verified ? `Checked just now: nothing is changed, missing or cut. ${count(audit.count, 'entry', 'entries')}.` : 'Alarm: this log was changed, or a part of it is missing. Somebody else had their hands on it.');
    setText(this.head, head === '' ? '' : `Newest hash: ${head}`);
    this.oldest = entries.at(-1)?.number ?? 0;
    // Entries never change: only what is new is added, at its end.
    const isMore = this.list.childElementCount > 0 && Number((this.list.firstElementChild as HTMLElement).dataset['number']) === entries[0]?.number;
    const added = isMore ? entries.slice(this.list.childElementCount) : entries;
    const items = added.map((entry) =>
      h('li', { 'data-number': String(entry.number) }, h('span', { class: 'audit-number' }, String(entry.number)), h('p', {}, entry.words), h('p', { class: 'about' }, `${when(entry.atMs)} · ${entry.event}`)),
    );
    if (isMore) this.list.append(...items);
    else this.list.replaceChildren(...items);
    this.more.hidden = this.oldest <= 1 || entries.length >= audit.count;
  }

  private asked(before: number, more: boolean): void {
    const requestId = this.hand.ask('audit', { type: 'audit_read', limit: PAGE, ...(more ? { before } : {}) });
    if (requestId !== null) this.hand.apply({ type: 'audit_asked', requestId, more });
  }
}
