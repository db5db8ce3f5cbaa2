/** What views about trust ask for, and what they are given to ask it with. */
import type { ClientMessage } from '../../protocol/messages.js';
import type { RequestPlace } from '../../protocol/requests.js';
import type { TrustEvent, TrustState, TrustView } from '../../state/trust.js';

type WithoutId<Message> = Message extends unknown ? Omit<Message, 'request_id'> : never;
/** A request without its id, which `ask` gives it. */
export type Request = WithoutId<ClientMessage>;

export interface Hand {
  /** Sends a request whose answer is told in this place; its id, or null where there is no connection. */
  ask(place: RequestPlace, request: Request): string | null;
  apply(event: TrustEvent): void;
  /** Goes to another view. */
  show(view: TrustView): void;
  /** Said once by the page's polite region. */
  say(text: string): void;
}

/** Whoever shows what came out of the vault. */
export interface SecretsView {
  /** A secret was handed out, to this request. */
  onValue(value: string, requestId: string | null): void;
  /** The file of all of them was made. */
  onExported(file: string): void;
  /** What was handed out is not shown any longer. */
  conceal(): void;
}

/** One thing to look at, in the dialog. */
export interface View {
  readonly title: string;
  readonly root: HTMLElement;
  readonly secrets?: SecretsView;
  /** It was opened, or the connection is back: asks for what it shows. */
  ask(): void;
  render(trust: TrustState): void;
  /** It goes: whatever it still shows or holds goes with it. */
  close(): void;
}
