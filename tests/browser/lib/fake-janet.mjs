/** The page's server, played by the mock: its page comes from a real one, its socket ends here. */
import { MockSession } from '../../../gateway/web/dev/mock-session.mjs';
import { freshWorld } from '../../../gateway/web/dev/mock-trust.mjs';

export class FakeJanet {
  #sockets = [];
  /** What the page has said, all connections together, frames of sound left out. */
  said = [];
  /** Whether connections are let through. */
  up = true;
  /** What is told to the page on the latest connection is changed by this; null: it does not arrive. */
  rewrite = (message) => message;

  /** `guest`: whom it takes the page for. `memories`: how many there are. */
  constructor({ guest = false, memories = 3 } = {}) {
    this.world = freshWorld(memories);
    this.options = { voice: new Int16Array(0), frames: [], readyAt: 0, busy: false, guest, world: this.world };
  }

  /** Give this to `openPage` as `before`. */
  install = (page) => page.routeWebSocket('**/ws*', (socket) => this.#connect(socket));

  /** The latest connection's trust, to ask something by itself. */
  get trust() {
    return this.#sockets.at(-1)?.session.trust;
  }

  /** Says this to the page. */
  tell(message) {
    this.#sockets.at(-1)?.socket.send(JSON.stringify(message));
  }

  /** How often the page has said something of this type. */
  count(type) {
    return this.said.filter((message) => message.type === type).length;
  }

  async cut() {
    const last = this.#sockets.at(-1);
    last?.end();
    await last?.socket.close({ code: 1001 });
  }

  #connect(socket) {
    if (!this.up) {
      socket.close();
      return;
    }
    const listeners = { message: [], close: [] };
    const end = () => {
      face.readyState = 3;
      for (const listener of listeners.close.splice(0)) listener();
    };
    const face = {
      readyState: 1,
      send: (data) => {
        const message = typeof data === 'string' ? this.rewrite(JSON.parse(data)) : data;
        if (message !== null) socket.send(typeof data === 'string' ? JSON.stringify(message) : message);
      },
      on: (event, listener) => listeners[event].push(listener),
      close: () => socket.close(),
    };
    const session = new MockSession(face, 'fake', [], this.options);
    this.#sockets.push({ socket, session, end });
    socket.onClose(end);
    socket.onMessage((data) => {
      if (typeof data === 'string') this.said.push(JSON.parse(data));
      for (const listener of listeners.message) listener(Buffer.from(data), typeof data !== 'string');
    });
  }
}
