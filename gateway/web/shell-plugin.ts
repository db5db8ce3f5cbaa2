/** Builds the service worker: gives it its name, and tells it which files the page is made of. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

export const WORKER = 'service-worker';
/** What the page needs to open; the sample question is fetched when somebody wants it. */
const SHELL = /\.(html|js|css|svg|png|webmanifest)$/;

export function shellPlugin(): Plugin {
  let publicDir = '';
  return {
    name: 'janet-shell',
    enforce: 'post',
    configResolved(config) {
      publicDir = config.publicDir;
    },
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const worker = Object.values(bundle).find((file) => file.type === 'chunk' && file.name === WORKER);
        if (worker?.type !== 'chunk') this.error('the service worker was not built');
        const hash = createHash('sha256');
        const files: string[] = [];
        const add = (name: string, content: string | Uint8Array): void => {
          if (!SHELL.test(name) || name === worker.fileName) return;
          files.push(name);
          hash.update(name).update(content);
        };
        for (const name of Object.keys(bundle).sort()) {
          const file = bundle[name];
          if (file !== undefined) add(name, file.type === 'chunk' ? file.code : file.source);
        }
        for (const name of readdirSync(publicDir).sort()) add(name, readFileSync(join(publicDir, name)));
        worker.code = worker.code
          .replaceAll('__SHELL_FILES__', JSON.stringify(files))
          .replaceAll('__SHELL_VERSION__', JSON.stringify(hash.digest('hex').slice(0, 16)));
      },
    },
  };
}
