/**
 * The page in a real browser against a real Janet. `./test` names the binary in JANET; JANET_URL
 * names a Janet that already runs, in its place.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const out = process.env.JANET_SHOTS ?? mkdtempSync(join(tmpdir(), 'janet-browser-'));
const question = join(here, '../../gateway/web/public/sample-question.wav');
const clip = (name) => join(here, 'clips', `${name}.wav`);
const SCRIPT_MS = 240_000;

let janet = null;
let url = process.env.JANET_URL;

/** Starts the binary on a free port and gives its address. */
async function serve(binary) {
  // Conversations of a test are nobody's: they go with its folder.
  const env = {
    ...process.env,
    JANET_CONVERSATION_DATA_DIR: join(out, 'data'),
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

/** Runs one script at this Janet to its end. */
function script(t, name, ...args) {
  return run(t, name, '--url', url, ...args);
}

/** Runs one script to its end; its lines become diagnostics. */
async function run(t, name, ...args) {
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

test('a spoken question gets a spoken answer in the page', (t) =>
  script(t, 'voice', '--wav', question, '--text', 'What is the capital of France?'));

test('speaking over her holds her, stops her, and is answered', (t) =>
  script(t, 'barge', '--wav', question, '--over', clip('interruption')));

test('a "mm-hm" does not stop her', (t) => script(t, 'backchannel', '--wav', question, '--over', clip('mm-hm')));

test('a "yeah" does not stop her', (t) => script(t, 'backchannel', '--wav', question, '--over', clip('yeah')));

test('a question is answered over WebRTC, and speaking over her stops her there, too', (t) =>
  script(t, 'call', '--wav', question, '--over', clip('interruption'), '--text', 'What is the capital of France?'));

test('Janet is called, held and hung up; she rings, and is answered and declined', (t) =>
  script(t, 'phone', '--wav', question, '--text', 'What is the capital of France?'));

test('a call goes on over another network, and where there is none the conversation does', (t) => script(t, 'call-network', '--wav', question));

test('where no call comes about, and where a connection is lost, the conversation goes on', (t) => script(t, 'call-lost', '--wav', question));

test('microphone and speaker are chosen, and lost ones replaced', (t) => script(t, 'devices', '--wav', question));

test('axe finds nothing, a phone shows everything, trouble says what to do next', (t) => script(t, 'a11y'));

test('the keyboard alone does, and so does a finger', (t) => script(t, 'keyboard', '--wav', question));

test('typed chat answers, explains errors, resumes and works with no microphone', (t) => script(t, 'text'));

test('everything is stopped by one press, and questions are answered by nothing but an answer', (t) => script(t, 'trust-stop'));

test('memory, secrets, the log and what else is about trust are looked at and changed', (t) => script(t, 'trust-views'));

test('her face moves with her voice, and the page does without where it cannot be drawn', (t) => script(t, 'face', '--wav', question));

// A Janet of its own, who says what is known. What the figures are on a quiet machine says ./bench face.
test('her mouth is with her voice, over the WebSocket and over WebRTC', { skip: !process.env.JANET && 'JANET names no binary' }, (t) =>
  run(t, 'face-skew', '--of', 'worklet,webrtc', '--limits', 'loose', '--janet', process.env.JANET));

test('an avatar is put on, refused with a reason, kept and taken off', (t) => script(t, 'avatar'));

test('she is visited by headset, looks at it, and is left', (t) => script(t, 'xr'));

test('the page can be installed, and keeps nothing but itself', (t) => script(t, 'shell'));
