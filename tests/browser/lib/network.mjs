/**
 * A network between the page and the server's UDP port, which the test can take away: the page knows Janet by
 * the address of a relay alone, and she knows the page by it. Each description that the server answers with
 * names the relay that holds then; a new one is a new network, from another address.
 */
import { createSocket } from 'node:dgram';

export class Network {
  #relays = [];
  /** Of so many packets one is lost, each way; 0: none is. */
  loses = 0;
  #passed = { up: 0, down: 0 };

  /** `wire` is the page's WebSocket; calls of both kinds are led over this. */
  constructor(wire) {
    const bare = (sdp) => sdp.replace(/^a=candidate:.*\r?\n/gm, '');
    wire.reword((message) => {
      if (message.type === 'vr_ice' || message.type === 'voip_ice') return null;
      return typeof message.sdp === 'string' ? { ...message, sdp: bare(message.sdp) } : message;
    });
    wire.rewrite((message) => (typeof message.sdp === 'string' ? { ...message, sdp: this.#relayed(message.sdp) } : message));
  }

  /** The next description names a relay of its own, and the one until now carries nothing any more. */
  async change() {
    this.cut();
    await this.open();
  }

  /** A relay to `host`, whose port the server's description says. */
  async open() {
    const relay = { near: createSocket('udp4'), far: createSocket('udp4'), page: null, server: null, up: true, carried: 0 };
    relay.near.on('message', (data, from) => {
      relay.page = from;
      if (relay.up && relay.server !== null && !this.#isLost('up')) relay.far.send(data, relay.server.port, relay.server.address);
    });
    relay.far.on('message', (data) => {
      if (!relay.up || relay.page === null || this.#isLost('down')) return;
      relay.carried += 1;
      relay.near.send(data, relay.page.port, relay.page.address);
    });
    await Promise.all([relay.near, relay.far].map((socket) => new Promise((bound) => socket.bind(0, '127.0.0.1', bound))));
    this.#relays.push(relay);
  }

  /** What the network carries now is lost, both ways, and nobody says so. */
  cut() {
    for (const relay of this.#relays) relay.up = false;
  }

  /** Packets that reached the page over the latest relay. */
  get carried() {
    return this.#relays.at(-1)?.carried ?? 0;
  }

  #isLost(way) {
    this.#passed[way] += 1;
    return this.loses > 0 && this.#passed[way] % this.loses === 0;
  }

  close() {
    for (const { near, far } of this.#relays) for (const socket of [near, far]) socket.close();
    this.#relays = [];
  }

  #relayed(sdp) {
    const relay = this.#relays.at(-1);
    const candidates = [...sdp.matchAll(/^a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host.*$/gim)];
    const found = candidates.find(([, address]) => /^\d+\.\d+\.\d+\.\d+$/.test(address));
    if (relay === undefined || found === undefined) return sdp;
    relay.server = { address: found[1], port: Number(found[2]) };
    const { port } = relay.near.address();
    let first = true;
    return sdp.replace(/^a=candidate:.*\r?\n/gm, (line) => {
      if (!first) return '';
      first = false;
      return line.replace(/^(a=candidate:\S+ 1 udp \d+) \S+ \d+ typ.*(\r?\n)$/i, `$1 127.0.0.1 ${port} typ host$2`);
    });
  }
}
