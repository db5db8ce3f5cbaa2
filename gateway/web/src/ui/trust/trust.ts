/** Joins what is about trust: messages go into the state, but for those that nobody may keep, which go to whoever shows them. */
import type { ServerMessage } from '../../protocol/messages.js';
import { trustRequest, type RequestPlace } from '../../protocol/requests.js';
import { isAboutTrust, isSecret, type SecretMessage, type TrustMessage } from '../../protocol/trust.js';
import type { State } from '../../state/model.js';
import type { TrustEvent } from '../../state/trust.js';
import { isHeard } from '../../state/trusted.js';
import type { Hand, Request } from './asking.js';
import { ConsentDialog } from './consent.js';
import { RedThread } from './red-thread.js';
import { TrustDialog } from './trust-dialog.js';

export interface TrustEvents {
  send(message: Request & { request_id: string }): boolean;
  apply(event: TrustEvent): void;
  state(): State;
  /** Plays a question unless a stream carries her voice; what it gives silences it. */
  playQuestion(file: string): Promise<(() => void) | null>;
  say(text: string): void;
  onFault(title: string, todo: string): void;
  /** Everything is stopped, or is to be: nothing is heard or said here any more. */
  onStop(): void;
}

const NOT_CONNECTED = 'There is no connection to Janet now. Try again in a moment.';

export class Trust {
  private requests = 0;
  /** Questions that are heard. */
  private sounding: Array<{ consentId: string; silence: () => void }> = [];
  private readonly hand: Hand = {
    ask: (place, request) => this.ask(place, request),
    apply: (event) => this.events.apply(event),
    show: (view) => void this.dialog.open(view),
    say: (text) => this.events.say(text),
  };
  private readonly dialog = new TrustDialog(this.hand, () => this.events.onFault('This could not be loaded.', 'Try again when the connection to Janet is back.'));
  private readonly consent = new ConsentDialog(this.hand);
  private readonly redThread = new RedThread(this.hand, () => this.pull());

  constructor(private readonly events: TrustEvents) {}

  /** Whether a message was about trust; then it is done with. */
  takes(message: ServerMessage): message is TrustMessage {
    if (!isAboutTrust(message)) return false;
    const now = Date.now();
    if (isSecret(message)) {
      this.onSecret(message, now);
      return true;
    }
    this.events.apply({ type: 'trust', message, now });
    if (message.type === 'red_thread_state' && message.active) this.events.onStop();
    if (message.type === 'consent_request_audio') void this.speak(message.consentId, message.audio);
    return true;
  }

  /** A connection is there, and its server has said what it can. */
  onConnected(): void {
    // Pulled while there was none, or lost with the last one: the first thing that this one hears.
    if (this.events.state().trust.pulling) this.ask('red_thread', { type: 'red_thread' });
  }

  render(state: State): void {
    this.dialog.render(state);
    this.consent.render(state.role === 'operator' ? state.trust.questions : [], state.trust.told.consent, (question) => isHeard(state, question));
    this.redThread.render(state);
    this.silenceWhatIsOver();
  }

  private onSecret(message: SecretMessage, now: number): void {
    switch (message.type) {
      case 'red_thread_token':
        this.redThread.onToken(message.token, message.expiresAt, now);
        break;
      case 'vault_value':
        this.events.apply({ type: 'trust', message: message.result, now });
        this.dialog.secrets?.onValue(message.value, message.result.requestId);
        break;
      case 'vault_exported':
        this.dialog.secrets?.onExported(message.file);
        this.events.apply({ type: 'trust_told', place: 'vault', ok: true, text: 'The file is written; the browser has it among its downloads.' });
        break;
    }
  }

  private pull(): void {
    this.events.apply({ type: 'red_pulled' });
    this.ask('red_thread', { type: 'red_thread' });
    this.events.onStop();
  }

  private ask(place: RequestPlace, request: Request): string | null {
    this.requests += 1;
    const requestId = trustRequest(place, this.requests);
    if (this.events.send({ ...request, request_id: requestId })) return requestId;
    this.events.apply({ type: 'trust_told', place, ok: false, text: NOT_CONNECTED });
    return null;
  }

  /** A question that is over is not asked on. */
  private async speak(consentId: string, file: string): Promise<void> {
    if (!this.waits(consentId)) return;
    const silence = await this.events.playQuestion(file);
    if (silence === null) return;
    if (this.waits(consentId)) this.sounding.push({ consentId, silence });
    else silence();
  }

  private silenceWhatIsOver(): void {
    for (const { consentId, silence } of this.sounding) if (!this.waits(consentId)) silence();
    this.sounding = this.sounding.filter(({ consentId }) => this.waits(consentId));
  }

  private waits(consentId: string): boolean {
    return this.events.state().trust.questions.some((one) => one.consentId === consentId);
  }
}
