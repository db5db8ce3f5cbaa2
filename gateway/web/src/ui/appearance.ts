/** Colours and text size: attributes of the root element that the style sheet follows. */
import type { Settings } from '../state/settings.js';

export function applyAppearance({ theme, textSize }: Settings): void {
  const { dataset } = document.documentElement;
  if (theme === 'system') delete dataset['theme'];
  else dataset['theme'] = theme;
  if (textSize === 'normal') delete dataset['text'];
  else dataset['text'] = textSize;
}

/**
 * Keeps the page as high as what can be seen of it. Where a phone's keyboard lies over the page
 * instead of making it smaller (iOS), `dvh` does not know of it; the visual viewport does.
 */
export function followKeyboard(): void {
  const { visualViewport } = window;
  if (visualViewport === null) return;
  const follow = (): void => {
    // Pinch-zoom makes the visual viewport smaller, too: that is no keyboard.
    const covered = visualViewport.scale === 1 && window.innerHeight - visualViewport.height > 80;
    if (covered) document.documentElement.style.setProperty('--height', `${visualViewport.height}px`);
    else document.documentElement.style.removeProperty('--height');
  };
  visualViewport.addEventListener('resize', follow);
}
