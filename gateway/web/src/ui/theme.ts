/** Light, dark, or as the system has it. */
import type { Theme } from '../state/settings.js';
import { byId } from './dom.js';

const NEXT: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' };
const NAME: Record<Theme, string> = { system: 'as the system', light: 'light', dark: 'dark' };

export class ThemeButton {
  private readonly button = byId<HTMLButtonElement>('theme');
  private theme: Theme = 'system';

  constructor(onTheme: (theme: Theme) => void) {
    this.button.addEventListener('click', () => onTheme(NEXT[this.theme]));
  }

  render(theme: Theme): void {
    this.theme = theme;
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
    const label = `Colours: ${NAME[theme]}. Switch to ${NAME[NEXT[theme]]}`;
    this.button.setAttribute('aria-label', label);
    this.button.title = label;
    byId('theme-icon').setAttribute('href', `#icon-theme-${theme}`);
  }
}
