/**
 * A server that speaks the page's part of the protocol, for working on the page without models.
 * Not shipped. Listens by loudness, answers with fixed words and a given or made-up voice.
 *
 *   node dev/mock.mjs [--port 8799] [--answer 24kHz.wav | --papa SECONDS] [--loading SECONDS] [--busy] [--guest]
 */
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomBytes } from 'node:crypto';
import { WebSocketServer } from 'ws';
import { papa } from './mock-face.mjs';
import { babble, pcmOfWav } from './mock-voice.mjs';
import { MockSession } from './mock-session.mjs';
import { freshWorld } from './mock-trust.mjs';

const argument = (name) => {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? undefined : process.argv[at + 1];
};
const flag = (name) => process.argv.includes(`--${name}`);

const dist = join(fileURLToPath(new URL('.', import.meta.url)), '..', 'dist');
const answerFile = argument('answer');
// The one voice that comes with what its mouth does.
const known = argument('papa') === undefined ? null : papa(Number(argument('papa')));
const options = {
  voice: known?.samples ?? (answerFile === undefined ? babble(6) : pcmOfWav(readFileSync(answerFile))),
  frames: known?.frames ?? [],
  readyAt: Date.now() + Number(argument('loading') ?? 0) * 1000,
  busy: flag('busy'),
  guest: flag('guest'),
  world: freshWorld(),
};

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.wav': 'audio/wav', '.png': 'image/png', '.webmanifest': 'application/manifest+json' };
const POLICY = "default-src 'self'; connect-src 'self' ws: wss:; media-src 'self' blob:; worker-src 'self' blob:; style-src 'self'";

const server = createServer(async (request, response) => {
  const path = normalize(new URL(request.url, 'http://mock').pathname);
  try {
    const file = await readFile(join(dist, path === '/' ? 'index.html' : path));
    response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? TYPES['.html'], 'content-security-policy': POLICY });
    response.end(file);
  } catch {
    response.writeHead(404).end();
  }
});

const conversations = new Map();
const seats = new Map();
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket, request) => {
  const asked = new URL(request.url, 'http://mock').searchParams.get('client_id');
  const id = asked ?? randomBytes(16).toString('hex');
  if (!conversations.has(id)) conversations.set(id, []);
  const before = seats.get(id);
  if (before !== undefined) before.close(1008, 'superseded: this client_id connected elsewhere');
  seats.set(id, socket);
  socket.on('close', () => {
    if (seats.get(id) === socket) seats.delete(id);
  });
  new MockSession(socket, id, conversations.get(id), options);
});

server.listen(Number(argument('port') ?? 8799), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/`);
});
process.on('SIGTERM', () => process.exit(0));
