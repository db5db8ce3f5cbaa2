/** A conversation goes to the other soul: what goes along, how far it is, what came of it. */
import type { SoulInfo, SoulName, VaultName } from '../../protocol/trust.js';
import type { Transfer, TrustState } from '../../state/trust.js';
import { count, STAGE_WORDS } from '../../state/trust-words.js';
import { h, setText } from '../dom.js';
import type { Hand, View } from './asking.js';
import { form, freshId, submit, TellLine, wordField } from './parts.js';

type Along = [] | [VaultName] | [VaultName, VaultName];

const SOULS: Record<SoulName, string> = { networked: 'the networked soul', constitutional: 'the constitutional soul' };

export class TransferView implements View {
  readonly title = 'Move this conversation';
  readonly root = h('div', { class: 'view' });
  private readonly told = new TellLine();
  private readonly source: HTMLSelectElement;
  private readonly target = h('p');
  private readonly green = check('Her memories');
  private readonly red = check('The names of secrets, never the secrets');
  private readonly word = wordField('Safe word', { required: false });
  private readonly go: HTMLFormElement;
  private readonly state = h('p', { class: 'told', role: 'status' });
  private readonly bar = h('progress', { max: '1', 'aria-label': 'How far it is' });
  private shown: TrustState['souls'] = null;
  private souls: readonly SoulInfo[] = [];

  constructor(private readonly hand: Hand) {
    const id = freshId();
    this.source = h('select', { id, class: 'line' });
    this.source.addEventListener('change', () => this.renderTarget());
    this.red.input.addEventListener('change', () => (this.word.root.hidden = !this.red.input.checked));
    this.word.root.hidden = true;
    this.bar.hidden = true;
    this.go = form(
      () => this.start(),
      h('div', { class: 'field' }, h('label', { for: id }, 'From'), this.source),
      this.target,
      h('fieldset', { class: 'choices' }, h('legend', {}, 'What goes along with the messages'), this.green.root, this.red.root),
      this.word.root,
      submit('Move it'),
    );
    this.go.hidden = true;
    this.root.append(this.told.root, h('p', {}, 'Janet asks you before anything goes. What is only in working memory never leaves.'), this.go, this.state, this.bar);
  }

  ask(): void {
    this.hand.ask('transfer', { type: 'soul_list' });
  }

  close(): void {
    this.word.input.value = '';
  }

  render({ souls, transfer, told }: TrustState): void {
    this.told.render(told.transfer);
    if (souls !== null && souls !== this.shown) {
      this.shown = this.souls = souls;
      this.source.replaceChildren(...souls.map(({ soul, isHere }) => h('option', { value: soul }, `${capital(SOULS[soul])}${isHere ? ', here' : ''}`)));
      this.source.value = souls.find((one) => one.isHere)?.soul ?? souls[0]?.soul ?? '';
      this.go.hidden = souls.length === 0;
      this.renderTarget();
    }
    const isUnderWay = transfer.kind === 'under_way';
    this.go.querySelector('button')?.setAttribute('aria-disabled', String(isUnderWay || this.other === null));
    this.bar.hidden = !isUnderWay;
    if (isUnderWay) this.bar.value = transfer.fraction;
    this.state.toggleAttribute('data-bad', transfer.kind === 'denied' || transfer.kind === 'failed' || (transfer.kind === 'over' && !transfer.result.success));
    setText(this.state, transferWords(transfer));
  }

  /** Whereto it goes; null: nowhere now. */
  private get other(): SoulInfo | null {
    return this.souls.find((one) => one.soul !== this.source.value && one.isReachable) ?? null;
  }

  private renderTarget(): void {
    const { other } = this;
    setText(this.target, other === null ? 'The other soul cannot be reached now.' : `To ${SOULS[other.soul]}, key ${other.key}${other.isHere ? ', on this machine' : ', on another machine'}.`);
  }

  private start(): void {
    const { other } = this;
    if (other === null || this.go.querySelector('button')?.getAttribute('aria-disabled') === 'true') return;
    const [green, red] = [this.green.input.checked, this.red.input.checked];
    const include_vaults: Along = green && red ? ['green', 'red'] : green ? ['green'] : red ? ['red'] : [];
    const safe_word = red ? { safe_word: this.word.input.value } : {};
    if (red && this.word.input.value === '') {
      this.word.input.focus();
      return;
    }
    const sent = this.hand.ask('transfer', { type: 'transfer_context', source_soul: this.source.value as SoulName, target_soul: other.soul, include_vaults, ...safe_word });
    if (sent === null) return;
    this.word.input.value = '';
    this.hand.apply({ type: 'transfer_asked' });
  }
}

export function transferWords(transfer: Transfer): string {
  switch (transfer.kind) {
    case 'none':
      return '';
    case 'under_way':
      return `${STAGE_WORDS[transfer.stage]} …`;
    case 'denied':
      return `Not moved: ${transfer.reason}`;
    case 'failed':
      return `Not moved: ${transfer.message}`;
    case 'over': {
      const { success, error, messagesTransferred, summariesTransferred, metadata } = transfer.result;
      if (!success) return `Not moved: ${error ?? 'nobody said why.'}`;
      const { duplicates, conflicts, refused, redStubs } = metadata;
      const besides = [
        duplicates > 0 ? `${count(duplicates, 'message was', 'messages were')} there already` : '',
        conflicts > 0 ? `of ${count(conflicts, 'message')} both sides are kept` : '',
        refused > 0 ? `${count(refused, 'entry was', 'entries were')} not let in` : '',
        redStubs > 0 ? `${count(redStubs, 'name of a secret', 'names of secrets')} went along` : '',
      ].filter((words) => words !== '');
      const moved = `Moved: ${count(messagesTransferred, 'message')} and ${count(summariesTransferred, 'memory', 'memories')} that were not there.`;
      return besides.length === 0 ? moved : `${moved} ${capital(besides.join('; '))}.`;
    }
  }
}

function check(label: string): { root: HTMLElement; input: HTMLInputElement } {
  const id = freshId();
  const input = h('input', { id, type: 'checkbox' });
  return { root: h('div', { class: 'choice' }, input, h('label', { for: id }, label)), input };
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
