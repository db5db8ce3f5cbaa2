/**
 * The page can be installed: it says so, opens while its server is away, and keeps nothing but itself.
 *
 *   node shell.mjs --url URL --out DIR
 */
import { editionsOf } from './lib/editions.mjs';
import { openPage } from './lib/page.mjs';
import { readArguments, Report } from './lib/tap.mjs';
import { ANSWER_MS } from './lib/turn.mjs';

const args = readArguments('shell.mjs --url URL --out DIR', ['url', 'out']);
const report = new Report();
const janet = await openPage({ url: args.url, out: args.out });
const { page, context } = janet;

/** Everything that is kept, by path. */
const keptFiles = () =>
  page.evaluate(async () => {
    const stores = await Promise.all((await caches.keys()).map(async (name) => (await caches.open(name)).keys()));
    return stores.flat().map((request) => new URL(request.url).pathname);
  });

try {
  const manifest = await page.evaluate(async () => {
    const response = await fetch(document.querySelector('link[rel=manifest]').href);
    const described = await response.json();
    const icons = await Promise.all(described.icons.map(async ({ src, type }) => {
      const icon = await fetch(new URL(src, response.url));
      return icon.ok && icon.headers.get('content-type') === type;
    }));
    return { type: response.headers.get('content-type'), described, icons };
  });
  report.ok(manifest.type === 'application/manifest+json', 'the manifest comes as one', manifest.type);
  report.ok(manifest.described.display === 'standalone' && manifest.icons.length >= 3 && manifest.icons.every(Boolean), 'and its icons are there, each of its type', manifest.icons.join(' '));

  report.ok(await janet.holds(async () => (await navigator.serviceWorker.getRegistration())?.active?.state === 'activated', 20_000), 'the browser keeps the page');
  await janet.until((s) => s.status === 'ready', 120_000);
  // From the second load on it answers for the page: nothing of what goes on then is kept either.
  await page.reload();
  report.ok(await janet.until((s) => s.status === 'ready', 20_000), 'loaded again, the page is as ready as before');
  report.ok(await page.evaluate(() => navigator.serviceWorker.controller !== null), 'and stands under the worker');
  await page.fill('#text', 'Say hello in one short sentence.');
  await page.keyboard.press('Enter');
  report.ok(await janet.until((s) => s.answers.length === 1, ANSWER_MS), 'a question is answered');
  await page.evaluate(async () => {
    for (const path of ['healthz', 'metrics', 'v1/models', 'sample-question.wav']) await (await fetch(path)).text();
  });
  const kept = await keptFiles();
  const strange = kept.filter((path) => !/^\/(index\.html|theme\.js|favicon\.svg|icon-[\w-]+\.png|manifest\.webmanifest|assets\/[\w.-]+\.(js|css))$/.test(path));
  report.ok(kept.includes('/index.html') && kept.some((path) => path.startsWith('/assets/index-')), 'the page and its code are kept', `${kept.length} files`);
  report.ok(strange.length === 0, 'and nothing else', strange.join(' '));
  report.ok(janet.problems.filter((problem) => !problem.includes('404')).length === 0, 'the browser reported no problem', janet.problems.join('; '));

  await context.setOffline(true);
  await page.reload();
  report.ok(await janet.holds(() => document.querySelector('#banner-text')?.textContent.includes('no connection'), 20_000), 'with the server away the page opens all the same, and says what is the matter');
  await janet.shot('shell-offline');
  await context.setOffline(false);
  report.ok(await janet.until((s) => s.status === 'ready', 40_000), 'and goes on by itself when the server is back');
} finally {
  await janet.close();
}

const editions = await editionsOf(args.url);
const reader = await openPage({ url: editions.url, out: args.out });
const shown = () => reader.page.evaluate(() => document.documentElement.dataset.edition);
/** Waits until this edition is kept whole, and holds, beside at most one other. */
const isKept = async (edition) => {
  for (let tries = 0; tries < 200; tries += 1) {
    const kept = await reader.page.evaluate(async (wanted) => {
      const worker = await navigator.serviceWorker.getRegistration();
      const names = (await caches.keys()).filter((name) => name.startsWith('janet-shell-'));
      if (worker === undefined || names.length === 0) return false;
      const page = await (await caches.open(names.at(-1))).match('index.html');
      const isWhole = (await page?.text())?.includes(`data-edition="${wanted}"`);
      return isWhole && names.length <= 2 && worker.installing === null && worker.active?.state === 'activated';
    }, edition);
    if (kept) return true;
    await reader.page.waitForTimeout(100);
  }
  return false;
};
try {
  report.ok(await isKept('1'), 'the first edition is kept');
  for (const edition of ['2', '3']) {
    editions.next();
    await reader.page.reload();
    report.ok((await shown()) === edition, `edition ${edition} is there at the next load`, await shown());
    report.ok(await isKept(edition), 'and is kept, with at most one before it');
  }
  await reader.context.setOffline(true);
  await reader.page.reload();
  report.ok((await shown()) === '3', 'and it is the one that opens while the server is away', await shown());
} finally {
  await reader.close();
  editions.close();
}
process.exit(report.end());
