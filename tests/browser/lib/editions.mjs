/** A server of the page that comes out in new editions: passes everything on, and changes what a new build would. */
import { createServer } from 'node:http';

const KEPT_HEADERS = ['content-type', 'content-security-policy', 'cache-control'];

/** Gives its address, a way to the next edition, and its end. */
export async function editionsOf(url) {
  let edition = 1;
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, url).pathname;
    const original = await fetch(new URL(path, url));
    let body = Buffer.from(await original.arrayBuffer());
    if (path === '/' || path === '/index.html') body = body.toString().replace('<html ', `<html data-edition="${edition}" `);
    // A build puts a hash of the page into it.
    if (path === '/service-worker.js') body = body.toString().replace(/[0-9a-f]{16}/, (hash) => `${hash.slice(0, 15)}${edition}`);
    for (const name of KEPT_HEADERS) if (original.headers.has(name)) response.setHeader(name, original.headers.get(name));
    response.writeHead(original.status).end(body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    next: () => (edition += 1),
    close: () => server.close(),
  };
}
