/** What is kept, what leaves this machine, and who listens. */
import type { LeftMachine, OpenMicrophone, PrivacyReport } from '../../protocol/trust.js';
import type { TrustState } from '../../state/trust.js';
import { count, duration, when } from '../../state/trust-words.js';
import { h } from '../dom.js';
import type { Hand, View } from './asking.js';
import { button, Sure, TellLine } from './parts.js';

const WHAT: Readonly<Record<string, string>> = {
  language_model: 'What you say and she answers, to a language model',
  voice: 'What she says, to a speech server',
  push: 'That she calls, to your phone’s messenger',
  soul: 'Conversations, to her other soul',
};

export class PrivacyView implements View {
  readonly title = 'Privacy';
  readonly root = h('div', { class: 'view' });
  private readonly told = new TellLine();
  private readonly facts = h('div', { class: 'view privacy' });
  private shown: PrivacyReport | null = null;
  private before: TrustState['told']['privacy'];

  constructor(private readonly hand: Hand) {
    const conversation = new Sure('Forget this conversation', 'Forget this conversation for good? Another one begins.', 'Forget it', () => void hand.ask('privacy', { type: 'conversation_forget' }));
    const everything = new Sure(
      'Forget everything',
      'Forget what she remembers, all conversations and what is unlocked? The secrets in the vaults, standing consents, paired devices and souls, personas and the audit log stay.',
      'Yes, ask me for my consent',
      () => void hand.ask('privacy', { type: 'memory_forget_all', everything: true }),
    );
    this.root.append(this.told.root, this.facts, conversation.root, everything.root);
  }

  ask(): void {
    this.hand.ask('privacy', { type: 'privacy_read' });
  }

  close(): void {}

  render({ privacy, told }: TrustState): void {
    this.told.render(told.privacy);
    const isNews = told.privacy !== this.before && told.privacy?.ok === true;
    this.before = told.privacy;
    // Where a conversation went, the connection goes with it; the next one is asked.
    if (isNews && told.privacy?.proof?.conversations === undefined) this.ask();
    if (privacy === null || privacy === this.shown) return;
    this.shown = privacy;
    const { memories, conversations, messages, keepMs, vaultExists, vaultLocked, microphones, leftMachine, auditEntries } = privacy;
    const kept = conversations === 0 ? 'No conversation is kept.' : `${count(conversations, 'conversation')} with ${count(messages, 'message')}. Each is forgotten ${duration(keepMs)} after whoever was in it has left.`;
    const remembered = memories === null ? 'That cannot be read now. While everything is stopped, nobody looks into her memory.' : memories === 0 ? 'Nothing.' : `${count(memories, 'thing')}, each with your consent.`;
    this.facts.replaceChildren(
      part('Remembered', h('p', {}, remembered), button('Look at it', () => this.hand.show('memory'))),
      part('Conversations', h('p', {}, kept)),
      part('Secrets', h('p', {}, vaultExists ? `There is a vault. It is ${vaultLocked ? 'locked' : 'unlocked'}.` : 'There is no vault.'), button('Open the vault', () => this.hand.show('vault'))),
      part('Who listens now', list(microphones.map(listens), 'No microphone is open.')),
      part('What leaves this machine', list(leftMachine.map(leaves), 'Nothing, and nothing has since she was started.')),
      part('Decisions', h('p', {}, `${count(auditEntries, 'entry', 'entries')} in the audit log.`), button('Read it', () => this.hand.show('audit'))),
    );
  }
}

function part(title: string, ...children: HTMLElement[]): HTMLElement {
  return h('section', {}, h('h3', {}, title), ...children);
}

function list(lines: string[], none: string): HTMLElement {
  return lines.length === 0 ? h('p', {}, none) : h('ul', { class: 'plain' }, ...lines.map((line) => h('li', {}, line)));
}

function listens({ device, sinceMs, isYours }: OpenMicrophone): string {
  const whose = device === 'here' ? 'A microphone on Janet’s machine' : `The microphone of ${device}`;
  return `${whose}${isYours ? ' (this page’s)' : ''}, since ${when(sinceMs)}.`;
}

function leaves({ what, whereto, times, lastMs }: LeftMachine): string {
  const how = times === 0 ? 'not yet' : `${count(times, 'time')}, last ${when(lastMs)}`;
  return `${WHAT[what] ?? what.replaceAll('_', ' ')}: ${whereto} (${how}).`;
}
