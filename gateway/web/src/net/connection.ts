/** The WebSocket and its return after a loss. Knows frames and JSON, not what they mean. */
import type { ClientMessage, ServerMessage } from '../protocol/messages.js';
import { parseServerMessage, Unreadable } from '../protocol/parse.js';
import { backoffMs } from './backoff.js';

export interface ConnectionEvents {
  onConnecting(): void;
  onOpen(): void;
  /** Lost or never made; the next try is at this time (ms, `Date.now`), or null for no try. */
  onLost(why: Loss, retryAt: number | null): void;
  onMessage(message: ServerMessage): void;
  onBinary(frame: ArrayBuffer): void;
  /** A frame that could not be read; the connection stays. */
  onUnreadable(reason: string): void;
}

/** Why there is no connection: cut, no place free, the conversation went on in another window, or this device's key is not known. */
export type Loss = 'cut' | 'full' | 'elsewhere' | 'not_paired';

/** What a close frame's code and reason say (RFC 6455 §7.4.1: 1013 is "try again later"). */
export function lossOf(code: number, reason: string): Loss {
  if (code === 1013) return 'full';
  if (code === 1008 && reason.startsWith('not paired')) return 'not_paired';
  return code === 1008 && reason.startsWith('superseded') ? 'elsewhere' : 'cut';
}

/** With no place free there is no hurry. */
const FULL_WAIT_MS = 5_000;
/** A connection is good when it has lasted this long: only then does the backoff begin anew. */
const SETTLED_MS = 5_000;
/** A server says hello at once; one that says nothing for so long after the connection was made is not there. */
const HELLO_WITHIN_MS = 10_000;
/** Most that may wait in the browser's send buffer before microphone frames are dropped: 2 s. */
const SEND_LIMIT_BYTES = 64_000;

export class Connection {
  private socket: WebSocket | null = null;
  private attempt = 0;
  private openedAt = 0;
  private timer: number | undefined;
  /** Microphone frames that were dropped because the network did not keep up. */
  droppedFrames = 0;

  constructor(
    private readonly url: () => string,
    /** The subprotocols to offer. */
    private readonly protocols: () => string[],
    private readonly events: ConnectionEvents,
  ) {}

  /** Connects now, in place of whatever was planned. */
  connect(): void {
    window.clearTimeout(this.timer);
    this.release();
    this.events.onConnecting();
    const socket = new WebSocket(this.url(), this.protocols());
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    socket.onopen = () => {
      this.openedAt = Date.now();
      this.timer = window.setTimeout(() => this.lost('cut'), HELLO_WITHIN_MS);
      this.events.onOpen();
    };
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      window.clearTimeout(this.timer);
      this.receive(event.data);
    };
    // `error` is always followed by `close`, which is where a loss is handled, once.
    socket.onclose = (event) => this.lost(lossOf(event.code, event.reason));
  }

  /** Gives up a connection that is dead although nobody says so, and makes another. */
  renew(): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.lost('cut');
  }

  /** False when there is no connection: nothing was sent. */
  send(message: ClientMessage): boolean {
    if (this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  /** A microphone frame: dropped rather than sent late. */
  sendBinary(frame: ArrayBuffer): void {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    if (this.socket.bufferedAmount > SEND_LIMIT_BYTES) this.droppedFrames += 1;
    else this.socket.send(frame);
  }

  private receive(data: string | ArrayBuffer): void {
    if (typeof data !== 'string') {
      this.events.onBinary(data);
      return;
    }
    const message = parseServerMessage(data);
    if (message instanceof Unreadable) this.events.onUnreadable(message.reason);
    else if (message !== null) this.events.onMessage(message);
  }

  private lost(why: Loss): void {
    window.clearTimeout(this.timer);
    if (this.openedAt > 0 && Date.now() - this.openedAt > SETTLED_MS) this.attempt = 0;
    this.openedAt = 0;
    this.release();
    // Both windows coming back would throw each other out for ever: the user decides.
    if (why === 'elsewhere') {
      this.events.onLost(why, null);
      return;
    }
    const wait = Math.max(backoffMs(this.attempt, Math.random()), why === 'full' ? FULL_WAIT_MS : 0);
    this.attempt += 1;
    this.timer = window.setTimeout(() => this.connect(), wait);
    this.events.onLost(why, Date.now() + wait);
  }

  private release(): void {
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
