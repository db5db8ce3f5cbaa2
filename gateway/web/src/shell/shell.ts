/**
 * Which requests the service worker answers from what it keeps, and how. It keeps the built page and
 * nothing else: what is said, the API, the server's state and its socket never pass through it. Pure.
 */

/** What the worker needs to know of a request. */
export interface Asked {
  readonly method: string;
  readonly mode: string;
  readonly url: string;
}

/**
 * `fresh`: from the server, and where that is away, as it was kept. `kept`: as it was kept, its name
 * says which version it is. `not_ours`: the browser's business.
 */
export type Plan = { how: 'fresh' | 'kept'; file: string } | { how: 'not_ours' };

const PAGE = 'index.html';
/** Built names in there carry a hash of their content. */
const HASHED = 'assets/';
const NOT_OURS: Plan = { how: 'not_ours' };

/** `scope` is the page's own address, `files` are the shell's, relative to it. */
export function plan(asked: Asked, scope: string, files: readonly string[]): Plan {
  const url = new URL(asked.url);
  const base = new URL(scope);
  if (asked.method !== 'GET' || url.origin !== base.origin || !url.pathname.startsWith(base.pathname)) return NOT_OURS;
  const path = url.pathname.slice(base.pathname.length);
  if (asked.mode === 'navigate') return path === '' || path === PAGE ? { how: 'fresh', file: PAGE } : NOT_OURS;
  if (url.search !== '' || !files.includes(path)) return NOT_OURS;
  return { how: path.startsWith(HASHED) ? 'kept' : 'fresh', file: path };
}

/** Of the stores of all versions, oldest first, those that nobody needs: a page that is open may still ask for what the version before had. */
export function outdated(stores: readonly string[], prefix: string): string[] {
  return stores.filter((name) => name.startsWith(prefix)).slice(0, -2);
}
