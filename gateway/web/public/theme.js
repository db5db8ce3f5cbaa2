// Runs before anything is painted, so that a chosen theme does not flash in the other one.
try {
  const theme = JSON.parse(localStorage.getItem('janet.settings') ?? '{}').theme;
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // No store or odd content: the system's colours serve.
}
