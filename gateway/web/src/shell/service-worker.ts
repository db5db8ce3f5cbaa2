/**
 * Keeps the built page in the browser, so that it can be installed, and opens at once and also while
 * the server is away. A new version is fetched whole when the browser finds this file changed, and holds
 * from the next load on.
 */
import { outdated, plan } from './shell.js';

/** Put in by the build: the shell's files, and a hash of all of them. */
declare const __SHELL_FILES__: readonly string[];
declare const __SHELL_VERSION__: string;
declare const self: ServiceWorkerScope;

const PREFIX = 'janet-shell-';
const STORE = `${PREFIX}${__SHELL_VERSION__}`;
/** A server that does not answer by then is away. */
const ANSWER_WITHIN_MS = 4_000;

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(tidy()));
self.addEventListener('fetch', (event) => {
  const planned = plan(event.request, self.registration.scope, __SHELL_FILES__);
  if (planned.how === 'not_ours') return;
  event.respondWith(planned.how === 'kept' ? kept(event.request, planned.file) : fresh(event.request, planned.file));
});

async function install(): Promise<void> {
  const store = await caches.open(STORE);
  // Past the browser's own cache: a half-old shell would be worse than none.
  await store.addAll(__SHELL_FILES__.map((file) => new Request(address(file), { cache: 'no-cache' })));
  await self.skipWaiting();
}

async function tidy(): Promise<void> {
  await Promise.all(outdated(await caches.keys(), PREFIX).map((name) => caches.delete(name)));
}

async function kept(request: Request, file: string): Promise<Response> {
  return (await find(file)) ?? fetch(request);
}

async function fresh(request: Request, file: string): Promise<Response> {
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    // A proxy answers for a server that is away.
    return response.status < 500 ? response : ((await find(file)) ?? response);
  } catch (error) {
    const found = await find(file);
    if (found === undefined) throw error;
    return found;
  }
}

/** This version's, or for a page that was opened before it the one that it knows. */
async function find(file: string): Promise<Response | undefined> {
  const store = await caches.open(STORE);
  return (await store.match(address(file))) ?? caches.match(address(file));
}

function address(file: string): string {
  return new URL(file, self.registration.scope).href;
}
