/** Somebody else's connection to the same Janet, from this machine: may have her ring a page. */

export class Operator {
  #page;

  constructor(page) {
    this.#page = page;
  }

  /** In a tab of its own, which shows nothing of the page's. */
  static async connect(context, url) {
    const page = await context.newPage();
    await page.goto(new URL('favicon.svg', url).href);
    await page.evaluate(() => {
      const address = new URL('ws', location.href);
      address.protocol = address.protocol.replace('http', 'ws');
      const socket = new WebSocket(address);
      window.__errors = [];
      window.__socket = socket;
      socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        if (message.type.endsWith('error')) window.__errors.push(`${message.code}: ${message.message}`);
      };
      return new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = reject;
      });
    });
    return new Operator(page);
  }

  /** Has Janet ring the client of this conversation. */
  ring(clientId, caller = null) {
    return this.#page.evaluate((message) => window.__socket.send(JSON.stringify(message)), { type: 'voip_ring', client_id: clientId, caller });
  }

  /** What was refused. */
  errors() {
    return this.#page.evaluate(() => window.__errors);
  }
}
