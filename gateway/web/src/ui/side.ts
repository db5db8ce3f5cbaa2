/** The side panel: the latest turn's timing, and who answers. */
import type { ContextData } from '../protocol/messages.js';
import { callFacts } from '../state/call-facts.js';
import type { State } from '../state/model.js';
import { byId, h, setText } from './dom.js';
import { headline, NARROW, waterfall } from './waterfall.js';

const ROLES: Record<string, string> = {
  stt: 'Hears you',
  turn: 'Knows when you have finished',
  vad: 'Notices speech',
  llm: 'Thinks',
  tts: 'Speaks',
};
const ORDER = ['llm', 'stt', 'tts', 'turn', 'vad'];

export class Side {
  private readonly turn = byId('latest-turn');
  private readonly models = byId('models');
  private readonly facts = byId('call-facts');
  private readonly foot = byId('about');
  private shownTurn: unknown = null;
  private shownContext: ContextData | null = null;

  /** On small screens the panel lies over the chat while its button says so. */
  constructor() {
    const panel = byId('side');
    const button = byId<HTMLButtonElement>('about-open');
    const open = (on: boolean): void => {
      panel.toggleAttribute('data-open', on);
      button.setAttribute('aria-expanded', String(on));
    };
    button.addEventListener('click', () => open(!panel.hasAttribute('data-open')));
    panel.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !panel.hasAttribute('data-open')) return;
      // Closing the panel is all that this press does.
      event.preventDefault();
      open(false);
      button.focus();
    });
    byId('log').addEventListener('pointerdown', () => open(false));
  }

  render(state: State): void {
    const last = state.entries.findLast((e) => e.kind === 'assistant' && Object.keys(e.latency).length > 0);
    if (last?.kind === 'assistant' && this.shownTurn !== last.latency) {
      this.shownTurn = last.latency;
      const figure = waterfall(last.latency, NARROW);
      if (figure !== null) this.turn.replaceChildren(h('p', { class: 'headline' }, headline(last.latency) ?? ''), figure);
    }
    this.renderFacts(state);
    if (state.context !== null && this.shownContext !== state.context) {
      this.shownContext = state.context;
      this.renderContext(state.context);
    }
  }

  /** Numbers change each second, and what they are of hardly ever: whoever reads there keeps his place. */
  private renderFacts(state: State): void {
    const facts = callFacts(state);
    if (this.facts.childElementCount !== 2 * facts.length) {
      this.facts.replaceChildren(...facts.flatMap(([name]) => [h('dt', {}, name), h('dd', {})]));
    }
    const values = this.facts.querySelectorAll('dd');
    facts.forEach(([, value], i) => setText(values[i] as Element, value));
  }

  private renderContext(context: ContextData): void {
    const roles = Object.keys(context.models).sort((a, b) => rank(a) - rank(b));
    this.models.replaceChildren(
      ...roles.flatMap((role) => {
        const model = context.models[role];
        if (model === undefined) return [];
        const what = h('dd', {}, h('span', { class: 'model-name' }, model.name));
        if (model.note !== '') what.append(h('span', { class: 'model-note' }, model.note));
        return [h('dt', {}, ROLES[role] ?? role), what];
      }),
    );
    const parts = [
      context.version === '' ? '' : `Janet ${context.version}`,
      context.profile === '' ? '' : `profile ${context.profile}`,
      forgetting(context),
    ];
    this.foot.textContent = parts.filter((part) => part !== '').join(' · ');
  }
}

/** When the conversation is forgotten, in words. */
export function forgetting(context: ContextData): string {
  const after = context.conversation?.expiresAfterS ?? null;
  if (after === null) return '';
  const minutes = Math.round(after / 60);
  return minutes < 1 ? 'forgotten when you leave' : `forgotten ${minutes} min after you leave`;
}

function rank(role: string): number {
  const at = ORDER.indexOf(role);
  return at === -1 ? ORDER.length : at;
}
