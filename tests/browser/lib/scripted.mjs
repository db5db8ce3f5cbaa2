/** Who answers what a script wants: Janet with a language server that says one text, and the page's mock. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MOCK = fileURLToPath(new URL('../../../gateway/web/dev/mock.mjs', import.meta.url));
/** How long a program may take until it listens, in ms. */
const BEGINS_MS = 60_000;

/** Runs a program until `close`; `url` is the address that it prints. */
export async function running(program, args, env = {}) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const ended = new Promise((done) => child.once('close', done));
  const close = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  let said = '';
  const listens = new Promise((done, fail) => {
    child.on('error', fail);
    void ended.then((code) => fail(new Error(`${program} ended with ${code} before it listened: ${said}`)));
    setTimeout(() => fail(new Error(`${program} does not listen: ${said}`)), BEGINS_MS).unref();
    child.stdout.on('data', (text) => {
      said += text;
      const address = /http:\/\/\S+\//.exec(said);
      if (address !== null) done(address[0]);
    });
  });
  try {
    return { url: await listens, close };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** The page's mock, whose voice is known ("pa pa pa", `seconds` long). */
export function mock(seconds) {
  return running(process.execPath, [MOCK, '--port', '0', '--papa', `${seconds}`]);
}

/** Janet, who answers `text` whatever she is asked, in the same voice each time that she was started. `folder` keeps her conversations. */
export async function janetSays(binary, folder, text) {
  const model = await languageServer(text);
  const env = {
    JANET_CONVERSATION_DATA_DIR: join(folder, 'scripted-data'),
    JANET_LLM_SERVER: 'openai',
    JANET_LLM_URL: model.url,
    // Beside a Janet that has that port already.
    JANET_SERVER_QUIC: 'false',
    JANET_PROFILE: 'cpu',
    JANET_ENGINE_BUSY_AT: '1',
    JANET_ENGINE_SEED: '7',
  };
  try {
    const janet = await running(binary, ['serve', '--port', '0'], env);
    return { url: janet.url, close: () => janet.close().finally(model.close) };
  } catch (error) {
    model.close();
    throw error;
  }
}

/** Speaks OpenAI's chat completions, as far as she asks. */
async function languageServer(text) {
  const server = createServer((request, response) => {
    request.resume();
    if (!request.url.endsWith('/chat/completions')) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ object: 'list', data: [{ id: 'scripted', object: 'model' }] }));
      return;
    }
    const piece = (delta, reason) => `data: ${JSON.stringify({ id: 'scripted', object: 'chat.completion.chunk', model: 'scripted', choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`${text.split(/(?<= )/).map((word) => piece({ content: word }, null)).join('')}${piece({}, 'stop')}data: [DONE]\n\n`);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
