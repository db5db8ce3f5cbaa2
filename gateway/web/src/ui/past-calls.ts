/** The calls of this conversation, the latest first, beside the page. */
import type { PastCall } from '../protocol/messages.js';
import type { State } from '../state/model.js';
import { pastCall } from '../state/phone-words.js';
import { byId, h } from './dom.js';

const SHOWN = 5;

export class PastCalls {
  private readonly section = byId('calls-section');
  private readonly list = byId('past-calls');
  private shown = '';

  render(state: State): void {
    const calls = state.context?.calls ?? [];
    this.section.hidden = calls.length === 0;
    const shown = JSON.stringify(calls);
    if (shown === this.shown) return;
    this.shown = shown;
    this.list.replaceChildren(...calls.slice(-SHOWN).reverse().map(line));
  }
}

function line(call: PastCall): HTMLElement {
  const { title, detail } = pastCall(call);
  const at = new Date(call.startedMs);
  const time = h('time', { datetime: at.toISOString() }, at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' }));
  const parts = h('span', {}, title);
  return h('li', call.missed ? { class: 'missed' } : {}, parts, h('span', { class: 'call-detail' }, detail), time);
}
