/**
 * The call by telephone, over everything else: who, how far it is, both voices, her words, and what can be
 * done. A native modal dialog keeps the focus inside and gives it back.
 */
import type { Levels } from '../audio/levels.js';
import { captionOf } from '../state/captions.js';
import type { State } from '../state/model.js';
import { phoneClock, phoneTitle, phoneTodo } from '../state/phone-words.js';
import { isOn } from '../phone/phone-state.js';
import { byId, setText } from './dom.js';
import { Waveform } from './waveform.js';

export interface CallViewEvents {
  onAccept(): void;
  onHangUp(): void;
  onHold(on: boolean): void;
  onMute(on: boolean): void;
  onAgain(): void;
  onClose(): void;
  /** She shall be silent. */
  onStop(): void;
}

/** How often the duration is shown. */
const TICK_MS = 500;

export class CallView {
  private readonly dialog = byId<HTMLDialogElement>('call');
  private readonly who = byId('call-who');
  private readonly title = byId('call-title');
  private readonly time = byId('call-time');
  private readonly todo = byId('call-todo');
  private readonly caption = byId('call-caption');
  private readonly heard = byId('call-heard');
  private readonly accept = button('call-accept');
  private readonly decline = button('call-decline');
  private readonly mute = button('call-mute');
  private readonly hold = button('call-hold');
  private readonly hangUp = button('call-hang-up');
  private readonly again = button('call-again');
  private readonly close = button('call-close');
  private readonly waveform: Waveform;
  private readonly pageTitle = document.title;
  private state: State | null = null;
  private timer: number | undefined;

  constructor(events: CallViewEvents, mic: Levels, her: Levels) {
    this.waveform = new Waveform(byId<HTMLCanvasElement>('call-wave'), mic, her);
    this.accept.addEventListener('click', () => events.onAccept());
    this.decline.addEventListener('click', () => events.onHangUp());
    this.hangUp.addEventListener('click', () => events.onHangUp());
    this.mute.addEventListener('click', () => events.onMute(!(this.state?.muted ?? false)));
    this.hold.addEventListener('click', () => events.onHold(this.state?.phone.state !== 'on_hold'));
    this.again.addEventListener('click', () => events.onAgain());
    this.close.addEventListener('click', () => events.onClose());
    this.dialog.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      // A call is not hung up in passing: as on the page, this silences her, and closes what is over.
      event.preventDefault();
      if (this.state?.phone.state === 'ended') events.onClose();
      else if (this.state?.phone.state === 'connected') events.onStop();
    });
    // A phone's gesture for “back” closes a dialog without a key.
    this.dialog.addEventListener('cancel', (event) => event.preventDefault());
    this.dialog.addEventListener('close', () => {
      if (this.state !== null && this.state.phone.state !== 'idle') this.dialog.showModal();
    });
  }

  /** Something is heard. */
  wake(): void {
    if (this.dialog.open) this.waveform.wake();
  }

  render(state: State, captions: boolean): void {
    this.state = state;
    const { phone } = state;
    const kind = phone.state;
    this.dialog.dataset['state'] = kind;
    document.title = kind === 'ringing' ? `☎ ${phone.who.name} is calling` : this.pageTitle;
    if (phone.state === 'idle') {
      window.clearInterval(this.timer);
      this.timer = undefined;
      if (this.dialog.open) this.dialog.close();
      return;
    }
    this.timer ??= window.setInterval(() => this.tick(), TICK_MS);
    setText(this.who, phone.who.name);
    setText(this.title, phoneTitle(state));
    setText(this.todo, phoneTodo(phone));
    this.todo.hidden = this.todo.textContent === '';
    const talks = kind === 'connected' || kind === 'on_hold';
    this.dialog.toggleAttribute('data-speaking', kind === 'connected' && state.her === 'speaking');
    this.renderButtons(state, talks);
    this.renderWords(state, captions && kind === 'connected');
    this.tick();
    if (!this.dialog.open) this.open();
    this.waveform.draw();
    this.keepFocus();
  }

  private renderButtons({ phone, muted }: State, talks: boolean): void {
    const rings = phone.state === 'ringing';
    const over = phone.state === 'ended';
    const asked = (phone.state === 'connected' || phone.state === 'on_hold') && phone.asked;
    this.accept.hidden = this.decline.hidden = !rings;
    this.hangUp.hidden = rings || !isOn(phone);
    this.mute.hidden = this.hold.hidden = !talks;
    this.again.hidden = this.close.hidden = !over;
    this.mute.setAttribute('aria-pressed', String(muted));
    this.hold.setAttribute('aria-pressed', String(phone.state === 'on_hold'));
    // Not `disabled`, which would throw the focus away.
    this.hold.setAttribute('aria-disabled', String(asked));
    setText(byId('call-again-label'), phone.state === 'ended' && phone.end.why === 'missed' ? 'Call back' : 'Call again');
  }

  private renderWords(state: State, on: boolean): void {
    const sounds = state.her === 'speaking' || state.her === 'held';
    const reply = on && sounds ? state.entries.findLast((e) => e.kind === 'assistant' && e.replyId === state.replyId) : undefined;
    const caption = reply?.kind === 'assistant' ? captionOf(reply.text, state.heardChars) : null;
    setText(byId('call-said'), caption?.said ?? '');
    setText(byId('call-now'), caption?.now ?? '');
    setText(byId('call-to-come'), caption?.toCome ?? '');
    this.caption.toggleAttribute('data-empty', caption === null);
    setText(this.heard, on && !sounds ? (state.partial ?? '') : '');
  }

  private tick(): void {
    if (this.state !== null) setText(this.time, phoneClock(this.state.phone, performance.now()));
  }

  private open(): void {
    this.dialog.showModal();
    // Whoever was typing must not answer by the next key.
    this.who.focus();
  }

  /** What had the focus may be gone: it stays in the call, and on nothing that ends it. */
  private keepFocus(): void {
    const at = document.activeElement;
    if (at === null || at === document.body || !(at as HTMLElement).checkVisibility()) this.who.focus();
  }
}

function button(id: string): HTMLButtonElement {
  return byId<HTMLButtonElement>(id);
}
