/** Has the browser keep the page. Where it does not want to, the page works as well. */

/** Beside the page, wherever that is served: so that it may answer for the page. */
const WORKER = 'service-worker.js';

export function keepShell(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  // After everything that somebody waits for.
  window.addEventListener('load', () => {
    navigator.serviceWorker.register(new URL(WORKER, document.baseURI)).catch(() => undefined);
  });
}
