/** Taking the conversation along: copy it, save it, clear it from view. */
import { asText, fileName } from '../state/as-text.js';
import type { Entry, State } from '../state/model.js';
import { byId, h } from './dom.js';

export interface ConversationEvents {
  onClear(): void;
  /** Something to be told, once. */
  onTold(text: string): void;
  onFault(title: string, todo: string): void;
}

export class Conversation {
  private readonly buttons = ['copy', 'save', 'clear'].map((id) => byId<HTMLButtonElement>(id));
  private entries: Entry[] = [];

  constructor(private readonly events: ConversationEvents) {
    byId('copy').addEventListener('click', () => void this.copy());
    byId('save').addEventListener('click', () => this.save());
    byId('clear').addEventListener('click', () => {
      events.onClear();
      // Its own button is about to be disabled; the focus must not fall to the body.
      byId('text').focus();
    });
  }

  render(state: State): void {
    this.entries = state.entries;
    const empty = asText(state.entries) === '';
    for (const button of this.buttons) button.disabled = empty;
  }

  private async copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(asText(this.entries));
      this.events.onTold('Conversation copied.');
    } catch {
      this.events.onFault('The browser did not allow copying.', 'Save the conversation as text instead, or mark it and copy it by hand.');
    }
  }

  private save(): void {
    const url = URL.createObjectURL(new Blob([asText(this.entries)], { type: 'text/plain;charset=utf-8' }));
    h('a', { href: url, download: fileName(new Date()) }).click();
    // The browser has taken the file over by the next turn of its loop.
    window.setTimeout(() => URL.revokeObjectURL(url), 0);
    this.events.onTold('Conversation saved.');
  }
}
