/** A hand on the page's WebSocket: cuts it, notes what the page says, and changes what the real server says. */

export class Wire {
  #open = null;
  #rewrite = (message) => message;
  #reword = (message) => message;
  /** Whether connections are let through. */
  up = true;
  /** Connections that were let through. */
  made = 0;
  /** Whether nothing passes any more, although the connections stand. */
  dead = false;
  /** Whether the server is told when the page's end is cut: a network tells nobody. */
  goodbye = true;
  /** What the page has said on its latest connection, frames of sound left out. */
  said = [];

  /** Give this to `openPage` as `before`. */
  install = (page) =>
    page.routeWebSocket('**/ws*', (socket) => {
      if (!this.up) {
        socket.close();
        return;
      }
      this.made += 1;
      this.#open = socket;
      this.said = [];
      const server = socket.connectToServer();
      socket.onClose((code, reason) => {
        if (this.goodbye) server.close({ code, reason });
      });
      socket.onMessage((data) => {
        if (this.dead) return;
        if (typeof data !== 'string') {
          server.send(data);
          return;
        }
        this.said.push(JSON.parse(data));
        const message = this.#reword(JSON.parse(data));
        if (message !== null) server.send(JSON.stringify(message));
      });
      server.onMessage((data) => {
        if (this.dead) return;
        if (typeof data !== 'string') {
          socket.send(data);
          return;
        }
        const message = this.#rewrite(JSON.parse(data));
        if (message !== null) socket.send(JSON.stringify(message));
      });
    });

  /** From now on the server's messages pass through this; null: they do not arrive. */
  rewrite(change) {
    this.#rewrite = change;
  }

  /** From now on the page's messages pass through this on their way to the server; null: they do not arrive. */
  reword(change) {
    this.#reword = change;
  }

  /** Says this to the page as if the server had. */
  tell(message) {
    this.#open?.send(JSON.stringify(message));
  }

  /** Ends the connection; with `up` false none comes back. */
  async cut(code = 1001) {
    await this.#open?.close({ code });
  }
}
