/**
 * The questions that wait for a yes or a no, one at a time, over everything else. No has the focus, Escape is no,
 * silence is no. What was pressed before the question was there answers nothing.
 */
import type { OpenQuestion, Told } from '../../state/trust.js';
import { answerWords, secondsUntil } from '../../state/trust-words.js';
import { byId, setText } from '../dom.js';
import type { Hand } from './asking.js';
import { TellLine } from './parts.js';

/** A question that has just come is answered by nothing. */
const SETTLE_MS = 500;
/** The server says that a question's time is over; a page that is not told takes it away. */
const GRACE_MS = 3_000;
const TICK_MS = 250;

export class ConsentDialog {
  private readonly dialog = byId<HTMLDialogElement>('consent');
  private readonly no = byId<HTMLButtonElement>('consent-no');
  private readonly yes = byId<HTMLButtonElement>('consent-yes');
  private readonly told = new TellLine(byId<HTMLElement>('consent-told'));
  private shown: OpenQuestion | null = null;
  /** From when on an answer counts (`performance.now`). */
  private countsFrom = 0;
  private timer: number | undefined;

  constructor(private readonly hand: Hand) {
    this.no.addEventListener('click', () => this.answer(false));
    this.yes.addEventListener('click', () => this.answer(true));
    this.dialog.addEventListener('keydown', (event) => this.onKey(event));
    // A phone's gesture for “back” closes a dialog without a key; Escape came as one before.
    this.dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      this.answer(false);
    });
    // A second one closes it, whatever is prevented: that is a no as well.
    this.dialog.addEventListener('close', () => {
      if (this.dialog.open || this.shown === null || this.shown.answered) return;
      this.answer(false);
      this.open();
    });
    new MutationObserver((changes) => {
      if (this.dialog.open && changes.some(({ target }) => target !== this.dialog && (target as HTMLDialogElement).open)) this.raise();
    }).observe(document.body, { subtree: true, attributeFilter: ['open'] });
  }

  get isOpen(): boolean {
    return this.dialog.open;
  }

  /** `isHeard`: whether Janet would hear a spoken answer to it. */
  render(questions: readonly OpenQuestion[], told: Told | undefined, isHeard: (question: OpenQuestion) => boolean): void {
    this.told.render(told);
    const question = questions[0] ?? null;
    setText(byId('consent-count'), questions.length > 1 ? `The first of ${questions.length} questions.` : '');
    byId('consent-count').hidden = questions.length <= 1;
    if (question === null) {
      this.shown = null;
      window.clearInterval(this.timer);
      this.timer = undefined;
      if (this.dialog.open) this.dialog.close();
      return;
    }
    const isNew = this.shown === null || isAnother(this.shown, question);
    this.shown = question;
    this.timer ??= window.setInterval(() => this.tick(), TICK_MS);
    this.write(question, isHeard(question));
    if (isNew) this.show();
    for (const button of [this.no, this.yes]) button.setAttribute('aria-disabled', String(question.answered));
    this.tick();
  }

  /** The same question may come twice, the second time with more to it. */
  private write(question: OpenQuestion, listens: boolean): void {
    this.dialog.toggleAttribute('data-soul-check', question.type === 'soul_check');
    setText(byId('consent-kind'), question.type === 'soul_check' ? 'Soul check' : 'Janet asks');
    setText(byId('consent-prompt'), question.prompt);
    setText(byId('consent-impact'), question.impact);
    setText(byId('consent-how'), answerWords(question.needsClick, listens));
  }

  private show(): void {
    // Another question in the same dialog is told like a new one.
    if (this.dialog.open) this.dialog.close();
    this.open();
    this.dialog.scrollTop = 0;
  }

  /** A call has come meanwhile, and lies over it. */
  private raise(): void {
    this.dialog.close();
    this.open();
  }

  private open(): void {
    this.dialog.showModal();
    this.no.focus();
    this.countsFrom = performance.now() + SETTLE_MS;
  }

  private onKey(event: KeyboardEvent): void {
    const isPress = event.key === 'Enter' || event.key === ' ' || event.key === 'Escape';
    if (performance.now() < this.countsFrom || (event.repeat && isPress)) {
      if (event.key === 'Tab' || event.key === 'Shift') return;
      // Whoever was typing still is: it is for another moment that no key counts.
      event.preventDefault();
      this.countsFrom = Math.max(this.countsFrom, performance.now() + SETTLE_MS);
      return;
    }
    if (event.key !== 'Escape') return;
    event.preventDefault();
    this.answer(false);
  }

  private answer(granted: boolean): void {
    const { shown } = this;
    if (shown === null || shown.answered || performance.now() < this.countsFrom) return;
    const id = this.hand.ask('consent', { type: 'consent_response', consent_id: shown.consentId, granted });
    if (id !== null) this.hand.apply({ type: 'consent_answered', consentId: shown.consentId });
  }

  private tick(): void {
    const { shown } = this;
    if (shown === null) return;
    const now = Date.now();
    const left = secondsUntil(shown.until, now);
    setText(byId('consent-time'), shown.answered ? 'Told.' : left > 0 ? `Without an answer it is a no in ${left} s.` : 'The time is over: that is a no.');
    if (now > shown.until + GRACE_MS) this.hand.apply({ type: 'consent_overdue', consentId: shown.consentId });
  }
}

/** Whether it asks for something else than what was read: also when the same one comes again, with more to it. */
function isAnother(shown: OpenQuestion, question: OpenQuestion): boolean {
  return (['consentId', 'type', 'prompt', 'impact'] as const).some((field) => shown[field] !== question[field]);
}
