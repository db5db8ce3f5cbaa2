/**
 * Tests that are scripts: each runs in a process and a browser of its own against one real Janet. `./test` names
 * the binary in JANET; JANET_URL names a Janet that already runs, in its place.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('..', import.meta.url));
const out = process.env.JANET_SHOTS ?? mkdtempSync(join(tmpdir(), 'janet-browser-'));
const SCRIPT_MS = 240_000;

export const question = join(here, '../../gateway/web/public/sample-question.wav');
export const clip = (name) => join(here, 'clips', `${name}.wav`);

let janet = null;
let url = process.env.JANET_URL;

/** Starts the binary on a free port and gives its address. */
async function serve(binary) {
  // Conversations of a test are nobody's: they go with its folder, and files that run at once have one each.
  const env = {
    ...process.env,
    JANET_CONVERSATION_DATA_DIR: mkdtempSync(join(tmpdir(), 'janet-data-')),
    JANET_LLM_SERVER: 'off',
    // Whatever lies in this machine's store: the models that the tests were written for.
    JANET_PROFILE: 'cpu',
    // However slow this machine is: nobody is turned away.
    JANET_ENGINE_BUSY_AT: '1',
  };
  janet = spawn(binary, ['serve', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'], env });
  return new Promise((resolve, reject) => {
    let said = '';
    janet.on('error', reject);
    janet.on('exit', (code) => reject(new Error(`janet serve ended with ${code} before it listened: ${said}`)));
    janet.stdout.on('data', (text) => {
      said += text;
      const address = /http:\/\/\S+\//.exec(said);
      if (address !== null) resolve(address[0]);
    });
  });
}

/** Starts Janet before the tests of the file that calls this, and ends her behind them. */
export function withJanet() {
  before(async () => {
    if (url !== undefined) return;
    assert.ok(process.env.JANET, 'JANET must name the binary (./test does), or JANET_URL a running Janet');
    url = await serve(process.env.JANET);
  });

  after(async () => {
    if (janet === null) return;
    const ended = new Promise((resolve) => janet.once('exit', resolve));
    janet.kill('SIGTERM');
    await ended;
  });
}

/** Runs one script at this Janet to its end. */
export function script(t, name, ...args) {
  return run(t, name, '--url', url, ...args);
}

/** Runs one script to its end; its lines become diagnostics. */
export async function run(t, name, ...args) {
  const child = spawn(process.execPath, [join(here, `${name}.mjs`), '--out', out, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: SCRIPT_MS,
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
  const code = await new Promise((resolve) => child.once('close', resolve));
  for (const line of said.trim().split('\n')) t.diagnostic(line);
  assert.equal(code, 0, `${name}:\n${said}`);
}
