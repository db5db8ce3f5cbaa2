/** The conversation: entries in, elements out; an entry keeps its element while it changes. */
import type { Entry, State } from '../state/model.js';
import type { Announcer } from './announcer.js';
import { h, icon, setText } from './dom.js';
import { headline, NARROW, waterfall, WIDE } from './waterfall.js';

/** How near the end (px) counts as reading along. */
const NEAR_END = 120;

export class Chat {
  private readonly elements = new Map<string, { entry: Entry; element: HTMLElement }>();
  /** An error that was not seen yet. */
  private trouble: HTMLElement | null = null;
  private readonly partial: HTMLElement;
  private readonly thinking: HTMLElement;
  /** Whether the reader is at the log's end. */
  private atEnd = true;
  /** Whether nothing was said yet: the welcome is read from its beginning. */
  private empty = true;

  constructor(
    private readonly log: HTMLElement,
    private readonly list: HTMLElement,
    private readonly announcer: Announcer,
  ) {
    this.partial = h('li', { class: 'entry user partial', 'aria-hidden': 'true', hidden: true }, h('p', { class: 'bubble' }));
    this.thinking = h(
      'li',
      { class: 'entry assistant thinking', hidden: true },
      h('span', { class: 'visually-hidden' }, 'Janet is thinking'),
      h('span', { class: 'dots', 'aria-hidden': 'true' }, h('i'), h('i'), h('i')),
    );
    list.append(this.partial, this.thinking);
    // A caption or a phone's keyboard makes the log shorter: who read its end goes on reading it.
    new ResizeObserver(() => this.keepEnd()).observe(log);
    log.addEventListener('scroll', () => {
      this.atEnd = this.isNearEnd();
    });
  }

  /** `readSpoken`: screen readers are given what she said aloud, too. */
  render(state: State, readSpoken: boolean): void {
    this.atEnd = this.isNearEnd();
    this.forgetCleared(state.entries);
    let previous: Element | null = null;
    for (const entry of state.entries) {
      const element = this.renderEntry(entry, readSpoken ? null : state.replyId);
      const next: Element | null = previous === null ? this.list.firstElementChild : previous.nextElementSibling;
      if (next !== element) this.list.insertBefore(element, next);
      previous = element;
    }
    this.renderTrailing(state);
    this.empty = !state.entries.some((entry) => entry.kind === 'user' || entry.kind === 'assistant');
    this.keepEnd();
    // What went wrong is seen, also where nothing was said yet and the log stands at its beginning.
    this.trouble?.scrollIntoView({ block: 'nearest' });
    this.trouble = null;
  }

  private isNearEnd(): boolean {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR_END;
  }

  private keepEnd(): void {
    if (this.atEnd && !this.empty) this.log.scrollTop = this.log.scrollHeight;
  }

  private forgetCleared(entries: readonly Entry[]): void {
    const kept = new Set(entries.map((entry) => entry.key));
    for (const [key, { element }] of this.elements) {
      if (kept.has(key)) continue;
      element.remove();
      this.elements.delete(key);
    }
  }

  private renderEntry(entry: Entry, spokenReply: string | null): HTMLElement {
    const known = this.elements.get(entry.key);
    if (known?.entry === entry) return known.element;
    const element = known?.element ?? h('li');
    const before = known?.entry;
    switch (entry.kind) {
      case 'user':
        renderUser(element, entry);
        if (entry.spoken && before === undefined) this.announcer.say(`You said: ${entry.text}`);
        break;
      case 'assistant':
        renderAssistant(element, entry, before?.kind === 'assistant' ? before : null);
        if (entry.done && (before?.kind !== 'assistant' || !before.done) && !isPast(entry)) {
          // What she says aloud a screen reader must not say on top of her.
          if (entry.replyId !== spokenReply) this.announcer.say(`Janet: ${entry.text}${entry.interrupted ? ' (interrupted)' : ''}`);
        }
        break;
      case 'error':
        renderError(element, entry);
        if (before === undefined) this.trouble = element;
        if (before === undefined) this.announcer.say(`${entry.title} ${entry.todo}`);
        break;
      case 'note':
        element.className = 'entry note';
        setText(element, entry.text);
        if (before === undefined) this.announcer.say(entry.text);
        break;
    }
    this.elements.set(entry.key, { entry, element });
    return element;
  }

  private renderTrailing(state: State): void {
    setText(this.partial.firstElementChild as Element, state.partial ?? '');
    this.partial.hidden = state.partial === null;
    const last = state.entries[state.entries.length - 1];
    this.thinking.hidden = !(state.her === 'thinking' && last?.kind === 'user');
  }
}

function renderUser(element: HTMLElement, entry: Extract<Entry, { kind: 'user' }>): void {
  element.className = `entry user${entry.spoken ? ' spoken' : ''}`;
  element.replaceChildren(
    h('p', { class: 'bubble' }, h('span', { class: 'visually-hidden' }, 'You: '), entry.text),
  );
}

/** From before this page was loaded. */
function isPast(reply: Reply): boolean {
  return reply.replyId.startsWith('past-');
}

type Reply = Extract<Entry, { kind: 'assistant' }>;

function renderAssistant(element: HTMLElement, entry: Reply, before: Reply | null): void {
  element.className = `entry assistant${entry.done ? '' : ' streaming'}`;
  if (before === null) {
    element.replaceChildren(h('p', { class: 'said' }, h('span', { class: 'visually-hidden' }, 'Janet: '), h('span', { class: 'words' })));
  }
  const words = element.querySelector('.words');
  if (words !== null) setText(words, entry.text);
  if (before === null || before.done !== entry.done || before.interrupted !== entry.interrupted || before.latency !== entry.latency) {
    element.querySelector('.after')?.remove();
    const after = afterwards(entry);
    if (after !== null) element.append(after);
  }
}

function afterwards(entry: Reply): HTMLElement | null {
  const parts: HTMLElement[] = [];
  if (entry.interrupted) parts.push(h('p', { class: 'interrupted' }, 'Interrupted'));
  const line = headline(entry.latency);
  const figure = waterfall(entry.latency, window.matchMedia('(max-width: 34rem)').matches ? NARROW : WIDE);
  if (line !== null && figure !== null) {
    parts.push(h('details', { class: 'timing' }, h('summary', {}, line), figure));
  }
  return parts.length === 0 ? null : h('div', { class: 'after' }, ...parts);
}

function renderError(element: HTMLElement, entry: Extract<Entry, { kind: 'error' }>): void {
  element.className = 'entry error';
  element.replaceChildren(icon('warning') as unknown as HTMLElement, h('p', {}, h('strong', {}, entry.title), ' ', entry.todo));
}
