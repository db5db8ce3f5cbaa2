/** The page in a headless Chromium whose microphone is a file. */
import { existsSync, mkdirSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const CANDIDATES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

function browserPath() {
  const found = [process.env.CHROMIUM, ...CANDIDATES].find((path) => path !== undefined && existsSync(path));
  if (found === undefined) throw new Error('no Chromium found; install it (Debian: apt-get install chromium) or set CHROMIUM');
  return found;
}

/**
 * Opens the page. `wav` plays once into the microphone, from when the page opens it; with `null`
 * there is no microphone. `before` may prepare the page before its own code runs. `calls`: whether voice
 * may go over WebRTC; what is about neither goes over the WebSocket. `face`: whether her face is drawn, which
 * without a graphics card is work for the processor.
 */
export async function openPage({ url, wav = null, out, options = {}, before = null, calls = false, face = false }) {
  mkdirSync(out, { recursive: true });
  // A machine without a network has one address that a call could use, which browsers leave out by themselves.
  const isAlone = Object.values(networkInterfaces()).flat().every((address) => address.internal);
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--autoplay-policy=no-user-gesture-required'];
  if (face) args.push('--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--ignore-gpu-blocklist');
  if (isAlone) args.push('--allow-loopback-in-peer-connection');
  if (wav !== null) {
    args.push(
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-audio-capture=${wav}%noloop`,
    );
  }
  const browser = await chromium.launch({ executablePath: browserPath(), args, headless: true });
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(`exception: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).host !== new URL(url).host && !request.url().startsWith('data:') && !request.url().startsWith('blob:')) {
      problems.push(`a request to elsewhere: ${request.url()}`);
    }
  });
  // As somebody chose it on an earlier day; what is chosen in the test stays.
  await page.addInitScript((chosen) => {
    if (localStorage.getItem('janet.settings') === null) localStorage.setItem('janet.settings', JSON.stringify({ version: 2, ...chosen }));
  }, { calls, face });
  if (before !== null) await before(page);
  await page.goto(url);
  return {
    page,
    context,
    problems,
    stats: () => page.evaluate(() => window.__janet),
    /** Waits until `test(stats)` holds; false when it does not within `timeoutMs`. */
    until: (test, timeoutMs) => until(page, test, timeoutMs),
    /** Waits until a function holds that is run in the page. */
    holds: (test, timeoutMs) => holds(page, test, timeoutMs),
    /** Waits until what the page knows now is on the screen, for questions asked right after a key or click. */
    drawn: () => drawn(page),
    shot: (name) => page.screenshot({ path: join(out, `${name}.png`) }),
    close: () => browser.close(),
  };
}

/** Asks from here, fifty times a second: the page's policy allows no code made of text. */
async function until(page, test, timeoutMs) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const stats = await page.evaluate(() => window.__janet);
    if (stats !== undefined && test(stats)) {
      await drawn(page);
      return true;
    }
    if (Date.now() > deadline) return false;
    await page.waitForTimeout(20);
  }
}

async function holds(page, test, timeoutMs) {
  const deadline = Date.now() + timeoutMs;
  while (!(await page.evaluate(test))) {
    if (Date.now() > deadline) return false;
    await page.waitForTimeout(20);
  }
  await drawn(page);
  return true;
}

/**
 * The page draws once per animation frame, so its counters run ahead of its elements: a callback asked for now
 * comes after the drawing that was planned before. A hidden page gets no frames and draws within 50 ms.
 */
function drawn(page) {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        requestAnimationFrame(resolve);
        if (document.hidden) setTimeout(resolve, 100);
      }),
  );
}
