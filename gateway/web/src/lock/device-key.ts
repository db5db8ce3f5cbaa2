/** The key of this browser, once it was paired. Kept beside the settings: it is for this page's origin alone. */
const KEY = 'janet.device_key';
const FORM = /^[A-Za-z0-9_-]{43}$/;

export function deviceKey(): string | null {
  try {
    const key = localStorage.getItem(KEY);
    return key !== null && FORM.test(key) ? key : null;
  } catch {
    return null;
  }
}

/** False where the browser keeps nothing: the next visit has to pair again. */
export function keepDeviceKey(key: string): boolean {
  try {
    localStorage.setItem(KEY, key);
    return true;
  } catch {
    return false;
  }
}

export function forgetDeviceKey(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // It was never kept.
  }
}

/** The subprotocols of a socket: a page cannot set headers. None without a key. */
export function subprotocols(key: string | null): string[] {
  return key === null ? [] : ['janet.1', `janet.key.${key}`];
}
