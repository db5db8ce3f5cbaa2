/** Parts that views about trust share. */
import type { Told } from '../../state/trust.js';
import { proofWords } from '../../state/trust-words.js';
import { h } from '../dom.js';

/** A live line that says how something ended; each once, also when two are the same. */
export class TellLine {
  private told: Told | undefined;

  constructor(readonly root: HTMLElement = h('p', { class: 'told', role: 'status' })) {}

  render(told: Told | undefined): void {
    if (told === this.told) return;
    this.told = told;
    const proof = told?.proof ?? null;
    this.root.toggleAttribute('data-bad', told?.ok === false || (proof !== null && proof.traces > 0));
    this.root.replaceChildren(...(told === undefined ? [] : [told.text]));
    if (proof !== null) this.root.append(h('span', { class: 'proof' }, proofWords(proof)));
  }
}

/** A field for a safe word or a secret: nothing offers to keep what is typed here. */
export function wordField(label: string, attributes: Record<string, string | boolean> = {}): { root: HTMLElement; input: HTMLInputElement } {
  const id = freshId();
  const input = h('input', {
    id,
    type: 'password',
    class: 'line',
    autocomplete: 'off',
    autocapitalize: 'off',
    spellcheck: 'false',
    required: true,
    // Password managers that do not go by `autocomplete`.
    'data-1p-ignore': true,
    'data-lpignore': 'true',
    ...attributes,
  });
  return { root: h('div', { class: 'field' }, h('label', { for: id }, label), input), input };
}

export function lineField(label: string, attributes: Record<string, string | boolean> = {}): { root: HTMLElement; input: HTMLInputElement } {
  const id = freshId();
  const input = h('input', { id, type: 'text', class: 'line', autocomplete: 'off', ...attributes });
  return { root: h('div', { class: 'field' }, h('label', { for: id }, label), input), input };
}

/** Gives away what was typed, and empties the field as soon as it was sent; what was not sent stays. */
export function takeWord(input: HTMLInputElement, send: (word: string) => boolean): void {
  if (input.value.trim() === '') {
    input.focus();
    return;
  }
  if (send(input.value)) input.value = '';
}

export function button(label: string, onPress: () => void, kind = 'plain-button'): HTMLButtonElement {
  const made = h('button', { type: 'button', class: kind }, label);
  made.addEventListener('click', onPress);
  return made;
}

export function form(onSubmit: () => void, ...children: Array<Node | string>): HTMLFormElement {
  const made = h('form', { class: 'part', autocomplete: 'off' }, ...children);
  made.addEventListener('submit', (event) => {
    event.preventDefault();
    onSubmit();
  });
  return made;
}

export function submit(label: string): HTMLButtonElement {
  return h('button', { type: 'submit', class: 'main-button' }, label);
}

/** A button that asks once more before it does what cannot be taken back. */
export class Sure {
  readonly root = h('div', { class: 'sure' });
  private readonly ask: HTMLButtonElement;
  private readonly row: HTMLElement;

  constructor(label: string, question: string, yes: string, onSure: () => void, described: Record<string, string> = {}) {
    const no = button('Keep it', () => this.fold(true));
    this.ask = button(label, () => {
      this.ask.hidden = true;
      this.row.hidden = false;
      no.focus();
    });
    for (const [name, value] of Object.entries(described)) this.ask.setAttribute(name, value);
    const really = button(yes, () => {
      this.fold(true);
      onSure();
    }, 'danger-button');
    this.row = h('div', { class: 'sure-row', role: 'group', 'aria-label': question }, h('span', {}, question), no, really);
    this.row.hidden = true;
    this.row.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      // Saying no is all that this press does.
      event.preventDefault();
      event.stopPropagation();
      this.fold(true);
    });
    this.root.append(this.ask, this.row);
  }

  set hidden(on: boolean) {
    this.root.hidden = on;
  }

  private fold(focus: boolean): void {
    this.row.hidden = true;
    this.ask.hidden = false;
    if (focus) this.ask.focus();
  }
}

let ids = 0;

export function freshId(): string {
  ids += 1;
  return `trust-${ids}`;
}
