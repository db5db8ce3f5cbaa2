/** When this device's network has changed: it is back, or goes over something else. */

interface Information extends EventTarget {
  readonly type?: string;
}

export function watchNetwork(onChange: () => void): void {
  window.addEventListener('online', onChange);
  // Only some browsers have it, and it also speaks of mere guesses at the speed.
  const { connection } = navigator as { connection?: Information };
  let over = connection?.type;
  connection?.addEventListener('change', () => {
    if (connection.type === over) return;
    over = connection.type;
    onChange();
  });
}
