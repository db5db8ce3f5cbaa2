/** A secret that was handed out: readable for twenty seconds, then gone from the page. */
import { h, setText } from '../dom.js';
import { button } from './parts.js';

const SHOWN_MS = 20_000;
const TICK_MS = 250;

export class ShownSecret {
  readonly root = h('section', { class: 'secret', 'aria-label': 'The secret' });
  private readonly name = h('h3');
  private readonly value = h('output', { class: 'secret-value', tabindex: '-1' });
  private readonly left = h('p', { class: 'about', role: 'timer' });
  private readonly copy = button('Copy', () => void this.copied());
  /** Whose secret was asked for, and by which request. */
  private asked: { name: string; requestId: string } | null = null;
  private until = 0;
  private timer: number | undefined;

  constructor(private readonly say: (text: string) => void) {
    this.root.hidden = true;
    this.root.append(this.name, this.value, h('div', { class: 'row' }, this.copy, button('Hide', () => this.hide())), this.left);
  }

  /** Whose secret comes next. */
  await(name: string, requestId: string): void {
    this.hide();
    this.asked = { name, requestId };
  }

  /** The answer to an earlier request is shown under nobody's name, that is: not at all. */
  show(value: string, requestId: string | null): void {
    if (this.asked === null || requestId !== this.asked.requestId) return;
    setText(this.name, this.asked.name);
    this.value.textContent = value;
    this.root.hidden = false;
    this.until = Date.now() + SHOWN_MS;
    window.clearInterval(this.timer);
    this.timer = window.setInterval(() => this.tick(), TICK_MS);
    this.tick();
    this.value.focus();
  }

  hide(): void {
    window.clearInterval(this.timer);
    this.asked = null;
    this.value.textContent = '';
    this.name.textContent = '';
    this.root.hidden = true;
  }

  private tick(): void {
    const left = Math.ceil((this.until - Date.now()) / 1000);
    if (left <= 0) this.hide();
    else setText(this.left, `Hidden again in ${left} s.`);
  }

  private async copied(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.value.textContent ?? '');
      this.say('Copied. The clipboard keeps it until something else is copied.');
    } catch {
      this.say('The browser did not allow copying.');
    }
  }
}
