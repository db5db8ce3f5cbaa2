/**
 * The red thread: one press, from every view, stops everything. Then it says so over everything, and lets the
 * operator go on by two clicks or the safe word.
 *
 * A modal dialog makes what is behind it unreachable, so each has a button of its own.
 */
import type { State } from '../../state/model.js';
import { nodeWords, secondsUntil, when } from '../../state/trust-words.js';
import { isOffered } from '../../state/trusted.js';
import { byId, h, icon, setText } from '../dom.js';
import type { Hand } from './asking.js';
import { TellLine, takeWord } from './parts.js';

/** The server takes a token that is a second old. */
const TOKEN_AFTER_MS = 1_100;
/** How long a token is good where the clocks of both machines do not agree. */
const TOKEN_USUAL_MS = 30_000;
const TICK_MS = 250;

export class RedThread {
  private readonly dialog = byId<HTMLDialogElement>('stopped');
  private readonly bar = byId('stopped-bar');
  private readonly first = byId<HTMLButtonElement>('stopped-clear');
  private readonly really = byId('stopped-really');
  private readonly second = byId<HTMLButtonElement>('stopped-really-clear');
  private readonly word = byId<HTMLInputElement>('stopped-word');
  private readonly told = new TellLine(byId<HTMLElement>('stopped-told'));
  private readonly buttons: HTMLButtonElement[];
  /** What the second click says. In no state, and gone with its time. */
  private token: { words: string; from: number; until: number } | null = null;
  private timer: number | undefined;
  private shownSince: number | null = null;
  private stopped = false;

  constructor(
    private readonly hand: Hand,
    private readonly onPulled: () => void,
  ) {
    this.buttons = [byId<HTMLButtonElement>('red-thread'), ...putInto(document.querySelectorAll<HTMLDialogElement>('dialog:not(#pair)'))];
    for (const button of this.buttons) button.addEventListener('click', () => this.press());
    byId('stopped-open').addEventListener('click', () => this.open());
    byId('stopped-close').addEventListener('click', () => this.dialog.close());
    this.first.addEventListener('click', () => void this.hand.ask('red_thread', { type: 'red_thread_clear' }));
    this.second.addEventListener('click', () => this.goOn());
    byId('stopped-form').addEventListener('submit', (event) => {
      event.preventDefault();
      takeWord(this.word, (safe_word) => hand.ask('red_thread', { type: 'red_thread_clear', safe_word }) !== null);
    });
    this.dialog.addEventListener('close', () => this.putAway());
  }

  /** The answer to the first of two clicks. */
  onToken(words: string, expiresAt: number, now: number): void {
    const left = expiresAt - now;
    this.token = { words, from: now + TOKEN_AFTER_MS, until: left > 0 && left < 10 * TOKEN_USUAL_MS ? expiresAt : now + TOKEN_USUAL_MS };
    this.first.hidden = true;
    this.really.hidden = false;
    this.tick();
    window.clearInterval(this.timer);
    this.timer = window.setInterval(() => this.tick(), TICK_MS);
    byId('stopped-sure').focus();
  }

  render(state: State): void {
    const { stopped, pulling, told } = state.trust;
    const offered = state.capabilities.includes('red_thread');
    this.stopped = stopped !== null;
    for (const button of this.buttons) {
      button.hidden = !offered;
      button.toggleAttribute('data-stopped', this.stopped);
      // All is stopped already: the way on is behind it.
      button.setAttribute('aria-label', this.stopped ? 'Stopped: how to go on' : 'Stop everything (red thread)');
      const label = button.querySelector('span');
      if (label !== null) setText(label, this.stopped ? 'Stopped' : 'Stop everything');
    }
    document.documentElement.toggleAttribute('data-stopped', this.stopped);
    this.bar.hidden = !this.stopped && !pulling;
    byId('stopped-open').hidden = !this.stopped;
    setText(byId('stopped-bar-text'), stopped === null ? pullWords(state) : `Everything is stopped since ${when(stopped.since)}.`);
    this.renderDialog(state);
    this.told.render(told.red_thread);
  }

  private renderDialog({ trust: { stopped }, role, capabilities }: State): void {
    if (stopped === null) {
      this.shownSince = null;
      if (this.dialog.open) this.dialog.close();
      return;
    }
    setText(byId('stopped-since'), when(stopped.since));
    setText(byId('stopped-where'), nodeWords(stopped.node));
    const mayClear = isOffered({ role, capabilities }, 'red_thread');
    byId('stopped-operator').hidden = !mayClear;
    byId('stopped-guest').hidden = mayClear;
    byId('stopped-with-word').hidden = !capabilities.includes('vault');
    // Once for each pull: whoever has put it away has seen it.
    if (this.shownSince === stopped.since) return;
    this.shownSince = stopped.since;
    this.open();
  }

  private press(): void {
    if (this.stopped) this.open();
    else this.onPulled();
  }

  private open(): void {
    if (!this.dialog.open) this.dialog.showModal();
    byId('stopped-title').focus();
  }

  private goOn(): void {
    const { token } = this;
    const now = Date.now();
    if (token === null || now < token.from || now > token.until) return;
    this.forgetToken();
    this.hand.ask('red_thread', { type: 'red_thread_clear', token: token.words });
  }

  private tick(): void {
    const { token } = this;
    const now = Date.now();
    if (token === null || now > token.until) {
      this.forgetToken();
      return;
    }
    // Not `disabled`, which would throw the focus away.
    this.second.setAttribute('aria-disabled', String(now < token.from));
    setText(byId('stopped-left'), `This offer ends in ${secondsUntil(token.until, now)} s.`);
  }

  private forgetToken(): void {
    window.clearInterval(this.timer);
    this.token = null;
    const hadFocus = this.really.contains(document.activeElement);
    this.really.hidden = true;
    this.first.hidden = false;
    if (hadFocus && this.dialog.open) byId('stopped-title').focus();
  }

  private putAway(): void {
    this.forgetToken();
    this.word.value = '';
  }
}

function pullWords({ link }: State): string {
  return link.kind === 'open' ? 'Stopping everything …' : 'Janet is told to stop everything as soon as there is a connection.';
}

/** A button for each dialog: before the one that closes it, or at its corner. */
function putInto(dialogs: Iterable<HTMLDialogElement>): HTMLButtonElement[] {
  return [...dialogs].map((dialog) => {
    const button = h('button', { class: 'red-thread', type: 'button', hidden: true }, icon('thread') as unknown as HTMLElement);
    const header = dialog.querySelector('header');
    if (header === null) dialog.append(button);
    else header.insertBefore(button, header.querySelector('.icon-button'));
    return button;
  });
}
