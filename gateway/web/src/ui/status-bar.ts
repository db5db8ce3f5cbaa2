/** The connection's pill in the header and the banner below it. */
import type { State } from '../state/model.js';
import { byId, setText } from './dom.js';

export class StatusBar {
  private readonly pill = byId('link');
  private readonly banner = byId('banner');
  private readonly text = byId('banner-text');
  private readonly retry = byId<HTMLButtonElement>('retry');
  private readonly loading = byId<HTMLProgressElement>('loading');
  private timer: number | undefined;

  constructor(onRetry: () => void) {
    this.retry.addEventListener('click', onRetry);
  }

  render(state: State): void {
    const { kind, label } = summary(state);
    this.pill.dataset['kind'] = kind;
    setText(this.pill, label);
    window.clearInterval(this.timer);
    if (state.link.kind === 'waiting') {
      const { link } = state;
      const count = (): void => setText(this.text, lost(link));
      count();
      if (link.retryAt !== null) this.timer = window.setInterval(count, 250);
      setText(this.retry, link.why === 'elsewhere' ? 'Use it here' : 'Retry now');
    } else if (state.status === 'models_loading') {
      const stage = state.context?.loading?.stage ?? '';
      setText(this.text, `Janet is loading her models${stage === '' ? '' : ` (${stage})`}. She listens in a moment.`);
    } else if (state.status === 'busy') {
      setText(this.text, 'Janet has more to do than she can. Try again in a moment.');
    }
    this.retry.hidden = state.link.kind !== 'waiting';
    const loads = state.link.kind === 'open' && state.status === 'models_loading';
    this.loading.hidden = !loads;
    this.loading.value = state.context?.loading?.done ?? 0;
    this.banner.hidden = state.link.kind !== 'waiting' && state.status !== 'busy' && !loads;
    this.banner.dataset['kind'] = kind;
  }
}

function summary(state: State): { kind: string; label: string } {
  if (state.link.kind === 'waiting') {
    const { why } = state.link;
    return why === 'full'
      ? { kind: 'busy', label: 'Busy' }
      : { kind: 'offline', label: why === 'elsewhere' ? 'In another window' : 'Disconnected' };
  }
  if (state.link.kind === 'connecting' || state.status === null) return { kind: 'waiting', label: 'Connecting' };
  switch (state.status) {
    case 'models_loading':
      return { kind: 'waiting', label: 'Loading models' };
    case 'busy':
      return { kind: 'busy', label: 'Busy' };
    case 'ready':
      return { kind: 'ready', label: 'Ready' };
  }
}

function lost(link: Extract<State['link'], { kind: 'waiting' }>): string {
  if (link.retryAt === null) return 'This conversation goes on in another window.';
  const seconds = Math.max(0, Math.ceil((link.retryAt - Date.now()) / 1000));
  const again = `Trying again ${seconds === 0 ? 'now' : `in ${seconds} s`}.`;
  return link.why === 'full'
    ? `Janet is talking with as many people as she can. ${again}`
    : `There is no connection to Janet. ${again}`;
}
