// Runs before anything is painted, so that chosen looks do not flash in others.
try {
  const { theme, textSize } = JSON.parse(localStorage.getItem('janet.settings') ?? '{}');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  if (textSize === 'large' || textSize === 'largest') document.documentElement.dataset.text = textSize;
} catch {
  // No store or odd content: the system's colours serve.
}
