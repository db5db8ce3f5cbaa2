/**
 * A browser on another machine: it pairs by the code of `janet pair`, comes back with its key, and is
 * shut out. This machine's own address stands for the other machine. `./test` names the binary in JANET.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openPage } from './lib/page.mjs';

const SOON_MS = 30_000;
const out = process.env.JANET_SHOTS ?? mkdtempSync(join(tmpdir(), 'janet-pair-'));
const binary = process.env.JANET;
const far = Object.values(networkInterfaces())
  .flat()
  .find((address) => address.family === 'IPv4' && !address.internal)?.address;
const skip = far === undefined ? 'this machine has no IPv4 address besides its loopback' : false;

/** Started, and ended behind the tests. */
const running = [];
let port = '';

/** Starts the binary and waits for what it says. */
function start(words, pattern) {
  const env = { ...process.env, JANET_CONVERSATION_DATA_DIR: join(out, 'data'), JANET_LLM_SERVER: 'off', JANET_PROFILE: 'cpu' };
  const child = spawn(binary, words, { stdio: ['ignore', 'pipe', 'inherit'], env });
  running.push(child);
  return new Promise((resolve, reject) => {
    let said = '';
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`janet ${words[0]} ended with ${code}: ${said}`)));
    child.stdout.on('data', (text) => {
      said += text;
      const found = pattern.exec(said);
      if (found !== null) resolve(found);
    });
  });
}

const devices = () => execFileSync(binary, ['devices', 'list', '--port', port], { encoding: 'utf8' });

before(async () => {
  if (skip !== false) return;
  assert.ok(binary, 'JANET must name the binary (./test does)');
  port = (await start(['serve', '--host', '0.0.0.0', '--port', '0'], /http:\/\/\S+:(\d+)\//))[1];
});

after(async () => {
  const ended = running.map((child) => (child.exitCode === null ? new Promise((resolve) => child.once('exit', resolve)) : null));
  for (const child of running) child.kill('SIGTERM');
  await Promise.all(ended);
});

test('a browser pairs, comes back with its key, and is shut out', { skip, timeout: 240_000 }, async () => {
  const [, first, second] = await start(['pair', '--guest', '--port', port], /Code: (\d{4}) (\d{4})/);
  const janet = await openPage({ url: `https://${far}:${port}/`, out, options: { ignoreHTTPSErrors: true } });
  try {
    const asks = () => document.querySelector('#pair[open]') !== null;
    assert.ok(await janet.holds(asks, SOON_MS), 'the page asks for the code');
    const enter = async (code) => {
      await janet.page.fill('#pair-code', code);
      await janet.page.click('#pair-send');
    };
    await enter('1234567');
    assert.match(await janet.page.textContent('#pair-told'), /eight digits/);
    await enter(first === '0000' ? '1111 1111' : '0000 0000');
    assert.ok(await janet.holds(() => /tries left: 2/.test(document.querySelector('#pair-told').textContent), SOON_MS), 'a wrong code is told');
    await janet.shot('pair');
    await enter(`${first} ${second}`);
    assert.ok(await janet.until((stats) => stats.link === 'open' && stats.status !== null, SOON_MS), 'it comes in');
    assert.ok(await janet.holds(() => document.querySelector('#pair[open]') === null, SOON_MS), 'the dialog is gone');
    const listed = devices();
    assert.match(listed, /guest .* Chrome on Linux/);

    await janet.page.reload();
    assert.ok(await janet.until((stats) => stats.link === 'open' && stats.status !== null, SOON_MS), 'it comes in again');
    assert.equal(await janet.page.evaluate(asks), false, 'and is not asked');

    execFileSync(binary, ['devices', 'revoke', listed.split(' ')[0], '--port', port]);
    assert.ok(await janet.holds(asks, SOON_MS), 'shut out, it is asked for a code again');
    assert.equal(await janet.page.evaluate(() => localStorage.getItem('janet.device_key')), null);
    // A browser takes no service worker over a certificate that nobody vouches for, and says so; in other words
    // when the page goes while it looks.
    const words = /An (SSL certificate|unknown) error occurred when fetching the script/;
    const problems = janet.problems.filter((problem) => !words.test(problem));
    assert.deepEqual(problems, []);
  } finally {
    await janet.close();
  }
});
