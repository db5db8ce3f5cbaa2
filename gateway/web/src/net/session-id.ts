/**
 * The id under which a reload finds its conversation again. Kept in the tab's own store: another tab
 * is another conversation.
 */
const KEY = 'janet.client_id';

export function rememberedId(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

export function rememberId(id: string): void {
  try {
    sessionStorage.setItem(KEY, id);
  } catch {
    // No store: a reload begins a new conversation.
  }
}

/** What it led to is gone. */
export function forgetId(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // No store: nothing is remembered.
  }
}

/** Where the server listens, seen from the page at `pageUrl`. */
export function socketUrl(pageUrl: string, clientId: string | null): string {
  const url = new URL('ws', pageUrl);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.search = clientId === null ? '' : `?client_id=${encodeURIComponent(clientId)}`;
  url.hash = '';
  return url.href;
}
